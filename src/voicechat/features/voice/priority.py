"""Priority speakers: heard wherever slots are short, and others are turned down by whoever hears them."""

from __future__ import annotations

from voicechat.access import require_bits
from voicechat.features.voice import queries
from voicechat.features.voice.room import room_of, room_topic
from voicechat.features.voice.rules import Occupant
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.protocol import Permission
from voicechat.protocol.voice_routes import VoicePriority


async def switch(house: House, connection: Connection, command: VoicePriority) -> None:
    """Make the caller a priority speaker (PRIORITY_SPEAKER), or an ordinary one."""
    room = room_of(house)
    async with room.turn(connection.caller.user_id):  # a bit lost meanwhile is asked for again after it
        occupant = room.own_session(connection)
        if command.active:
            place = await queries.find_place(house, occupant.user.id, occupant.channel_id)
            require_bits(place.here.bits, Permission.PRIORITY_SPEAKER)
            room.require_present(occupant)
        change(house, occupant, command.active)


def change(house: House, occupant: Occupant, is_priority: bool) -> None:
    """Set it in the engine and tell all who hear the room; nothing happens when it is so already."""
    if occupant.priority == is_priority:
        return
    occupant.priority = is_priority
    house.media.set_priority(occupant.peer_id, is_priority)
    house.hub.publish(room_topic(occupant.channel_id), occupant.priority_event())
