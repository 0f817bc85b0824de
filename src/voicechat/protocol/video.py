"""Screen shares and webcams: who shows what, in which quality, and what each viewer wants of it.

    voice_screen_share_start → screen_share_started, and a voice_offer whose `sends` name its sections
The server offers again whenever sections are added, one offer at a time; `voice_slots` says who is seen
in which.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.base import END, LABEL, Answer, Command, Event, Id, Instant

_STREAM = "[A-Za-z0-9_-]{1,64}"

StreamId = Annotated[str, Meta(pattern=f"^{_STREAM}{END}")]
"""A UUID's text, or anything as short: chosen by the client, unique among its person's own shares."""

TrackSource = Annotated[str, Meta(pattern=f"^(webcam|screen_video:{_STREAM}|screen_audio:{_STREAM}){END}")]
"""What of somebody is meant: `webcam`, `screen_video:{stream_id}` or `screen_audio:{stream_id}`."""

SourceLabel = Annotated[str, Meta(max_length=255, pattern=LABEL)]
Quality = Literal["low", "medium", "high", "premium"]
ActiveLayer = Literal["high", "medium", "low"]
LayerReason = Literal["no_codec", "no_slot", "no_packets", "bandwidth"]
StreamEnd = Literal["user_stopped", "disconnected", "forbidden", "error"]


class VoiceScreenShareStart(Command):
    """Share a screen or a window (SCREEN_SHARE), three at most at a time.

    Quality is what you ask for; `screen_share_started` says what you get. Screens are at most
    low 854×480 at 15/s and 1 Mbit/s, medium 1280×720 at 30/s and 3, high 1920×1080 at 30/s and 5,
    premium 1920×1080 at 60/s and 8; what is sent beyond the bitrate is not passed on.
    """

    channel_id: Id
    stream_id: StreamId
    quality: Quality = "high"
    has_audio: bool = False
    source_label: SourceLabel = ""


class VoiceScreenShareStop(Command):
    """Share that screen no more."""

    channel_id: Id
    stream_id: StreamId


class VoiceScreenShareSetQuality(Command):
    """Share a screen in another quality, without an interruption."""

    channel_id: Id
    stream_id: StreamId
    quality: Quality


class VoiceWebcamStart(Command):
    """Turn your camera on (USE_VIDEO); while it is on, show it in another quality.

    Cameras are at most low 320×240 at 15/s and 0.2 Mbit/s, medium 640×480 at 30/s and 0.6,
    high 1280×720 at 30/s and 1.5, premium 1920×1080 at 30/s and 3.
    """

    channel_id: Id
    quality: Quality = "medium"


class VoiceWebcamStop(Command):
    """Turn your camera off."""

    channel_id: Id


class VoiceSetLayerPreference(Command):
    """Say how much you want of what somebody in your room shows: a ceiling, not a promise.

    `off` = do not send it to me. Until you say something you are sent all there are media sections for.
    The sound of a screen knows only `off` and the rest.
    """

    channel_id: Id
    target_user_id: Id
    track_source: TrackSource
    preferred_layer: Literal["auto", "high", "medium", "low", "off"]


class ScreenShare(Answer):
    """A screen that is shared in the room; `quality` is what was granted."""

    channel_id: Id
    user_id: Id
    stream_id: str
    username: str
    source_label: str
    has_audio: bool
    quality: Quality
    started_at: Instant


class Webcam(Answer):
    """A camera that is on in the room; `quality` is what was granted."""

    channel_id: Id
    user_id: Id
    username: str
    quality: Quality


class ScreenShareStarted(Event):
    """Somebody in your room, or you yourself, shares a screen; `quality` is what was granted."""

    channel_id: Id
    user_id: Id
    stream_id: str
    username: str
    source_label: str
    has_audio: bool
    quality: Quality
    started_at: Instant


class ScreenShareStopped(Event):
    """A screen is shared no more."""

    channel_id: Id
    user_id: Id
    stream_id: str
    reason: StreamEnd


class ScreenShareQualityChanged(Event):
    """A screen is shared in another quality."""

    channel_id: Id
    user_id: Id
    stream_id: str
    quality: Quality


class WebcamStarted(Event):
    """Somebody's camera in your room, or yours, is on; once more when its quality changes."""

    channel_id: Id
    user_id: Id
    username: str
    quality: Quality


class WebcamStopped(Event):
    """A camera is off."""

    channel_id: Id
    user_id: Id
    reason: StreamEnd


class VoiceLayerChanged(Event):
    """You are now sent this layer of what somebody shows; null: none of it at the moment, for this `reason`.

    `no_codec` it comes in one that your answer did not take, `no_slot` all your media sections show something
    else, `no_packets` its publisher sends nothing, `bandwidth` your network does not carry it. What you want
    `off` is not spoken of.
    """

    channel_id: Id
    source_user_id: Id
    track_source: str
    active_layer: ActiveLayer | None
    reason: LayerReason | UnsetType = UNSET
