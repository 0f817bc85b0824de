"""What happens to a voice session while it opens: nobody is in who may not be, and no bug is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from tests.features.voice.conftest import Talker, Village

from voicechat.errors import Unavailable
from voicechat.features.voice import queries, watch
from voicechat.media import Media
from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import VoiceDisconnected, VoiceJoin, VoiceStateEvent


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


async def test_a_database_that_is_away_ends_no_conversation(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await bob.join(village.voice_id)
    monkeypatch.setattr(watch, "ASK_AGAIN_S", 0.01)
    answers = [queries.find_place]

    async def away_at_first(*args: Any) -> Any:
        if len(answers) < 3:
            answers.append(queries.find_place)
            raise Unavailable("the database is away")
        return await answers[0](*args)

    monkeypatch.setattr(queries, "find_place", away_at_first)
    path = f"/api/channels/{village.voice_id}/overrides/{village.everyone_id}"
    response = await owner.http.put(path, json={"deny": int(Permission.VOICE_SPEAK)})
    assert response.is_success, response.text
    with trio.fail_after(5):
        await bob.gateway.expect(VoiceStateEvent, lambda event: event.suppressed)
