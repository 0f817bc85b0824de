"""The plain C fan-out of bench/floor, which shows what the kernel alone takes: no crypto, no signalling."""

from __future__ import annotations

import os
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.peers.exchange import Exchange, open_udp
from bench.peers.legs import Address, Member, Room
from bench.peers.peer import About
from bench.programs import Broken, compiled, pin, running
from bench.voice.room import PAYLOAD_BYTES, PT, Mark, marked_payload, read_mark

_HEADER = struct.Struct("!BBHII")
_TAG = bytes(16)  # as long as GCM's
_EXTENSION = bytes(8)


class PlainLeg:
    """A socket that sends and receives RTP in the clear."""

    def __init__(self, exchange: Exchange) -> None:
        self.udp = open_udp()
        self.remote: Address = ("", 0)
        self.made = 0
        self.first_audio_s: float | None = None
        self._filling = os.urandom(PAYLOAD_BYTES)
        exchange.add(self)

    def take(self, datagram: bytes, address: Address) -> list[bytes]:
        """Nothing is expected between runs."""
        return []

    def keepalive(self) -> list[bytes]:
        """The floor forgets nobody."""
        return []

    def prepare(self, publisher: int, count: int) -> list[bytes]:
        """Make packets as long as encrypted ones."""
        first, self.made = self.made, self.made + count
        return [self._packet(Mark(publisher, number)) for number in range(first, first + count)]

    def read(self, datagrams: Sequence[bytes]) -> list[Mark | None]:
        """Read the marks."""
        return [read_mark(datagram[: -len(_TAG)]) for datagram in datagrams]

    def _packet(self, mark: Mark) -> bytes:
        header = _HEADER.pack(0x80, PT, mark.number & 0xFFFF, 0, mark.publisher)
        return header + _EXTENSION + marked_payload(mark, self._filling) + _TAG


class RunningFloor:
    """One floor process for each room, the newest of which is measured."""

    def __init__(self, exchange: Exchange, stack: AsyncExitStack, cpu: int | None) -> None:
        self.pid = 0
        self._exchange, self._stack, self._cpu = exchange, stack, cpu

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Start a fan-out for as many sockets."""
        legs = [PlainLeg(self._exchange) for _ in range(talkers + listeners)]
        ports = [str(leg.udp.getsockname()[1]) for leg in legs]
        command: list[str | Path] = [compiled("floor"), str(len(legs)), *ports]
        child = await self._stack.enter_async_context(running(command, "the floor"))
        port = int(await child.hear())
        pin(child.pid, self._cpu)
        self.pid = child.pid
        for leg in legs:
            leg.remote = ("127.0.0.1", port)
        members = [Member(leg if place < talkers else None, leg) for place, leg in enumerate(legs)]
        return Room(name, members)

    async def join(self, room: Room) -> Member:
        """Nobody joins a floor."""
        raise Broken("the floor has no signalling")

    async def leave(self, room: Room, member: Member) -> None:
        """Nobody leaves it either."""


class FloorPeer:
    """The driver."""

    name = "floor"

    def install(self) -> None:
        """Compile it."""
        compiled("floor")

    def about(self) -> About:
        """Describe it."""
        return About(
            version="bench/floor/floor.c",
            config="one thread, the engine's scheduling",
            protocol="plain RTP without crypto",
            remarks=["no server: what the kernel charges at the least; it has no joins and only one room"],
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningFloor]:
        """Run floors as rooms ask for them."""
        async with AsyncExitStack() as stack:
            yield RunningFloor(exchange, stack, cpu)
