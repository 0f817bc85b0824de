"""Voice sessions: join, answer, leave, and the quality that clients report.

A session belongs to the gateway session it was joined through; commands from another tab do not touch it.
Every way out ends in `end_session`, which tells the engine, the room, everyone who sees the channel and the
person: so no way out leaves a ghost.
"""

from __future__ import annotations

from collections.abc import Iterable

import trio
from msgspec import UNSET, UnsetType

from voicechat.access import require_bits
from voicechat.errors import Conflict, TooMany
from voicechat.features.voice import listening, queries, rules, streams, whispers
from voicechat.features.voice.room import VoiceRoom, room_of, room_topic
from voicechat.features.voice.rules import Occupant, Switches
from voicechat.features.voice.switches import apply
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.media import OpusSettings, SendLine
from voicechat.protocol import Permission
from voicechat.protocol.voice import (
    SendSection,
    VoiceAnswer,
    VoiceDisconnected,
    VoiceIceCandidate,
    VoiceIceRestart,
    VoiceJoin,
    VoiceLeave,
    VoiceOffer,
    VoiceRoomState,
    VoiceStats,
    VoiceUserJoined,
    VoiceUserLeft,
    VoiceUserStats,
)
from voicechat.rtc.negotiation import MICROPHONE_MID

STATS_INTERVAL_S = 1.0
"""Quality reports are passed on at most this often; clients send one each 3 s."""

_JOIN_BURST, _JOINS_PER_S = 20, 0.5
_RESTART_BURST, _RESTARTS_PER_S = 10, 0.2
_CLEAN_UP_WITHIN_S = 2.0


async def join(house: House, connection: Connection, command: VoiceJoin) -> None:
    """Join a voice channel: offer, then the room as it is."""
    caller = connection.caller
    grant = await house.bus.take(f"voice_join:{caller.user_id}", capacity=_JOIN_BURST, per_s=_JOINS_PER_S)
    if not grant.allowed:
        raise TooMany("too many voice joins; wait a moment", retry_after_s=grant.retry_after_s)
    switches = Switches(muted=command.muted, deafened=command.deafened)
    await enter(house, connection, command.channel_id, switches, command.ref)


async def move(house: House, occupant: Occupant, channel_id: str) -> None:
    """Move somebody who is in voice to another channel: their client gets a new offer."""
    own = occupant.switches
    kept = Switches(muted=own.muted, deafened=own.deafened)
    await enter(house, room_of(house).connection_of(occupant), channel_id, kept, moved=occupant)


async def enter(
    house: House,
    connection: Connection,
    channel_id: str,
    switches: Switches,
    ref: str | UnsetType = UNSET,
    *,
    moved: Occupant | None = None,
) -> None:
    """Open a voice session in the channel for the connection's person, ending the one they have.

    It must still be that of `moved`, where one is given: whoever left meanwhile is not brought back.
    """
    room, caller = room_of(house), connection.caller
    async with room.turn(caller.user_id):
        place = await queries.find_place(house, caller.user_id, channel_id)
        _require_entry(house, room, place, channel_id)
        if moved is not None:
            room.require_present(moved)
        if connection.is_ended:  # nobody would end what is begun through it now
            raise Conflict("the gateway session has ended", code="NOT_IN_CHANNEL")
        previous = room.occupancy.of_user(caller.user_id)
        if previous is not None:
            reason = "moved" if room.connection_of(previous) is connection else "replaced"
            _vacate(house, previous.peer_id, reason)
        for name, value in place.imposed.items():
            setattr(switches, name, value)
        occupant = Occupant(
            new_id(), place.user, place.here.guild_id, channel_id, switches, quiet_since_s=trio.current_time()
        )
        # Nothing is awaited between the check and this, so that a limit holds whoever comes at the same time.
        room.occupancy.enter(occupant)
        room.connections[occupant.peer_id] = connection
        await _open_session(house, connection, occupant, place.opus, ref, previous)


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
    house: House,
    connection: Connection,
    occupant: Occupant,
    opus: OpusSettings,
    ref: str | UnsetType,
    previous: Occupant | None,
) -> None:
    """Have the engine prepare the offer for a place that is taken, letting go of the `previous` one."""
    room, switches = room_of(house), occupant.switches
    try:
        if previous is not None:
            await house.media.leave(previous.peer_id)
        sdp = await house.media.join(
            room_id=occupant.channel_id,
            peer_id=occupant.peer_id,
            user_id=occupant.user.id,
            may_speak=not switches.suppressed,
            opus=opus,
        )
        room.require_present(occupant)
        apply(house, occupant)
    except BaseException:
        room.occupancy.leave(occupant.peer_id)
        room.connections.pop(occupant.peer_id, None)  # it may have been ended while the engine prepared
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
    tell_offer(house, occupant, sdp, [SendLine(MICROPHONE_MID, "microphone")], ref=ref)
    _show_room(house, connection, occupant)
    house.hub.publish(f"channel:{channel_id}", occupant.state_event())


def tell_offer(
    house: House,
    occupant: Occupant,
    sdp: str,
    sends: Iterable[SendLine],
    *,
    revision: int = 1,
    ref: str | UnsetType = UNSET,
) -> None:
    """Send the occupant an offer of the server's."""
    offer = VoiceOffer(
        channel_id=occupant.channel_id,
        session_id=occupant.peer_id,
        sdp=sdp,
        sends=[SendSection(mid=line.mid, source=line.source) for line in sends],
        revision=revision,
        push_to_talk_required=occupant.switches.push_to_talk,
        ref=ref,
    )
    room_of(house).connection_of(occupant).send(offer)


def _show_room(house: House, connection: Connection, newcomer: Occupant) -> None:
    """Tell a newcomer who is in the room, who listens in, who speaks, and who whispers to it."""
    occupancy, channel_id = room_of(house).occupancy, newcomer.channel_id
    others = occupancy.in_channel(channel_id)
    connection.send(
        VoiceRoomState(
            channel_id=channel_id,
            participants=[other.participant() for other in others],
            screen_shares=[share for other in others for share in other.screens.values()],
            webcams=[other.webcam for other in others if other.webcam is not None],
            listeners=occupancy.listeners(newcomer.guild_id, channel_id),
            push_to_talk_required=newcomer.switches.push_to_talk,
        )
    )
    for other in others:
        if other.speaking and other.whisper is None:
            connection.send(other.speaking_event())
    whispers.tell_newcomer(house, newcomer)


async def end_session(house: House, peer_id: str, reason: str) -> None:
    """End a voice session everywhere; nothing happens when it is over already."""
    if _vacate(house, peer_id, reason):
        await house.media.leave(peer_id)


def _vacate(house: House, peer_id: str, reason: str) -> bool:
    """Take somebody's place and tell of it; False when the session is over already."""
    room = room_of(house)
    occupant = room.occupancy.leave(peer_id)
    if occupant is None:
        return False
    connection = room.connections.pop(peer_id)
    streams.end_all(house, occupant, reason)
    topic = room_topic(occupant.channel_id)
    connection.leave(topic)
    house.hub.publish(topic, VoiceUserLeft(channel_id=occupant.channel_id, user_id=occupant.user.id))
    house.hub.publish(f"channel:{occupant.channel_id}", occupant.left_event())
    whispers.end(house, occupant)
    listening.end_all(house, occupant, connection)
    connection.send(VoiceDisconnected(channel_id=occupant.channel_id, session_id=peer_id, reason=reason))
    return True


async def answer(house: House, connection: Connection, command: VoiceAnswer) -> None:
    """Take the client's SDP answer; ICE and DTLS go on from there."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    revision = None if command.revision is UNSET else command.revision
    await house.media.answer(occupant.peer_id, command.sdp, revision=revision)


async def ice_restart(house: House, connection: Connection, command: VoiceIceRestart) -> None:
    """Let the client find a new way to us: an offer with new credentials follows."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    bucket = f"voice_ice_restart:{occupant.user.id}"
    grant = await house.bus.take(bucket, capacity=_RESTART_BURST, per_s=_RESTARTS_PER_S)
    if not grant.allowed:
        raise TooMany("too many ICE restarts; wait a moment", retry_after_s=grant.retry_after_s)
    house.media.restart_ice(occupant.peer_id)


async def ice_candidate(house: House, connection: Connection, command: VoiceIceCandidate) -> None:
    """Note a client's candidate; checks, not candidates, tell an ICE-lite agent where it is."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    house.media.add_candidate(occupant.peer_id, command.candidate)


async def leave(house: House, connection: Connection, command: VoiceLeave) -> None:
    """Leave voice."""
    async with room_of(house).turn(connection.caller.user_id):
        occupant = room_of(house).own_session(connection, command.channel_id)
        await end_session(house, occupant.peer_id, "left")


async def stats(house: House, connection: Connection, command: VoiceStats) -> None:
    """Pass a client's quality report on to its room, at most once a second."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    if command.session_id != occupant.peer_id:
        raise Conflict("these statistics are of another voice session", code="NOT_IN_CHANNEL")
    now = trio.current_time()
    if now - occupant.stats_at_s < STATS_INTERVAL_S:
        return
    occupant.stats_at_s = now
    uplink = house.media.stats(occupant.peer_id).up
    is_sending = uplink.packets > occupant.uplink_packets  # what is measured of silence is of before it
    occupant.uplink_packets = uplink.packets
    house.hub.publish(
        room_topic(occupant.channel_id),
        VoiceUserStats(
            channel_id=occupant.channel_id,
            user_id=occupant.user.id,
            latency=command.latency,
            packet_loss=command.packet_loss,
            jitter=command.jitter,
            quality=command.quality,
            uplink_loss=uplink.loss_percent if is_sending else UNSET,
            uplink_jitter=uplink.jitter_ms if is_sending else UNSET,
        ),
    )
