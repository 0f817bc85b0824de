"""Webcams: one of each person, so many in a channel."""

from __future__ import annotations

from voicechat.errors import Conflict
from voicechat.features.voice import streams
from voicechat.features.voice.room import room_of
from voicechat.features.voice.rules import Occupant
from voicechat.features.voice.tiers import WEBCAM_BITS_PER_S, granted
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.protocol import Permission, fields
from voicechat.protocol.video import VoiceWebcamStart, VoiceWebcamStop, Webcam, WebcamStarted
from voicechat.rtc.sources import WEBCAM

IN_A_CHANNEL = 25


async def start(house: House, connection: Connection, command: VoiceWebcamStart) -> None:
    """Turn the caller's camera on (USE_VIDEO), or show it in another quality."""
    may = Permission.USE_VIDEO
    async with streams.beginning(house, connection, command.channel_id, may) as (occupant, _):
        was = occupant.webcam
        webcam = Webcam(
            channel_id=occupant.channel_id,
            user_id=occupant.user.id,
            username=occupant.user.username,
            quality=granted(command.quality, house.settings.media.max_quality),
        )
        if was == webcam:
            return
        if was is None:
            _require_place(house, occupant)
        bits_per_s = WEBCAM_BITS_PER_S[webcam.quality]
        if was is None:
            house.media.publish(occupant.peer_id, WEBCAM, max_bits_per_s=bits_per_s)
        else:
            house.media.limit(occupant.peer_id, WEBCAM, bits_per_s)
        occupant.webcam = webcam
        streams.tell_room(house, webcam.channel_id, WebcamStarted(**fields(webcam)))
        if was is None:
            streams.tell_badge(house, occupant)


def _require_place(house: House, occupant: Occupant) -> None:
    others = room_of(house).occupancy.in_channel(occupant.channel_id)
    if sum(other.webcam is not None for other in others) >= IN_A_CHANNEL:
        message = f"{IN_A_CHANNEL} cameras at most are on in a channel"
        raise Conflict(message, code="WEBCAM_LIMIT", details={"limit": IN_A_CHANNEL})


async def stop(house: House, connection: Connection, command: VoiceWebcamStop) -> None:
    """Turn the caller's camera off; nothing happens when it is off already."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    if occupant.webcam is not None:
        streams.end_webcam(house, occupant, "user_stopped")
