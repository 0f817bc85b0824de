"""What the media room tells its callers, through `Media.events`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from voicechat.rtc.layers import Layer, Withheld
from voicechat.rtc.peer import GoneReason
from voicechat.rtc.routes import SlotState


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """Keys are agreed: from now on the peer hears its room and is heard."""

    peer_id: str


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The peer ended without `Media.leave`; it is gone already."""

    peer_id: str
    reason: GoneReason


@dataclass(frozen=True, slots=True)
class SlotsChanged:
    """Who is heard or seen in which media section of `peer_id`, all sections the server sends on.

    The sources are `microphone`, `whisper`, and those of `rtc.sources`: `webcam`, `screen_video:{id}`,
    `screen_audio:{id}`.
    """

    room_id: str
    peer_id: str
    slots: tuple[SlotState, ...]


@dataclass(frozen=True, slots=True)
class Speaking:
    """Somebody in the room started or stopped speaking, as the others can hear it."""

    room_id: str
    user_id: str
    speaking: bool


@dataclass(frozen=True, slots=True)
class SendLine:
    """A media section of the client's offer on which it may send `source`."""

    mid: str
    source: str


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """A later offer for `peer_id`: sections were added, or changed their direction.

    `sends` names every section the client may send on just now, its microphone among them. One offer is
    out at a time: the next comes after `Media.answer`, and then holds all that changed meanwhile.
    `revision` counts the offers of a session, the one of `Media.join` being 1.
    """

    room_id: str
    peer_id: str
    revision: int
    sdp: str
    sends: tuple[SendLine, ...]


@dataclass(frozen=True, slots=True)
class LayerChanged:
    """What `peer_id` is now sent of a stream, from the keyframe on; None: nothing, for this `reason`."""

    room_id: str
    peer_id: str
    source_user_id: str
    source: str
    layer: Layer | None
    reason: Withheld | None = None


class StreamLostReason(enum.StrEnum):
    """Why a stream is given up."""

    NEVER_SENT = "never_sent"  # its publisher was let send, and did not in half a minute
    SILENT = "silent"  # it sent, and then nothing for a minute
    REFUSED = "refused"  # its publisher's answer does not send it, or the engine has no room for it


@dataclass(frozen=True, slots=True)
class StreamLost:
    """A published video does not come, or comes no more; it stays published until `Media.unpublish`."""

    room_id: str
    peer_id: str
    source: str
    reason: StreamLostReason


MediaEvent = PeerConnected | PeerLost | SlotsChanged | Speaking | OfferChanged | LayerChanged | StreamLost
