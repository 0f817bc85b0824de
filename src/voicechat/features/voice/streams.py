"""What people show each other, screens and cameras: who may begin, who is told, and what ends it.

Told to those in the room alone: whoever only listens in to it sees nothing of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from voicechat.access import require_bits
from voicechat.errors import TooMany
from voicechat.features.voice import queries
from voicechat.features.voice.room import room_of
from voicechat.features.voice.rules import Occupant
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.media import StreamLost, StreamLostReason
from voicechat.protocol import Event, Permission
from voicechat.protocol.video import ScreenShareStopped, StreamEnd, WebcamStopped
from voicechat.rtc.sources import WEBCAM, screen_video

_BURST, _PER_S = 20, 0.5
"""How often somebody may begin to show something, or change how: it may cost all in the room an offer."""

_ENDED_BY: dict[str, StreamEnd] = {"forbidden": "forbidden", "kicked": "forbidden", "error": "error"}
"""What a voice session's end means for what is shown in it; all else is a disconnection."""


@asynccontextmanager
async def beginning(
    house: House, connection: Connection, channel_id: str, permission: Permission
) -> AsyncIterator[tuple[Occupant, queries.Place]]:
    """Let the caller begin or change what they show, when they may; nothing else of theirs happens meanwhile.

    The turn keeps what is found out about them true: a permission lost during it is asked for again after it.
    """
    room, user_id = room_of(house), connection.caller.user_id
    grant = await house.bus.take(f"voice_stream:{user_id}", capacity=_BURST, per_s=_PER_S)
    if not grant.allowed:
        raise TooMany("too many streams begun or changed; wait a moment", retry_after_s=grant.retry_after_s)
    async with room.turn(user_id):
        occupant = room.own_session(connection, channel_id)
        place = await queries.find_place(house, user_id, occupant.channel_id)
        room.require_present(occupant)
        require_bits(place.here.bits, permission)
        yield occupant, place


def tell_room(house: House, channel_id: str, event: Event) -> None:
    """Tell everybody in the room."""
    room = room_of(house)
    for occupant in room.occupancy.in_channel(channel_id):
        room.connection_of(occupant).send(event)


def tell_badge(house: House, occupant: Occupant) -> None:
    """Tell everyone who may see the channel whether the occupant is live."""
    house.hub.publish(f"channel:{occupant.channel_id}", occupant.state_event())


def end_screen(house: House, occupant: Occupant, stream_id: str, reason: StreamEnd) -> None:
    """End one of the occupant's shares, in the engine first."""
    house.media.unpublish(occupant.peer_id, screen_video(stream_id))
    _forget_screen(house, occupant, stream_id, reason)
    occupant.quiet_since_s = trio.current_time()
    if not occupant.screens:
        tell_badge(house, occupant)


def end_webcam(house: House, occupant: Occupant, reason: StreamEnd) -> None:
    """End the occupant's camera, in the engine first."""
    house.media.unpublish(occupant.peer_id, WEBCAM)
    _forget_webcam(house, occupant, reason)
    occupant.quiet_since_s = trio.current_time()
    tell_badge(house, occupant)


def _forget_screen(house: House, occupant: Occupant, stream_id: str, reason: StreamEnd) -> None:
    del occupant.screens[stream_id]
    event = ScreenShareStopped(
        channel_id=occupant.channel_id, user_id=occupant.user.id, stream_id=stream_id, reason=reason
    )
    tell_room(house, occupant.channel_id, event)


def _forget_webcam(house: House, occupant: Occupant, reason: StreamEnd) -> None:
    occupant.webcam = None
    event = WebcamStopped(channel_id=occupant.channel_id, user_id=occupant.user.id, reason=reason)
    tell_room(house, occupant.channel_id, event)


def end_all(house: House, occupant: Occupant, session_end: str) -> None:
    """Tell the room that all a leaver showed is over; the engine forgets it with the leaver."""
    reason = _ENDED_BY.get(session_end, "disconnected")
    for stream_id in list(occupant.screens):
        _forget_screen(house, occupant, stream_id, reason)
    if occupant.webcam is not None:
        _forget_webcam(house, occupant, reason)


def recheck(house: House, occupant: Occupant, place: queries.Place) -> None:
    """End what the occupant shows and may not show any more."""
    if not place.may(Permission.SCREEN_SHARE):
        for stream_id in list(occupant.screens):
            end_screen(house, occupant, stream_id, "forbidden")
    if occupant.webcam is not None and not place.may(Permission.USE_VIDEO):
        end_webcam(house, occupant, "forbidden")


async def lost(house: House, event: StreamLost) -> None:
    """Give up a stream that does not come, or comes no more."""
    occupant = room_of(house).occupancy.of_peer(event.peer_id)
    if occupant is None:
        return
    reason: StreamEnd = "disconnected" if event.reason is StreamLostReason.SILENT else "error"
    if event.source == WEBCAM and occupant.webcam is not None:
        end_webcam(house, occupant, reason)
    for stream_id in list(occupant.screens):
        if screen_video(stream_id) == event.source:
            end_screen(house, occupant, stream_id, reason)
