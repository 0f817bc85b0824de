"""What people in a voice channel hear and see of each other."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import is_heard, speak_until_heard, talking
from tests.support.rtc_client import ClientOptions, RtcClient

from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceDeafen,
    VoiceJoin,
    VoiceLeave,
    VoiceMute,
    VoiceRoomState,
    VoiceSlots,
    VoiceSpeaking,
    VoiceStateEvent,
    VoiceStats,
    VoiceUnmute,
    VoiceUserJoined,
    VoiceUserLeft,
    VoiceUserMuted,
    VoiceUserStats,
    VoiceUserUnmuted,
)


async def _pair(village: Village) -> tuple[Talker, Talker, RtcClient, RtcClient]:
    ada, bob = await village.person("ada"), await village.person("bob")
    return ada, bob, await ada.join(village.voice_id), await bob.join(village.voice_id)


async def test_two_people_hear_each_other_and_know_whom(village: Village) -> None:
    ada, bob, ada_rtc, bob_rtc = await _pair(village)
    await speak_until_heard(ada_rtc, bob_rtc, b"hello bob")
    await speak_until_heard(bob_rtc, ada_rtc, b"hello ada")
    slots = await bob.gateway.expect(VoiceSlots, lambda event: any(slot.user_id for slot in event.slots))
    [taken] = [slot for slot in slots.slots if slot.user_id is not None]
    assert taken.user_id == ada.user_id
    assert any(packet.payload == b"hello bob" for packet in bob_rtc.of_slot(taken.mid))


async def test_a_third_person_renegotiates_nobody(village: Village) -> None:
    _, _, ada_rtc, bob_rtc = await _pair(village)
    eve = await village.person("eve")
    eve_rtc = await eve.join(village.voice_id)
    for speaker, listeners in (
        (ada_rtc, (bob_rtc, eve_rtc)),
        (bob_rtc, (ada_rtc, eve_rtc)),
        (eve_rtc, (ada_rtc, bob_rtc)),
    ):
        for listener in listeners:
            await speak_until_heard(speaker, listener, b"from %d" % speaker.ssrc)


async def test_the_room_and_the_channels_viewers_see_who_comes_and_goes(village: Village) -> None:
    ada, bob, viewer = [await village.person(name) for name in ("ada", "bob", "viewer")]
    await ada.join(village.voice_id)
    await bob.join(village.voice_id)
    room = await bob.gateway.expect(VoiceRoomState)
    assert [person.user_id for person in room.participants] == [ada.user_id, bob.user_id]
    await ada.gateway.expect(VoiceUserJoined, lambda event: event.user_id == bob.user_id)
    for person in (ada, bob):
        await viewer.gateway.expect(
            VoiceStateEvent,
            lambda event, person=person: (event.user_id, event.connected) == (person.user_id, True),  # type: ignore[misc]
        )
    await bob.gateway.send(VoiceLeave(channel_id=village.voice_id))
    await ada.gateway.expect(VoiceUserLeft, lambda event: event.user_id == bob.user_id)
    left = await viewer.gateway.expect(VoiceStateEvent, lambda event: event.channel_id is None)
    assert (left.user_id, left.left_channel_id) == (bob.user_id, village.voice_id)


async def test_a_newcomers_snapshot_shows_who_is_in_voice(village: Village) -> None:
    ada = await village.person("ada")
    await ada.join(village.voice_id)
    late = await village.person("late")
    [snapshot] = late.ready.guilds
    assert [(state.user_id, state.channel_id) for state in snapshot.voice_states] == [
        (ada.user_id, village.voice_id)
    ]


async def test_mute_stops_the_voice_in_the_engine(village: Village) -> None:
    ada, bob, ada_rtc, bob_rtc = await _pair(village)
    eve_rtc = await (await village.person("eve")).join(village.voice_id)
    await speak_until_heard(ada_rtc, bob_rtc, b"before")
    await ada.gateway.send(VoiceMute(channel_id=village.voice_id))
    await bob.gateway.expect(VoiceUserMuted, lambda event: event.user_id == ada.user_id)
    assert not await is_heard(ada_rtc, bob_rtc, eve_rtc, b"whispered while muted")
    await ada.gateway.send(VoiceUnmute())
    await bob.gateway.expect(VoiceUserUnmuted, lambda event: event.user_id == ada.user_id)
    await speak_until_heard(ada_rtc, bob_rtc, b"back again")


async def test_whoever_is_deaf_hears_nothing_and_is_not_heard(village: Village) -> None:
    ada, bob, ada_rtc, bob_rtc = await _pair(village)
    eve_rtc = await (await village.person("eve")).join(village.voice_id)
    await ada.gateway.send(VoiceDeafen())
    await bob.gateway.expect(VoiceStateEvent, lambda event: event.deafened)
    assert not await is_heard(ada_rtc, bob_rtc, eve_rtc, b"from the deaf")
    await bob_rtc.say(b"to the deaf")
    await speak_until_heard(bob_rtc, eve_rtc, b"to the others")
    assert not any(packet.payload.startswith(b"to ") for packet in ada_rtc.rtp)


async def test_who_loses_voice_speak_while_talking_is_not_heard_any_more(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    await speak_until_heard(bob_rtc, eve_rtc, b"allowed")
    path = f"/api/guilds/{village.guild_id}/roles/{village.everyone_id}"
    bits = int(Permission.VIEW_CHANNEL | Permission.VOICE_CONNECT | Permission.USE_VOICE_ACTIVITY)
    await owner.ask("PATCH", path, {"permissions": bits})
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.user_id == bob.user_id and event.suppressed)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"forbidden")
    await owner.ask("PATCH", path, {"permissions": bits | Permission.VOICE_SPEAK})
    await speak_until_heard(bob_rtc, eve_rtc, b"allowed again")


async def test_speaking_is_told_to_the_room(village: Village) -> None:
    ada, bob, ada_rtc, _ = await _pair(village)
    async with talking(ada_rtc):
        started = await bob.gateway.expect(VoiceSpeaking)
        assert (started.user_id, started.speaking) == (ada.user_id, True)
    stopped = await bob.gateway.expect(VoiceSpeaking, lambda event: not event.speaking)
    assert stopped.user_id == ada.user_id


async def test_whoever_joins_is_told_who_speaks_already(village: Village) -> None:
    ada, _, ada_rtc, _ = await _pair(village)
    eve = await village.person("eve")
    async with talking(ada_rtc):
        await ada.gateway.expect(VoiceSpeaking)
        await eve.join(village.voice_id)
        speaking = await eve.gateway.expect(VoiceSpeaking)
        assert (speaking.user_id, speaking.speaking) == (ada.user_id, True)


async def test_a_listener_without_a_microphone_hears(village: Village) -> None:
    ada, listener = await village.person("ada"), await village.person("listener")
    ada_rtc = await ada.join(village.voice_id)
    deaf_mute = await listener.join(village.voice_id, ClientOptions(publishes=False))
    await speak_until_heard(ada_rtc, deaf_mute, b"hello listener")


async def test_quality_reports_reach_the_room(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicechat.features.voice.service.STATS_INTERVAL_S", 0)
    ada, bob, ada_rtc, bob_rtc = await _pair(village)
    report = VoiceStats(
        channel_id=village.voice_id,
        session_id=ada.session_id,
        latency=23,
        packet_loss=0.5,
        jitter=2,
        quality=3,
        timestamp=1,
    )

    async def reported() -> VoiceUserStats:
        await ada.gateway.send(report)
        return await bob.gateway.expect(VoiceUserStats)

    heard = await reported()
    assert (heard.user_id, heard.latency, heard.quality) == (ada.user_id, 23, 3)
    assert heard.uplink_loss is UNSET, "nothing is known of somebody who said nothing"
    await speak_until_heard(ada_rtc, bob_rtc, b"hello")
    assert (await reported()).uplink_loss == 0
    assert (await reported()).uplink_loss is UNSET, "nor of somebody who fell silent"


@pytest.mark.parametrize("sdp", ["v=0\r\n", "nonsense", "v=0\r\n" + "a=x\r\n" * 1000])
async def test_a_bad_answer_is_refused_and_a_good_one_still_counts(village: Village, sdp: str) -> None:
    ada = await village.person("ada")
    await ada.gateway.send(VoiceJoin(channel_id=village.voice_id))
    await ada.gateway.send(VoiceAnswer(channel_id=village.voice_id, sdp=sdp))
    refusal = await ada.gateway.expect(Error)
    assert (refusal.code, refusal.in_reply_to) == ("INVALID", "voice_answer")
    await ada.connect(village.voice_id)
