"""Whoever joins listening and gets a microphone later is held to the rules of those who came with one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, UnsetType
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import is_heard, speak_until_heard, talking
from tests.support.rtc_client import ClientOptions, RtcClient

from voicechat.protocol import Permission
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceIceRestart,
    VoiceMute,
    VoiceSpeaking,
    VoiceStateEvent,
    VoiceStats,
    VoiceUnmute,
    VoiceUserMuted,
    VoiceUserStats,
)
from voicechat.protocol.voice_routes import VoicePushToTalk

LISTENS = ClientOptions(publishes=False)


async def _room(village: Village) -> tuple[tuple[Talker, Talker], tuple[RtcClient, RtcClient, RtcClient]]:
    """Let the owner and eve into a channel, and bob, who has no microphone yet."""
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, eve_rtc = await owner.join(village.voice_id), await eve.join(village.voice_id)
    return (bob, eve), (owner_rtc, await bob.join(village.voice_id, LISTENS), eve_rtc)


async def _answers_anew(person: Talker, microphone: str) -> None:
    """Ask for another offer, answer it like this, and wait until the answer is taken."""
    await person.gateway.send(VoiceIceRestart(channel_id=person.village.voice_id))
    offer = await person.renegotiates(microphone=microphone)
    again = VoiceAnswer(channel_id=offer.channel_id, sdp="v=0", revision=offer.revision)
    assert await person.refused(again) == "STALE_ANSWER"


async def _speaking(viewer: Talker, person: Talker, is_speaking: bool) -> None:
    await viewer.gateway.expect(
        VoiceSpeaking, lambda event: (event.user_id, event.speaking) == (person.user_id, is_speaking)
    )


async def test_a_microphone_that_begins_later_is_heard_and_seen_to_speak_until_it_ends(
    village: Village,
) -> None:
    (bob, eve), (owner_rtc, bob_rtc, eve_rtc) = await _room(village)
    await _answers_anew(bob, "sendonly")
    await speak_until_heard(bob_rtc, eve_rtc, b"now you hear me")
    async with talking(bob_rtc):
        await _speaking(eve, bob, True)
        await _answers_anew(bob, "recvonly")
        await _speaking(eve, bob, False)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"to nobody")
    await _answers_anew(bob, "sendonly")
    await speak_until_heard(bob_rtc, eve_rtc, b"here again")


async def test_a_late_microphone_waits_for_the_right_to_speak(village: Village) -> None:
    (bob, eve), (owner_rtc, bob_rtc, eve_rtc) = await _room(village)
    await village.deny(village.voice_id, Permission.VOICE_SPEAK)
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.suppressed and event.user_id == bob.user_id)
    await _answers_anew(bob, "sendonly")
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"suppressed")
    await village.deny(village.voice_id)
    await speak_until_heard(bob_rtc, eve_rtc, b"allowed")


async def test_a_late_microphone_needs_the_key_where_one_is_required(village: Village) -> None:
    (bob, _), (owner_rtc, bob_rtc, eve_rtc) = await _room(village)
    await village.deny(village.voice_id, Permission.USE_VOICE_ACTIVITY)
    await bob.gateway.expect(VoicePushToTalk, lambda event: event.required)
    await _answers_anew(bob, "sendonly")
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"without a key")
    await bob.gateway.send(VoiceUnmute(push_to_talk=True))
    await speak_until_heard(bob_rtc, eve_rtc, b"with the key")


@pytest.mark.parametrize("by_moderator", [True, False])
async def test_a_late_microphone_of_the_muted_stays_closed(village: Village, by_moderator: bool) -> None:
    (bob, eve), (owner_rtc, bob_rtc, eve_rtc) = await _room(village)

    async def mute(is_muted: bool) -> None:
        assert village.owner is not None
        path = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
        body: dict[str, Any] = {"muted": is_muted}
        if by_moderator:
            await village.owner.ask("PATCH", path, body)
        else:
            await bob.gateway.send(VoiceMute() if is_muted else VoiceUnmute())

    await mute(True)
    await eve.gateway.expect(VoiceUserMuted, lambda event: event.user_id == bob.user_id)
    await _answers_anew(bob, "sendonly")
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"muted")
    await mute(False)
    await speak_until_heard(bob_rtc, eve_rtc, b"unmuted")


async def test_the_way_up_is_told_from_the_first_packets_of_another_microphone(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicechat.features.voice.service.STATS_INTERVAL_S", 0)
    ada, bob = await village.person("ada"), await village.person("bob")
    ada_rtc, bob_rtc = await ada.join(village.voice_id), await bob.join(village.voice_id)

    async def uplink_loss() -> float | UnsetType:
        await ada.gateway.send(
            VoiceStats(
                channel_id=village.voice_id,
                session_id=ada.session_id,
                latency=23,
                packet_loss=0.5,
                jitter=2,
                quality=3,
                timestamp=1,
            )
        )
        return (await bob.gateway.expect(VoiceUserStats)).uplink_loss

    for _ in range(20):
        await ada_rtc.say(b"on the first")
    await speak_until_heard(ada_rtc, bob_rtc, b"still on the first")
    assert await uplink_loss() == 0
    ada_rtc.ssrc ^= 0x5555
    await _answers_anew(ada, "sendonly")
    await ada_rtc.say(b"on the second")
    await bob_rtc.heard_payload(b"on the second")
    assert await uplink_loss() == 0
    await _answers_anew(ada, "recvonly")
    assert await uplink_loss() is UNSET
