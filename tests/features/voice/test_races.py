"""What happens to a voice session while it opens: nobody is in who may not be, and no bug is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from tests.features.voice.conftest import Talker, Village

from voicechat.features.voice import queries
from voicechat.media import Media
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import VoiceDisconnected, VoiceJoin


async def _kick(village: Village, person: Talker) -> None:
    assert village.owner is not None
    await village.owner.ask("DELETE", f"/api/guilds/{village.guild_id}/members/{person.user_id}", status=204)


def _after(call: Callable[..., Awaitable[Any]], then: Callable[[], Awaitable[None]]) -> Callable[..., Any]:
    """Have something else happen once after `call`, before its caller learns of the result."""
    waiting = [then]

    async def both(*args: Any, **kwargs: Any) -> Any:
        result = await call(*args, **kwargs)
        if waiting:
            await waiting.pop()()
        return result

    return both


async def test_who_is_kicked_while_their_place_is_looked_up_does_not_stay(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    await village.person("owner")
    bob = await village.person("bob")
    kicked = _after(queries.find_place, lambda: _kick(village, bob))
    monkeypatch.setattr(queries, "find_place", kicked)
    await bob.gateway.send(VoiceJoin(channel_id=village.voice_id))
    with trio.fail_after(5):
        assert (await bob.gateway.expect(VoiceDisconnected)).reason == "kicked"


async def test_who_is_kicked_while_the_engine_prepares_is_refused_and_no_bug(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    await village.person("owner")
    bob = await village.person("bob")
    monkeypatch.setattr(Media, "settled", _after(Media.settled, lambda: _kick(village, bob)))
    await bob.gateway.send(VoiceJoin(channel_id=village.voice_id))
    with trio.fail_after(5):
        assert (await bob.gateway.expect(Error)).code == "NOT_FOUND"
