"""Voice sessions: join, answer, switches, leave, and what the media engine reports.

A session belongs to the gateway session it was joined through; commands from another tab do not touch it.
Every way out ends in `end_session`, which tells the engine, the room, everyone who sees the channel and the
person: so no way out leaves a ghost.
"""

from __future__ import annotations

import trio
from msgspec import UNSET, UnsetType

from voicechat.access import require_bits
from voicechat.errors import Conflict, TooMany
from voicechat.features.voice import queries, rules
from voicechat.features.voice.room import VoiceRoom, room_of, room_topic
from voicechat.features.voice.rules import Occupant, Switches
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.media import OpusSettings
from voicechat.protocol import Permission
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceDeafen,
    VoiceDisconnected,
    VoiceIceCandidate,
    VoiceJoin,
    VoiceLeave,
    VoiceMute,
    VoiceOffer,
    VoiceRoomState,
    VoiceStats,
    VoiceUndeafen,
    VoiceUnmute,
    VoiceUserJoined,
    VoiceUserLeft,
    VoiceUserMuted,
    VoiceUserStats,
    VoiceUserUnmuted,
)

STATS_INTERVAL_S = 1.0
"""Quality reports are passed on at most this often; clients send one each 3 s."""

_JOIN_BURST, _JOINS_PER_S = 20, 0.5
_CLEAN_UP_WITHIN_S = 2.0


async def join(house: House, connection: Connection, command: VoiceJoin) -> None:
    """Join a voice channel: offer, then the room as it is."""
    caller = connection.caller
    grant = await house.bus.take(f"voice_join:{caller.user_id}", capacity=_JOIN_BURST, per_s=_JOINS_PER_S)
    if not grant.allowed:
        raise TooMany("too many voice joins; wait a moment", retry_after_s=grant.retry_after_s)
    switches = Switches(muted=command.muted, deafened=command.deafened)
    await enter(house, connection, command.channel_id, switches, command.ref)


async def enter(
    house: House, connection: Connection, channel_id: str, switches: Switches, ref: str | UnsetType = UNSET
) -> None:
    """Open a voice session in the channel for the connection's person, ending the one they have."""
    room, caller = room_of(house), connection.caller
    async with room.turn(caller.user_id):
        place = await queries.find_place(house, caller.user_id, channel_id)
        _require_entry(house, room, place, channel_id)
        previous = room.occupancy.of_user(caller.user_id)
        if previous is not None:
            reason = "moved" if room.connection_of(previous) is connection else "replaced"
            await end_session(house, previous.peer_id, reason)
        switches.suppressed = not place.may(Permission.VOICE_SPEAK)
        switches.server_muted, switches.server_deafened = place.server_muted, place.server_deafened
        occupant = Occupant(new_id(), place.user, place.here.guild_id, channel_id, switches)
        await _open_session(house, connection, occupant, place.opus, ref)


def _require_entry(house: House, room: VoiceRoom, place: queries.Place, channel_id: str) -> None:
    """Refuse who may not connect, channels without voice, and a full room."""
    if place.here.channel_type != "voice":
        raise Conflict("this is not a voice channel", code="NOT_A_VOICE_CHANNEL")
    require_bits(place.here.bits, Permission.VOICE_CONNECT)
    others = [other for other in room.occupancy.in_channel(channel_id) if other.user.id != place.user.id]
    if rules.is_full(
        len(others),
        user_limit=place.user_limit,
        room_peers=house.settings.media.room_peers,
        may_exceed_limit=place.may(Permission.VOICE_MOVE_MEMBERS),
    ):
        raise Conflict("this voice channel is full", code="CHANNEL_FULL")


async def _open_session(
    house: House, connection: Connection, occupant: Occupant, opus: OpusSettings, ref: str | UnsetType
) -> None:
    """Take the place first, so that the limit holds while the engine prepares the offer."""
    room, switches = room_of(house), occupant.switches
    room.occupancy.enter(occupant)
    room.connections[occupant.peer_id] = connection
    try:
        sdp = await house.media.join(
            room_id=occupant.channel_id,
            peer_id=occupant.peer_id,
            user_id=occupant.user.id,
            may_speak=not switches.suppressed,
            opus=opus,
        )
        apply_switches(house, occupant)
    except BaseException:
        room.occupancy.leave(occupant.peer_id)
        del room.connections[occupant.peer_id]
        with trio.move_on_after(_CLEAN_UP_WITHIN_S, shield=True):
            await house.media.leave(occupant.peer_id)
        raise
    channel_id, topic = occupant.channel_id, room_topic(occupant.channel_id)
    house.hub.publish(
        topic,
        VoiceUserJoined(
            channel_id=channel_id,
            user_id=occupant.user.id,
            username=occupant.user.username,
            display_name=occupant.user.display_name,
        ),
    )
    connection.follow(topic)
    connection.send(VoiceOffer(channel_id=channel_id, session_id=occupant.peer_id, sdp=sdp, ref=ref))
    participants = [other.participant() for other in room.occupancy.in_channel(channel_id)]
    connection.send(VoiceRoomState(channel_id=channel_id, participants=participants))
    for other in room.occupancy.in_channel(channel_id):
        if other.speaking:
            connection.send(other.speaking_event())
    house.hub.publish(f"channel:{channel_id}", occupant.state_event())


async def end_session(house: House, peer_id: str, reason: str) -> None:
    """End a voice session everywhere; nothing happens when it is over already."""
    room = room_of(house)
    occupant = room.occupancy.leave(peer_id)
    if occupant is None:
        return
    connection = room.connections.pop(peer_id)
    topic = room_topic(occupant.channel_id)
    connection.leave(topic)
    house.hub.publish(topic, VoiceUserLeft(channel_id=occupant.channel_id, user_id=occupant.user.id))
    house.hub.publish(f"channel:{occupant.channel_id}", occupant.left_event())
    connection.send(VoiceDisconnected(channel_id=occupant.channel_id, session_id=peer_id, reason=reason))
    await house.media.leave(peer_id)


async def answer(house: House, connection: Connection, command: VoiceAnswer) -> None:
    """Take the client's SDP answer; ICE and DTLS go on from there."""
    occupant = _own_session(house, connection, command.channel_id)
    await house.media.answer(occupant.peer_id, command.sdp)


async def ice_candidate(house: House, connection: Connection, command: VoiceIceCandidate) -> None:
    """Note a client's candidate; checks, not candidates, tell an ICE-lite agent where it is."""
    occupant = _own_session(house, connection, command.channel_id)
    house.media.add_candidate(occupant.peer_id, command.candidate)


async def leave(house: House, connection: Connection, command: VoiceLeave) -> None:
    """Leave voice."""
    async with room_of(house).turn(connection.caller.user_id):
        occupant = _own_session(house, connection, command.channel_id)
        await end_session(house, occupant.peer_id, "left")


async def switch(
    house: House, connection: Connection, command: VoiceMute | VoiceUnmute | VoiceDeafen | VoiceUndeafen
) -> None:
    """Flip one of the caller's own switches, in the engine first."""
    occupant = _own_session(house, connection, command.channel_id)
    name, value = _SWITCH_OF[type(command)]
    change_switches(house, occupant, **{name: value})


_SWITCH_OF: dict[type, tuple[str, bool]] = {
    VoiceMute: ("muted", True),
    VoiceUnmute: ("muted", False),
    VoiceDeafen: ("deafened", True),
    VoiceUndeafen: ("deafened", False),
}


def change_switches(house: House, occupant: Occupant, **changes: bool) -> None:
    """Set switches and tell the engine, then whoever sees the channel; unchanged ones make no noise."""
    switches = occupant.switches
    was_heard = not (switches.is_silent or switches.suppressed)
    changed = {name: value for name, value in changes.items() if getattr(switches, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(switches, name, value)
    apply_switches(house, occupant)
    house.hub.publish(f"channel:{occupant.channel_id}", occupant.state_event())
    is_heard = not (switches.is_silent or switches.suppressed)
    if is_heard != was_heard:
        kind = VoiceUserUnmuted if is_heard else VoiceUserMuted
        event = kind(channel_id=occupant.channel_id, user_id=occupant.user.id)
        house.hub.publish(room_topic(occupant.channel_id), event)


def apply_switches(house: House, occupant: Occupant) -> None:
    """Make the engine obey the occupant's switches at once."""
    switches = occupant.switches
    house.media.set_muted(occupant.peer_id, switches.is_silent)
    house.media.set_deafened(occupant.peer_id, switches.is_deaf)
    house.media.set_may_speak(occupant.peer_id, not switches.suppressed)


async def stats(house: House, connection: Connection, command: VoiceStats) -> None:
    """Pass a client's quality report on to its room, at most once a second."""
    occupant = _own_session(house, connection, command.channel_id)
    if command.session_id != occupant.peer_id:
        raise Conflict("these statistics are of another voice session", code="NOT_IN_CHANNEL")
    now = trio.current_time()
    if now - occupant.stats_at_s < STATS_INTERVAL_S:
        return
    occupant.stats_at_s = now
    house.hub.publish(
        room_topic(occupant.channel_id),
        VoiceUserStats(
            channel_id=occupant.channel_id,
            user_id=occupant.user.id,
            latency=command.latency,
            packet_loss=command.packet_loss,
            jitter=command.jitter,
            quality=command.quality,
        ),
    )


def _own_session(house: House, connection: Connection, channel_id: str | UnsetType) -> Occupant:
    """Return the session joined through this connection; the channel, when named, must be its."""
    for occupant in room_of(house).occupants_through(connection):
        if channel_id in (UNSET, occupant.channel_id):
            return occupant
    raise Conflict("you are not in this voice channel", code="NOT_IN_CHANNEL")
