"""Screen shares: several of one person and in one channel, within limits."""

from __future__ import annotations

from datetime import UTC, datetime

from voicechat.errors import Conflict, NotFound
from voicechat.features.voice import streams
from voicechat.features.voice.room import room_of
from voicechat.features.voice.rules import Occupant
from voicechat.features.voice.tiers import SCREEN_BITS_PER_S, granted
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.protocol import Permission, fields
from voicechat.protocol.video import (
    ScreenShare,
    ScreenShareQualityChanged,
    ScreenShareStarted,
    VoiceScreenShareSetQuality,
    VoiceScreenShareStart,
    VoiceScreenShareStop,
)
from voicechat.rtc.sources import screen_video

SHARED_BY_ONE = 3


async def start(house: House, connection: Connection, command: VoiceScreenShareStart) -> None:
    """Let the caller share a screen (SCREEN_SHARE); an offer with a section for it follows."""
    may = Permission.SCREEN_SHARE
    async with streams.beginning(house, connection, command.channel_id, may) as (occupant, place):
        _require_place(house, occupant, command.stream_id, place.max_screen_shares)
        share = _share(house, occupant, command)
        house.media.gate_screen_audio(occupant.peer_id, occupant.switches.is_silenced)
        house.media.publish(
            occupant.peer_id,
            screen_video(share.stream_id),
            max_bits_per_s=SCREEN_BITS_PER_S[share.quality],
            has_audio=share.has_audio,
        )
        occupant.screens[share.stream_id] = share
        streams.tell_room(house, share.channel_id, ScreenShareStarted(**fields(share)))
        if len(occupant.screens) == 1:
            streams.tell_badge(house, occupant)


def _share(house: House, occupant: Occupant, command: VoiceScreenShareStart) -> ScreenShare:
    return ScreenShare(
        channel_id=occupant.channel_id,
        user_id=occupant.user.id,
        stream_id=command.stream_id,
        username=occupant.user.username,
        source_label=command.source_label,
        has_audio=command.has_audio,
        quality=granted(command.quality, house.settings.media.max_quality),
        started_at=datetime.now(UTC),
    )


def _require_place(house: House, occupant: Occupant, stream_id: str, in_channel: int) -> None:
    """Refuse a stream that is shared already, and one too many of the person or in the channel."""
    if stream_id in occupant.screens:
        raise Conflict("you share a screen of this stream_id already", code="ALREADY_SHARING")
    if len(occupant.screens) >= SHARED_BY_ONE:
        message = f"one person shares {SHARED_BY_ONE} screens at most"
        raise Conflict(message, code="SCREEN_SHARE_LIMIT", details={"limit": SHARED_BY_ONE, "of": "user"})
    others = room_of(house).occupancy.in_channel(occupant.channel_id)
    if sum(len(other.screens) for other in others) >= in_channel:
        message = f"{in_channel} screens at most are shared in this channel"
        raise Conflict(message, code="SCREEN_SHARE_LIMIT", details={"limit": in_channel, "of": "channel"})


async def stop(house: House, connection: Connection, command: VoiceScreenShareStop) -> None:
    """End one of the caller's shares."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    _require_shared(occupant, command.stream_id)
    streams.end_screen(house, occupant, command.stream_id, "user_stopped")


async def set_quality(house: House, connection: Connection, command: VoiceScreenShareSetQuality) -> None:
    """Change the quality of one of the caller's shares."""
    may = Permission.SCREEN_SHARE
    async with streams.beginning(house, connection, command.channel_id, may) as (occupant, _):
        share = _require_shared(occupant, command.stream_id)
        quality = granted(command.quality, house.settings.media.max_quality)
        if quality == share.quality:
            return
        source = screen_video(share.stream_id)
        house.media.limit(occupant.peer_id, source, SCREEN_BITS_PER_S[quality])
        occupant.screens[share.stream_id] = ScreenShare(**{**fields(share), "quality": quality})
        event = ScreenShareQualityChanged(
            channel_id=share.channel_id, user_id=share.user_id, stream_id=share.stream_id, quality=quality
        )
        streams.tell_room(house, share.channel_id, event)


def _require_shared(occupant: Occupant, stream_id: str) -> ScreenShare:
    share = occupant.screens.get(stream_id)
    if share is None:
        raise NotFound("you share no screen of this stream_id", code="STREAM_NOT_FOUND")
    return share
