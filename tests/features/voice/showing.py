"""Showing screens and cameras in tests of whole servers."""

from __future__ import annotations

from typing import Any

from tests.features.voice.conftest import Talker

from voicechat.protocol.video import (
    ScreenShareStarted,
    ScreenShareStopped,
    VoiceScreenShareStart,
    VoiceScreenShareStop,
    VoiceWebcamStart,
    WebcamStarted,
)


async def share(person: Talker, stream_id: str = "s1", **fields: Any) -> ScreenShareStarted:
    """Share a screen in the village's voice channel; return what the sharer is told."""
    command = VoiceScreenShareStart(channel_id=person.village.voice_id, stream_id=stream_id, **fields)
    await person.gateway.send(command)
    return await started(person, person, stream_id)


async def started(viewer: Talker, person: Talker, stream_id: str = "s1") -> ScreenShareStarted:
    """Wait until the viewer is told that the person shares this screen."""
    return await viewer.gateway.expect(
        ScreenShareStarted, lambda event: (event.user_id, event.stream_id) == (person.user_id, stream_id)
    )


async def stopped(viewer: Talker, person: Talker, stream_id: str = "s1", *, within_s: float = 10.0) -> str:
    """Wait until the viewer is told that this screen is shared no more; return why."""
    event = await viewer.gateway.expect(
        ScreenShareStopped,
        lambda event: (event.user_id, event.stream_id) == (person.user_id, stream_id),
        within_s=within_s,
    )
    return event.reason


def stop(person: Talker, stream_id: str = "s1") -> VoiceScreenShareStop:
    """Make the command that ends a share in the village's voice channel."""
    return VoiceScreenShareStop(channel_id=person.village.voice_id, stream_id=stream_id)


async def turn_camera_on(person: Talker, **fields: Any) -> WebcamStarted:
    """Turn the camera on in the village's voice channel; return what the person is told."""
    await person.gateway.send(VoiceWebcamStart(channel_id=person.village.voice_id, **fields))
    return await person.gateway.expect(WebcamStarted, lambda event: event.user_id == person.user_id)
