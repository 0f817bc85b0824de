"""Listening in: hear other voice channels of the guild besides one's own, seen by those inside."""

from __future__ import annotations

from msgspec import UNSET

from voicechat.access import require_bits
from voicechat.errors import Conflict, NotFound
from voicechat.features.voice import queries
from voicechat.features.voice.room import room_of, room_topic
from voicechat.features.voice.rules import Occupant
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.protocol import Permission
from voicechat.protocol.voice_routes import (
    LISTENED_AT_MOST,
    VoiceListen,
    VoiceListeners,
    VoiceListening,
    VoiceListenStop,
)


async def start(house: House, connection: Connection, command: VoiceListen) -> None:
    """Let the caller hear another channel as well (VOICE_CONNECT in it)."""
    async with room_of(house).turn(connection.caller.user_id):  # as for everything that takes a bit
        occupant = await _start(house, connection, command.channel_id)
    connection.send(VoiceListening(channel_ids=list(occupant.listens), ref=command.ref))


async def _start(house: House, connection: Connection, channel_id: str) -> Occupant:
    room = room_of(house)
    occupant = room.own_session(connection)
    if channel_id == occupant.channel_id:
        raise Conflict("you are in this voice channel", code="ALREADY_IN_CHANNEL")
    place = await queries.find_place(house, occupant.user.id, channel_id)
    room.require_present(occupant)
    if place.here.guild_id != occupant.guild_id:
        raise NotFound("there is no such channel in this guild")
    if place.here.channel_type != "voice":
        raise Conflict("this is not a voice channel", code="NOT_A_VOICE_CHANNEL")
    require_bits(place.here.bits, Permission.VOICE_CONNECT)
    if channel_id not in occupant.listens:
        _begin(house, occupant, channel_id)
    return occupant


def _begin(house: House, occupant: Occupant, channel_id: str) -> None:
    if len(occupant.listens) >= LISTENED_AT_MOST:
        raise Conflict(f"one listens in to {LISTENED_AT_MOST} channels at most", code="LIMIT_EXCEEDED")
    listens = (*occupant.listens, channel_id)
    house.media.listen(occupant.peer_id, listens)
    occupant.listens = listens
    room = room_of(house)
    connection = room.connection_of(occupant)
    connection.follow(room_topic(channel_id))
    tell_listeners(house, occupant.guild_id, channel_id)
    for other in room.occupancy.in_channel(channel_id):
        if other.priority:
            connection.send(other.priority_event())
        if other.speaking and other.whisper is None:
            connection.send(other.speaking_event())


async def stop(house: House, connection: Connection, command: VoiceListenStop) -> None:
    """Let the caller hear that channel no more."""
    occupant = room_of(house).own_session(connection)
    _end(house, occupant, command.channel_id)
    connection.send(VoiceListening(channel_ids=list(occupant.listens), ref=command.ref))


def _end(house: House, occupant: Occupant, channel_id: str) -> None:
    if channel_id not in occupant.listens:
        return
    occupant.listens = tuple(listened for listened in occupant.listens if listened != channel_id)
    house.media.listen(occupant.peer_id, occupant.listens)
    tell_listeners(house, occupant.guild_id, channel_id)
    room_of(house).connection_of(occupant).leave(room_topic(channel_id))


def end_all(house: House, occupant: Occupant, connection: Connection) -> None:
    """Tell the rooms that a leaver listened in to; the engine forgets the leaver by itself."""
    for channel_id in occupant.listens:
        tell_listeners(house, occupant.guild_id, channel_id)
        connection.leave(room_topic(channel_id))


def tell_listeners(house: House, guild_id: str, channel_id: str) -> None:
    """Tell all who hear a room who listens in to it."""
    listeners = room_of(house).occupancy.listeners(guild_id, channel_id)
    house.hub.publish(room_topic(channel_id), VoiceListeners(channel_id=channel_id, listeners=listeners))


async def recheck(house: House, occupant: Occupant) -> None:
    """Ask again whether the occupant may listen in where they do; end what they may not."""
    if not occupant.listens:
        return
    sights = await queries.sights(house, occupant.user.id, occupant.guild_id)
    room_of(house).require_present(occupant)
    lost = [
        channel_id
        for channel_id in occupant.listens
        if channel_id not in sights or not sights[channel_id].bits & Permission.VOICE_CONNECT
    ]
    for channel_id in lost:
        _end(house, occupant, channel_id)
    if lost:
        event = VoiceListening(channel_ids=list(occupant.listens), ref=UNSET)
        room_of(house).connection_of(occupant).send(event)
