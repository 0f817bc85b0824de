"""The live state of voice on this node: occupants, and the gateway sessions they came through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import trio
from msgspec import UNSET, UnsetType

from voicechat.errors import Conflict
from voicechat.features.voice import queries
from voicechat.features.voice.rules import Occupancy, Occupant
from voicechat.gateway import Connection, Gathering
from voicechat.house import House
from voicechat.protocol.voice import VoiceState

NAME = "voice"


class VoiceRoom:
    """Kept in `house.rooms["voice"]`; written by the voice room's service alone."""

    def __init__(self, house: House, nursery: trio.Nursery) -> None:
        async def find_places(channel_id: str, user_ids: Collection[str]) -> dict[str, queries.Place]:
            return await queries.find_places(house, channel_id, user_ids)

        self.nursery = nursery
        self.places = Gathering(find_places, at_once=1)  # so that a later answer is never an older one
        self.occupancy = Occupancy()
        self.connections: dict[str, Connection] = {}
        self._locks: dict[str, tuple[trio.Lock, int]] = {}

    def connection_of(self, occupant: Occupant) -> Connection:
        """Return the gateway session the occupant joined through."""
        return self.connections[occupant.peer_id]

    def occupants_through(self, connection: Connection) -> list[Occupant]:
        """List the voice sessions of a gateway session: one, or none."""
        occupant = self.occupancy.of_user(connection.caller.user_id)
        if occupant is None or self.connections.get(occupant.peer_id) is not connection:
            return []
        return [occupant]

    def own_session(self, connection: Connection, channel_id: str | UnsetType = UNSET) -> Occupant:
        """Return the session joined through this connection; the channel, when named, must be its."""
        for occupant in self.occupants_through(connection):
            if channel_id in (UNSET, occupant.channel_id):
                return occupant
        raise _not_in_channel()

    def require_present(self, occupant: Occupant) -> None:
        """Raise Conflict when the session ended while something was asked for it."""
        if self.occupancy.of_peer(occupant.peer_id) is not occupant:
            raise _not_in_channel()

    def taking_turns(self) -> list[str]:
        """List who is joining, moving or leaving just now."""
        return list(self._locks)

    @asynccontextmanager
    async def turn(self, user_id: str) -> AsyncIterator[None]:
        """Let one join, move or leave of a person happen at a time."""
        lock, waiting = self._locks.get(user_id, (trio.Lock(), 0))
        self._locks[user_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks.pop(user_id)
            if waiting > 1:
                self._locks[user_id] = (lock, waiting - 1)


def _not_in_channel() -> Conflict:
    return Conflict("you are not in this voice channel", code="NOT_IN_CHANNEL")


def room_of(house: House) -> VoiceRoom:
    """Return the voice room of the house."""
    room = house.rooms[NAME]
    assert isinstance(room, VoiceRoom)
    return room


def room_topic(channel_id: str) -> str:
    """Name the topic that those inside a voice channel follow."""
    return f"room:{channel_id}"


def voice_states(house: House, channel_ids: Collection[str]) -> list[VoiceState]:
    """List who is in the given channels, for the snapshots that another room makes."""
    return list(room_of(house).occupancy.states(channel_ids))
