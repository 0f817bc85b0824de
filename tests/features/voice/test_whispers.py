"""Whispers: heard by whom they are for, in whatever channel, and by nobody else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import is_heard, speak_until_heard, talking

from voicechat.ids import new_id
from voicechat.protocol import Command, Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import VoiceLeave, VoiceSlots, VoiceSpeaking, VoiceStateEvent
from voicechat.protocol.voice_routes import (
    VoiceWhisper,
    VoiceWhispering,
    VoiceWhisperStarted,
    VoiceWhisperStop,
    VoiceWhisperStopped,
)


async def _whisper(person: Talker, command: VoiceWhisper | VoiceWhisperStop) -> VoiceWhispering:
    """Whisper, and return whom the server says it is for."""
    await person.gateway.send(command)
    return await person.gateway.expect(VoiceWhispering)


async def _started(person: Talker, whisperer: Talker) -> str:
    """Wait until somebody is whispered to; return the channel they are told."""
    event = await person.gateway.expect(VoiceWhisperStarted)
    assert event.user_id == whisperer.user_id
    return event.channel_id


async def _stopped(person: Talker, whisperer: Talker) -> None:
    assert (await person.gateway.expect(VoiceWhisperStopped)).user_id == whisperer.user_id


async def test_a_whisper_reaches_one_person_in_another_channel_and_nobody_else(village: Village) -> None:
    ada, mate, far, neighbour = [await village.person(name) for name in ("ada", "mate", "far", "neighbour")]
    raid = await village.channel()
    ada_rtc, mate_rtc = await ada.join(village.voice_id), await mate.join(village.voice_id)
    far_rtc, neighbour_rtc = await far.join(raid), await neighbour.join(raid)
    answer = await _whisper(ada, VoiceWhisper(user_ids=[far.user_id], ref="w"))
    assert (answer.user_ids, answer.target_channel_id, answer.ref) == ([far.user_id], None, "w")
    assert await _started(far, ada) == raid
    await speak_until_heard(ada_rtc, far_rtc, b"psst")
    slots = await far.gateway.expect(
        VoiceSlots, lambda event: any(slot.user_id == ada.user_id for slot in event.slots)
    )
    assert [slot.source for slot in slots.slots if slot.user_id == ada.user_id] == ["whisper"]
    assert not await is_heard(ada_rtc, neighbour_rtc, far_rtc, b"not for the neighbour")
    await _whisper(ada, VoiceWhisperStop())
    await _stopped(far, ada)
    await speak_until_heard(ada_rtc, mate_rtc, b"all of you")
    assert not any(b"psst" in packet.payload or b"not for" in packet.payload for packet in mate_rtc.rtp)
    await speak_until_heard(neighbour_rtc, far_rtc, b"after all of it")
    assert not any(packet.payload == b"all of you" for packet in far_rtc.rtp)


async def test_who_speaks_is_told_to_the_targets_alone(village: Village) -> None:
    ada, mate, far = [await village.person(name) for name in ("ada", "mate", "far")]
    raid = await village.channel()
    ada_rtc, _ = await ada.join(village.voice_id), await mate.join(village.voice_id)
    await far.join(raid)
    async with talking(ada_rtc):
        assert (await mate.gateway.expect(VoiceSpeaking)).speaking
        await _whisper(ada, VoiceWhisper(user_ids=[far.user_id]))
        assert not (await mate.gateway.expect(VoiceSpeaking)).speaking
        speaking = await far.gateway.expect(VoiceSpeaking)
        assert (speaking.channel_id, speaking.user_id, speaking.speaking) == (raid, ada.user_id, True)
        await _whisper(ada, VoiceWhisperStop())
        assert not (await far.gateway.expect(VoiceSpeaking)).speaking
        assert (await mate.gateway.expect(VoiceSpeaking)).speaking


async def test_a_whisper_to_a_channel_reaches_all_in_it_and_who_comes_later(village: Village) -> None:
    ada, far, late = [await village.person(name) for name in ("ada", "far", "late")]
    raid = await village.channel()
    ada_rtc, far_rtc = await ada.join(village.voice_id), await far.join(raid)
    answer = await _whisper(ada, VoiceWhisper(channel_id=raid))
    assert (answer.user_ids, answer.target_channel_id) == ([], raid)
    await _started(far, ada)
    await speak_until_heard(ada_rtc, far_rtc, b"raid, come in")
    late_rtc = await late.join(raid)
    await _started(late, ada)
    await speak_until_heard(ada_rtc, late_rtc, b"welcome")


async def test_a_whisper_ends_with_the_whisperer(village: Village) -> None:
    ada, far = await village.person("ada"), await village.person("far")
    await ada.join(village.voice_id)
    await far.join(village.voice_id)
    await _whisper(ada, VoiceWhisper(user_ids=[far.user_id]))
    await _started(far, ada)
    await ada.gateway.send(VoiceLeave())
    await _stopped(far, ada)


async def test_whispering_is_refused_outside_voice_without_the_bit_and_to_nobody(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    assert await bob.refused(VoiceWhisper(user_ids=[owner.user_id])) == "NOT_IN_CHANNEL"
    assert await bob.refused(VoiceWhisperStop()) == "NOT_IN_CHANNEL"
    await bob.join(village.voice_id)
    refusals: Sequence[tuple[Command, str]] = [
        (VoiceWhisper(), "INVALID"),
        (VoiceWhisper(user_ids=[owner.user_id]), "NOBODY_TO_HEAR"),  # not in voice
        (VoiceWhisper(user_ids=[bob.user_id, new_id()]), "NOBODY_TO_HEAR"),
        (VoiceWhisper(channel_id=new_id()), "NOT_FOUND"),
        (VoiceWhisper(channel_id=village.text_id), "NOT_A_VOICE_CHANNEL"),
        (VoiceWhisper(user_ids=[owner.user_id] * 21), "INVALID"),
    ]
    for command, code in refusals:
        assert await bob.refused(command) == code
    await owner.join(village.voice_id)
    for lost in (Permission.WHISPER, Permission.VOICE_SPEAK):
        await village.deny(village.voice_id, lost)
        await bob.gateway.send(VoiceWhisper(user_ids=[owner.user_id]))
        refusal = await bob.gateway.expect(Error)
        assert refusal.details == {"permission": lost.name}
    await village.deny(village.voice_id)
    assert (await _whisper(bob, VoiceWhisper(user_ids=[owner.user_id]))).user_ids == [owner.user_id]


async def test_nobody_is_reached_where_the_whisperer_may_not_look_or_in_another_guild(
    village: Village,
) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    hidden = await village.channel()
    await village.deny(hidden, Permission.VIEW_CHANNEL)
    await owner.join(hidden)
    await bob.join(village.voice_id)
    assert await bob.refused(VoiceWhisper(user_ids=[owner.user_id])) == "NOBODY_TO_HEAR"
    assert await bob.refused(VoiceWhisper(channel_id=hidden)) == "NOT_FOUND"
    own = await eve.ask("POST", "/api/guilds", {"name": "Elsewhere"}, status=201)
    channels = (await eve.ask("GET", f"/api/guilds/{own['id']}/channels"))["items"]
    [voice_id] = [channel["id"] for channel in channels if channel["channel_type"] == "voice"]
    await eve.join(voice_id)
    assert await eve.refused(VoiceWhisper(user_ids=[bob.user_id])) == "NOBODY_TO_HEAR"
    assert await eve.refused(VoiceWhisper(channel_id=village.voice_id)) == "NOT_FOUND"


@pytest.mark.parametrize("lost", ["whisper", "view"])
async def test_losing_the_bit_or_the_sight_of_the_target_ends_a_whisper(village: Village, lost: str) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    raid = await village.channel()
    owner_rtc = await owner.join(raid)
    bob_rtc, eve_rtc = await bob.join(village.voice_id), await eve.join(village.voice_id)
    await _whisper(bob, VoiceWhisper(user_ids=[owner.user_id], channel_id=raid))
    await speak_until_heard(bob_rtc, owner_rtc, b"psst")
    if lost == "whisper":
        await village.deny(village.voice_id, Permission.WHISPER)
    else:
        await village.deny(raid, Permission.VIEW_CHANNEL)
    ended = await bob.gateway.expect(VoiceWhispering)
    assert (ended.user_ids, ended.target_channel_id) == ([], None)
    await _stopped(owner, bob)
    await speak_until_heard(bob_rtc, eve_rtc, b"my room again")


async def test_who_changes_channels_is_not_whispered_to_any_more(village: Village) -> None:
    ada, far, mate = [await village.person(name) for name in ("ada", "far", "mate")]
    raid = await village.channel()
    ada_rtc, mate_rtc = await ada.join(village.voice_id), await mate.join(raid)
    await far.join(raid)
    await _whisper(ada, VoiceWhisper(user_ids=[far.user_id, mate.user_id]))
    await _started(far, ada)
    far_rtc = await far.join(village.voice_id)
    await mate.gateway.expect(VoiceStateEvent, lambda event: event.left_channel_id == raid)
    mate_in_voice = await (await village.person("marker")).join(village.voice_id)
    assert not await is_heard(ada_rtc, far_rtc, mate_in_voice, b"for the raid")
    await speak_until_heard(ada_rtc, mate_rtc, b"mate hears")
