"""What every kind of client has in common: a leg is one connected socket that carries somebody's voice."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.voice.room import Mark

Address = tuple[str, int]


class Leg(Protocol):
    """One connected socket of a client, with its keys; `remote` is where the server takes its packets.

    Between runs of traffic the exchange gives it what comes (`take`) and sends what it returns.
    """

    udp: socket.socket
    remote: Address
    made: int  # packets prepared so far, which is the number of the next
    first_audio_s: float | None

    def take(self, datagram: bytes, address: Address) -> list[bytes]:
        """Take a datagram while there is no traffic; return the answers to it."""
        ...

    def keepalive(self) -> list[bytes]:
        """Return what a client sends every few seconds so that the server keeps it."""
        ...

    def prepare(self, publisher: int, count: int) -> list[bytes]:
        """Make the next `count` packets as they go over the wire, each with a Mark of `publisher`."""
        ...

    def read(self, datagrams: Sequence[bytes]) -> list[Mark | None]:
        """Open what arrived, in its order; None for what is no voice (reports, checks)."""
        ...


@dataclass(frozen=True)
class Member:
    """Somebody in a room: the leg they talk on, the leg they listen on (may be the same one)."""

    talks: Leg | None
    listens: Leg | None

    def legs(self) -> list[Leg]:
        """List the legs, each once."""
        found = [leg for leg in (self.talks, self.listens) if leg is not None]
        return found[:1] if len(found) == 2 and found[0] is found[1] else found


@dataclass
class Room:
    """People who should hear each other: every listener hears every talker but itself."""

    name: str
    members: list[Member] = field(default_factory=list)

    def talkers(self) -> list[Member]:
        """List those who can talk."""
        return [member for member in self.members if member.talks is not None]

    def hearers_of(self, talker: Member) -> list[Leg]:
        """List the legs on which `talker` should be heard."""
        return [m.listens for m in self.members if m.listens is not None and m is not talker]
