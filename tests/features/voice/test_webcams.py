"""Webcams: who may, how many, in which quality, and who is told."""

from __future__ import annotations

import pytest
from tests.features.voice.asked import Asked
from tests.features.voice.conftest import Village
from tests.features.voice.showing import share, turn_camera_on

from voicechat.features.voice import webcams
from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.video import VoiceWebcamStart, VoiceWebcamStop, WebcamStarted, WebcamStopped
from voicechat.protocol.voice import VoiceLeave, VoiceRoomState, VoiceStateEvent


async def test_the_room_is_told_of_a_camera_and_everyone_in_sight_of_the_badge(
    village: Village, asked: Asked
) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    own = await turn_camera_on(bob, quality="high")
    assert (own.channel_id, own.username, own.quality) == (village.voice_id, "bob", "high")
    assert await owner.gateway.expect(WebcamStarted) == own
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.webcam_active)
    await turn_camera_on(bob, quality="low")
    assert (await owner.gateway.expect(WebcamStarted)).quality == "low"
    await bob.gateway.send(VoiceWebcamStart(channel_id=village.voice_id, quality="low"))  # nothing new
    await bob.gateway.send(VoiceWebcamStop(channel_id=village.voice_id))
    stopped = await owner.gateway.expect(WebcamStopped)
    assert (stopped.user_id, stopped.reason) == (bob.user_id, "user_stopped")
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.connected and not event.webcam_active)
    assert not [event for event in owner.gateway.kept if isinstance(event, WebcamStarted)]
    assert [asked.of(name) for name in ("publish", "limit", "unpublish")] == [
        [("webcam", 1_500_000)],
        [("webcam", 200_000)],
        [("webcam",)],
    ]


async def test_who_comes_later_sees_the_cameras_that_are_on(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await turn_camera_on(owner)
    await bob.join(village.voice_id)
    room = await bob.gateway.expect(VoiceRoomState)
    assert [(webcam.user_id, webcam.quality) for webcam in room.webcams] == [(owner.user_id, "medium")]
    assert {person.user_id: person.webcam_active for person in room.participants}[owner.user_id]
    await owner.gateway.send(VoiceLeave())
    assert (await bob.gateway.expect(WebcamStopped)).reason == "disconnected"


async def test_a_camera_that_is_off_is_turned_off_in_silence(village: Village) -> None:
    owner = await village.person("owner")
    assert await owner.refused(VoiceWebcamStop(channel_id=village.voice_id)) == "NOT_IN_CHANNEL"
    await owner.join(village.voice_id)
    await owner.gateway.send(VoiceWebcamStop(channel_id=village.voice_id))
    await turn_camera_on(owner)
    assert not [event for event in owner.gateway.kept if isinstance(event, Error | WebcamStopped)]


async def test_without_the_bit_no_camera_and_losing_it_ends_it_within_a_second(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await turn_camera_on(bob)
    await share(bob)
    await village.deny(village.voice_id, Permission.USE_VIDEO)
    stopped = await owner.gateway.expect(WebcamStopped, within_s=1)
    assert (stopped.user_id, stopped.reason) == (bob.user_id, "forbidden")
    assert await bob.refused(VoiceWebcamStart(channel_id=village.voice_id)) == "MISSING_PERMISSION"
    await share(bob, "another")  # screens are another permission


async def test_so_many_cameras_in_a_channel_and_no_more(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webcams, "IN_A_CHANNEL", 1)
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await turn_camera_on(owner)
    assert await bob.refused(VoiceWebcamStart(channel_id=village.voice_id)) == "WEBCAM_LIMIT"
    await turn_camera_on(owner, quality="low")  # one's own does not count
    await owner.gateway.send(VoiceWebcamStop(channel_id=village.voice_id))
    await turn_camera_on(bob)
