"""What the media room tells its callers, through `Media.events`."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Who is heard in which media section of `peer_id`, all of its sections."""

    room_id: str
    peer_id: str
    slots: tuple[SlotState, ...]


@dataclass(frozen=True, slots=True)
class Speaking:
    """Somebody in the room started or stopped speaking, as the others can hear it."""

    room_id: str
    user_id: str
    speaking: bool


MediaEvent = PeerConnected | PeerLost | SlotsChanged | Speaking
