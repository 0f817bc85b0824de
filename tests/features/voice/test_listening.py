"""Listening in to other channels: heard by the listener, seen by those inside, and bounded."""

from __future__ import annotations

from collections.abc import Sequence

from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import is_heard, speak_until_heard, talking

from voicechat.ids import new_id
from voicechat.protocol import Command, Permission
from voicechat.protocol.voice import VoiceLeave, VoiceRoomState, VoiceSpeaking
from voicechat.protocol.voice_routes import (
    VoiceListen,
    VoiceListeners,
    VoiceListening,
    VoiceListenStop,
    VoicePriority,
    VoicePriorityChanged,
)


async def _listen(person: Talker, command: VoiceListen | VoiceListenStop) -> list[str]:
    """Listen in or stop, and return where the server says one listens in now."""
    await person.gateway.send(command)
    return (await person.gateway.expect(VoiceListening)).channel_ids


async def _listeners(person: Talker) -> list[str]:
    """Return whom somebody in the room is told of next."""
    return [listener.user_id for listener in (await person.gateway.expect(VoiceListeners)).listeners]


async def test_who_listens_in_hears_both_channels_and_is_seen_and_not_heard(village: Village) -> None:
    ada, inside, late = [await village.person(name) for name in ("ada", "inside", "late")]
    raid = await village.channel()
    ada_rtc, inside_rtc = await ada.join(village.voice_id), await inside.join(raid)
    assert await _listen(ada, VoiceListen(channel_id=raid)) == [raid]
    assert await _listen(ada, VoiceListen(channel_id=raid)) == [raid]
    assert await _listeners(inside) == [ada.user_id]
    await speak_until_heard(inside_rtc, ada_rtc, b"in the raid")
    late_rtc = await late.join(raid)
    room = await late.gateway.expect(VoiceRoomState)
    assert [listener.username for listener in room.listeners] == ["ada"]
    assert not await is_heard(ada_rtc, inside_rtc, late_rtc, b"from outside")
    own_rtc = await (await village.person("own")).join(village.voice_id)
    await speak_until_heard(own_rtc, ada_rtc, b"in my own")
    assert await _listen(ada, VoiceListenStop(channel_id=raid)) == []
    assert await _listeners(inside) == []
    assert not await is_heard(inside_rtc, ada_rtc, own_rtc, b"unheard")


async def test_a_listener_learns_who_speaks_there_and_who_has_priority(village: Village) -> None:
    owner, ada = await village.person("owner"), await village.person("ada")
    raid = await village.channel()
    owner_rtc = await owner.join(raid)
    await ada.join(village.voice_id)
    await owner.gateway.send(VoicePriority(active=True))
    async with talking(owner_rtc):
        await owner.gateway.expect(VoiceSpeaking)
        await _listen(ada, VoiceListen(channel_id=raid))
        priority = await ada.gateway.expect(VoicePriorityChanged)
        speaking = await ada.gateway.expect(VoiceSpeaking)
    assert (priority.user_id, priority.active) == (owner.user_id, True)
    assert (speaking.channel_id, speaking.user_id, speaking.speaking) == (raid, owner.user_id, True)
    assert not (await ada.gateway.expect(VoiceSpeaking)).speaking


async def test_listening_in_is_refused_where_one_may_not_be_and_beyond_three(village: Village) -> None:
    _, bob = await village.person("owner"), await village.person("bob")
    channels = [await village.channel() for _ in range(4)]
    assert await bob.refused(VoiceListen(channel_id=channels[0])) == "NOT_IN_CHANNEL"
    await bob.join(village.voice_id)
    hidden, closed = await village.channel(), await village.channel()
    await village.deny(hidden, Permission.VIEW_CHANNEL)
    await village.deny(closed, Permission.VOICE_CONNECT)
    own = await bob.ask("POST", "/api/guilds", {"name": "Elsewhere"}, status=201)
    elsewhere = (await bob.ask("GET", f"/api/guilds/{own['id']}/channels"))["items"]
    [foreign] = [channel["id"] for channel in elsewhere if channel["channel_type"] == "voice"]
    refusals: Sequence[tuple[Command, str]] = [
        (VoiceListen(channel_id=village.voice_id), "ALREADY_IN_CHANNEL"),
        (VoiceListen(channel_id=village.text_id), "NOT_A_VOICE_CHANNEL"),
        (VoiceListen(channel_id=hidden), "NOT_FOUND"),
        (VoiceListen(channel_id=new_id()), "NOT_FOUND"),
        (VoiceListen(channel_id=foreign), "NOT_FOUND"),
        (VoiceListen(channel_id=closed), "MISSING_PERMISSION"),
    ]
    for command, code in refusals:
        assert await bob.refused(command) == code
    for number, channel_id in enumerate(channels[:3], start=1):
        assert await _listen(bob, VoiceListen(channel_id=channel_id)) == channels[:number]
    assert await bob.refused(VoiceListen(channel_id=channels[3])) == "LIMIT_EXCEEDED"


async def test_losing_connect_or_the_channel_ends_it_and_leaving_does(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    first, second, third = [await village.channel() for _ in range(3)]
    owner_rtc = await owner.join(first)
    bob_rtc = await bob.join(village.voice_id)
    for channel_id in (first, second, third):
        await _listen(bob, VoiceListen(channel_id=channel_id))
    await speak_until_heard(owner_rtc, bob_rtc, b"hello")
    assert await _listeners(owner) == [bob.user_id]
    await village.deny(first, Permission.VOICE_CONNECT)
    assert (await bob.gateway.expect(VoiceListening)).channel_ids == [second, third]
    assert await _listeners(owner) == []
    marker = await (await village.person("marker")).join(village.voice_id)
    assert not await is_heard(owner_rtc, bob_rtc, marker, b"not for bob")
    await owner.ask("DELETE", f"/api/channels/{second}", status=204)
    assert (await bob.gateway.expect(VoiceListening)).channel_ids == [third]
    await owner.join(third)
    await bob.gateway.send(VoiceLeave())
    assert await _listeners(owner) == []
