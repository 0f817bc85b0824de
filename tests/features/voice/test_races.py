"""What happens to a voice session while it opens: nobody is in who may not be, and no bug is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.showing import share, stopped

from voicechat.errors import Unavailable
from voicechat.features.voice import queries, watch
from voicechat.features.voice.rules import Occupant
from voicechat.house import House
from voicechat.media import Media
from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import VoiceDisconnected, VoiceJoin, VoiceOffer, VoiceRoomState, VoiceStateEvent
from voicechat.protocol.voice_routes import (
    VoicePriority,
    VoicePriorityChanged,
    VoiceWhisper,
    VoiceWhispering,
    VoiceWhisperStarted,
    VoiceWhisperStopped,
)


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
        assert (await bob.gateway.expect(Error)).code == "NOT_IN_CHANNEL"


async def test_a_database_that_is_away_ends_no_conversation(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await bob.join(village.voice_id)
    monkeypatch.setattr(watch, "ASK_AGAIN_S", 0.01)
    answers = [queries.find_places]

    async def away_at_first(*args: Any) -> Any:
        if len(answers) < 3:
            answers.append(queries.find_places)
            raise Unavailable("the database is away")
        return await answers[0](*args)

    monkeypatch.setattr(queries, "find_places", away_at_first)
    path = f"/api/channels/{village.voice_id}/overrides/{village.everyone_id}"
    response = await owner.http.put(path, json={"deny": int(Permission.VOICE_SPEAK)})
    assert response.is_success, response.text
    with trio.fail_after(5):
        await bob.gateway.expect(VoiceStateEvent, lambda event: event.suppressed)


async def test_the_last_place_is_given_once_even_to_one_who_moves_into_it(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    await village.person("owner")
    bob, eve = await village.person("bob"), await village.person("eve")
    other, small = await village.channel(), await village.channel(user_limit=1)
    await bob.join(other)
    codes: list[str] = []

    async def eve_tries() -> None:
        codes.append(await eve.refused(VoiceJoin(channel_id=small)))

    monkeypatch.setattr(Media, "leave", _after(Media.leave, eve_tries))
    await bob.gateway.send(VoiceJoin(channel_id=small))
    await bob.gateway.expect(VoiceOffer, lambda offer: offer.channel_id == small)
    assert codes == ["CHANNEL_FULL"]


@pytest.mark.parametrize("where", [(queries, "find_place"), (Media, "leave"), (Media, "join")])
async def test_who_is_moved_while_their_gateway_session_ends_leaves_no_ghost(
    village: Village, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    other = await village.channel()
    await bob.join(village.voice_id)
    holder, name = where
    last_seen_in = village.voice_id if name == "find_place" else other

    async def log_out() -> None:
        (await bob.http.post("/auth/logout")).raise_for_status()
        await owner.gateway.expect(VoiceStateEvent, lambda event: event.left_channel_id == last_seen_in)

    monkeypatch.setattr(holder, name, _after(getattr(holder, name), log_out))
    path = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    await owner.ask("PATCH", path, {"channel_id": other})
    await bob.gateway.close_code()
    await owner.join(other)  # comes after all that happens to bob there
    room = await owner.gateway.expect(VoiceRoomState)
    assert [person.user_id for person in room.participants] == [owner.user_id]
    _, ready = await village.open_socket(owner.token)
    assert [state.user_id for state in ready.guilds[0].voice_states] == [owner.user_id]


async def test_a_whole_room_is_asked_about_at_once(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [await village.person(name) for name in ("owner", "bob", "eve")]
    for person in people:
        await person.join(village.voice_id)
    asked: list[set[str]] = []
    find_places = queries.find_places

    async def noted(house: Any, channel_id: str, user_ids: Any) -> Any:
        asked.append(set(user_ids))
        return await find_places(house, channel_id, user_ids)

    monkeypatch.setattr(queries, "find_places", noted)
    await village.deny(village.voice_id, Permission.VOICE_SPEAK)
    for person in people[1:]:
        await people[0].gateway.expect(
            VoiceStateEvent,
            lambda event, person=person: event.suppressed and event.user_id == person.user_id,  # type: ignore[misc]
        )
    assert asked == [{person.user_id for person in people}]


async def test_a_permission_lost_while_it_is_looked_up_is_lost(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)

    async def deny() -> None:
        await village.deny(village.voice_id, Permission.SCREEN_SHARE)

    monkeypatch.setattr(queries, "find_place", _after(queries.find_place, deny))
    await share(bob)
    assert await stopped(owner, bob, within_s=1) == "forbidden"


async def test_a_priority_lost_while_it_is_looked_up_is_lost(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    override = f"/api/channels/{village.voice_id}/overrides/{bob.user_id}"
    bit = int(Permission.PRIORITY_SPEAKER)
    await owner.ask("PUT", override, {"allow": bit, "target_type": "member"})

    async def deny() -> None:
        await owner.ask("PUT", override, {"deny": bit, "target_type": "member"})

    monkeypatch.setattr(queries, "find_place", _after(queries.find_place, deny))
    await bob.gateway.send(VoicePriority(active=True))
    await owner.gateway.expect(VoicePriorityChanged, lambda event: event.active)
    await owner.gateway.expect(VoicePriorityChanged, lambda event: not event.active)


async def test_a_right_to_whisper_lost_while_it_is_looked_up_is_lost(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    asked_again, ask_again = trio.Event(), watch._recheck_reach

    async def noted(house: House, occupant: Occupant) -> None:
        await ask_again(house, occupant)
        if occupant.user.id == bob.user_id:
            asked_again.set()

    async def deny() -> None:
        await village.deny(village.voice_id, Permission.WHISPER)
        await asked_again.wait()

    monkeypatch.setattr(queries, "sights", _after(queries.sights, deny))
    monkeypatch.setattr(watch, "_recheck_reach", noted)
    await bob.gateway.send(VoiceWhisper(user_ids=[owner.user_id]))
    await owner.gateway.expect(VoiceWhisperStarted)
    await owner.gateway.expect(VoiceWhisperStopped)
    await bob.gateway.expect(VoiceWhispering, lambda event: not event.user_ids)


async def test_who_is_sent_out_while_the_engine_begins_a_whisper_is_not_said_to_whisper(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)

    async def kick() -> None:
        path = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
        await owner.ask("PATCH", path, {"channel_id": None})
        await owner.gateway.expect(VoiceStateEvent, lambda event: event.left_channel_id == village.voice_id)

    monkeypatch.setattr(Media, "settled", _after(Media.settled, kick))
    assert await bob.refused(VoiceWhisper(user_ids=[owner.user_id])) == "NOT_IN_CHANNEL"
    assert not [event for event in bob.gateway.kept if isinstance(event, VoiceWhispering)]
