"""What ends or changes voice sessions from outside: the engine, the sockets, permissions, moderators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import trio

from voicechat import logs
from voicechat.errors import Problem, Unavailable
from voicechat.features.voice import (
    listening,
    priority,
    queries,
    service,
    streams,
    switches,
    viewing,
    whispers,
)
from voicechat.features.voice.room import NAME, VoiceRoom, room_of
from voicechat.features.voice.rules import Occupant
from voicechat.features.voice.speaking import tell_speaking
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.media import (
    LayerChanged,
    OfferChanged,
    PeerConnected,
    PeerLost,
    SlotsChanged,
    Speaking,
    StreamLost,
)
from voicechat.protocol import Event, News, Permission
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, GuildLeft, VoiceMove
from voicechat.protocol.voice import Slot, VoiceConnected, VoiceSlots

log = logs.get_logger("voice")

Handler = Callable[[House, Any], Awaitable[None]]

TALKER_SILENCE_S = 0.6
"""Whoever sends audio sends a packet each 400 ms at least, even muted (Opus DTX)."""

LISTENER_SILENCE_S = 7.0
"""Without a microphone only checks and reports come: Firefox asks for consent each 4 to 6 s."""

ASK_AGAIN_S = 1.0
"""How soon a database that was away is asked again about permissions."""

_FIRST_LOOK_S, _NEXT_LOOK_S = 0.8, 0.5


async def run(house: House, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve voice until cancelled: hear the engine and the news."""
    async with trio.open_nursery() as nursery:
        house.rooms[NAME] = VoiceRoom(house, nursery)
        house.hub.listen(NEWS_TOPIC, partial(_hear_news, house))
        house.hub.listen_gaps(partial(_recheck_soon, house))
        task_status.started()
        async for event in house.media.events:
            await _guarded(_ON_MEDIA[type(event)], house, event)


async def _guarded(act: Callable[..., Awaitable[None]], house: House, *args: Any) -> None:
    """Bulkhead: one event's trouble is logged and does not end voice for everybody."""
    try:
        await act(house, *args)
    except Problem as problem:  # a peer may go while something is done to it
        log.info("voice_event_late", act=act.__name__, problem=problem.message)
    except Exception:
        log.exception("voice_event_failed", act=act.__name__)


async def _peer_connected(house: House, event: PeerConnected) -> None:
    occupant = room_of(house).occupancy.of_peer(event.peer_id)
    if occupant is None:
        return
    occupant.connected = True
    connected = VoiceConnected(channel_id=occupant.channel_id, session_id=occupant.peer_id)
    room_of(house).connection_of(occupant).send(connected)
    house.hub.publish(f"channel:{occupant.channel_id}", occupant.state_event())


async def _peer_lost(house: House, event: PeerLost) -> None:
    await service.end_session(house, event.peer_id, event.reason.value)


async def _slots_changed(house: House, event: SlotsChanged) -> None:
    occupant = room_of(house).occupancy.of_peer(event.peer_id)
    if occupant is None:
        return
    slots = [Slot(mid=slot.mid, user_id=slot.user_id, source=slot.source) for slot in event.slots]
    room_of(house).connection_of(occupant).send(VoiceSlots(channel_id=occupant.channel_id, slots=slots))


async def _offer_changed(house: House, event: OfferChanged) -> None:
    occupant = room_of(house).occupancy.of_peer(event.peer_id)
    if occupant is not None:
        service.tell_offer(house, occupant, event.sdp, event.sends, revision=event.revision)


async def _speaking(house: House, event: Speaking) -> None:
    occupant = room_of(house).occupancy.of_user(event.user_id)
    if occupant is None or occupant.channel_id != event.room_id:
        return
    occupant.speaking, occupant.quiet_since_s = event.speaking, trio.current_time()
    tell_speaking(house, occupant)


_ON_MEDIA: dict[type, Handler] = {
    PeerConnected: _peer_connected,
    PeerLost: _peer_lost,
    SlotsChanged: _slots_changed,
    Speaking: _speaking,
    OfferChanged: _offer_changed,
    LayerChanged: viewing.layer_changed,
    StreamLost: streams.lost,
}


async def socket_lost(house: House, connection: Connection) -> None:
    """Watch the media of a lost socket: a closed tab ends it too, a cut does not."""
    room = room_of(house)
    for occupant in room.occupants_through(connection):
        room.nursery.start_soon(_guarded, _watch_detached, house, connection, occupant.peer_id)


async def _watch_detached(house: House, connection: Connection, peer_id: str) -> None:
    is_talker = house.media.stats(peer_id).up.packets > 0
    patience_s = TALKER_SILENCE_S if is_talker else LISTENER_SILENCE_S
    await trio.sleep(_FIRST_LOOK_S)
    while not connection.is_attached and room_of(house).occupancy.of_peer(peer_id) is not None:
        if _silence_s(house, peer_id) > patience_s:
            await service.end_session(house, peer_id, "connection_lost")
            return
        patience_s = LISTENER_SILENCE_S
        await trio.sleep(_NEXT_LOOK_S)


def _silence_s(house: House, peer_id: str) -> float:
    heard_s = house.media.last_heard_s(peer_id)
    return float("inf") if heard_s is None else heard_s


async def gateway_session_ended(house: House, connection: Connection) -> None:
    """Nobody came back within the resume window, or the login session was revoked."""
    for occupant in room_of(house).occupants_through(connection):
        await service.end_session(house, occupant.peer_id, "session_ended")


def _hear_news(house: House, _topic: str, news: Event | News) -> None:
    """Start what a piece of news asks of voice; called by the hub, so it must not wait."""
    handler = _ON_NEWS.get(type(news))
    if handler is not None:
        room_of(house).nursery.start_soon(_guarded, handler, house, news)


def _recheck_soon(house: House) -> None:
    """News may have been missed: ask again for everybody."""
    room = room_of(house)
    for guild_id in {occupant.guild_id for occupant in room.occupancy}:
        room.nursery.start_soon(_guarded, _access_changed, house, AccessChanged(guild_id=guild_id))


async def _with_each(
    house: House, guild_id: str, user_id: str | None, act: Callable[[Occupant], Awaitable[None]]
) -> None:
    """Do `act` to everybody whom news of a guild, or of one person there, concern, to all at the same time.

    Those who are on their way in come last, once they are in: they were let in by what held before the news.
    """
    room = room_of(house)
    arriving = [each for each in room.taking_turns() if user_id in (None, each)]
    async with trio.open_nursery() as nursery:
        for occupant in room.occupancy.in_guild(guild_id):
            if user_id in (None, occupant.user.id):
                nursery.start_soon(act, occupant)
    for each in arriving:
        async with room.turn(each):
            arrived = room.occupancy.of_user(each)
        if arrived is not None and arrived.guild_id == guild_id:
            await act(arrived)


async def _guild_left(house: House, news: GuildLeft) -> None:
    async def kick(occupant: Occupant) -> None:
        await service.end_session(house, occupant.peer_id, "kicked")

    await _with_each(house, news.guild_id, news.user_id, kick)


async def _access_changed(house: House, news: AccessChanged) -> None:
    async def look_again(occupant: Occupant) -> None:
        if news.channel_id in (None, occupant.channel_id):
            await _guarded(_recheck, house, occupant)
        await _guarded(_recheck_reach, house, occupant)

    await _with_each(house, news.guild_id, news.user_id, look_again)


async def _recheck(house: House, occupant: Occupant) -> None:
    """Ask again what the occupant may do here, and make the engine agree."""
    place = await _place_of(house, occupant)
    if place is None or not place.may(Permission.VOICE_CONNECT):
        reason = "channel_deleted" if place is None and await _is_gone(house, occupant) else "forbidden"
        await service.end_session(house, occupant.peer_id, reason)
        return
    switches.impose(house, occupant, place.imposed)
    streams.recheck(house, occupant, place)
    if not place.may(Permission.PRIORITY_SPEAKER):
        priority.change(house, occupant, False)


async def _is_gone(house: House, occupant: Occupant) -> bool:
    """Tell a channel that is gone from one that is hidden, as far as can be found out."""
    try:
        return not await queries.channel_exists(house, occupant.channel_id)
    except Unavailable:
        return False


async def _place_of(house: House, occupant: Occupant) -> queries.Place | None:
    """Return the occupant's place, None where they may not see it; a database that is away is waited for.

    Meanwhile the conversation goes on: that voice needs no database is what it is built for.
    """
    room = room_of(house)
    while room.occupancy.of_peer(occupant.peer_id) is occupant:
        try:
            return await room.places.ask(occupant.channel_id, occupant.user.id)
        except Unavailable as problem:
            log.warning("voice_recheck_waits", problem=problem.message)
        await trio.sleep(ASK_AGAIN_S)
    return None


async def _recheck_reach(house: House, occupant: Occupant) -> None:
    """Ask again what the occupant may do beyond the room, if they are still there."""
    if room_of(house).occupancy.of_peer(occupant.peer_id) is occupant:
        await whispers.recheck(house, occupant)
        await listening.recheck(house, occupant)


async def _move(house: House, news: VoiceMove) -> None:
    """Carry out a moderator's move: the client gets a new offer for the new channel."""
    room = room_of(house)
    occupant = room.occupancy.of_user(news.user_id)
    if occupant is None or occupant.guild_id != news.guild_id:
        return
    if news.channel_id is None:
        await service.end_session(house, occupant.peer_id, "kicked")
        return
    if news.channel_id != occupant.channel_id:
        await service.move(house, occupant, news.channel_id)


_ON_NEWS: dict[type, Handler] = {GuildLeft: _guild_left, AccessChanged: _access_changed, VoiceMove: _move}
