"""A running engine on real sockets, and the records it told."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from voicechat.media.engine import Engine, EngineLimits, Record, open_udp

from .fake_peer import FakePeer


class Running:
    """An engine in its thread, with someone draining its ring."""

    def __init__(self, engine: Engine, sockets: list[socket.socket]) -> None:
        self.engine = engine
        self.sockets = sockets
        self.records: list[Record] = []
        self._news = trio.Event()
        self._next_ssrc = 100
        self._peers: list[FakePeer] = []

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.sockets[0].getsockname()[:2]
        return host, port

    async def drain(self) -> None:
        while True:
            await self.engine.wait_readable()
            while records := self.engine.drain():
                self.records += records
                self._news.set()
                self._news = trio.Event()
                await trio.lowlevel.checkpoint()

    async def record(self, kind: type[Record], where: Callable[[Record], bool] = lambda _: True) -> Record:
        """Wait for a record of `kind`, past ones included."""
        with trio.fail_after(5):
            while True:
                for record in self.records:
                    if isinstance(record, kind) and where(record):
                        return record
                await self._news.wait()

    async def count(self, name: str, at_least: int = 1) -> int:
        """Wait until the counter `name` has reached `at_least` and that batch of datagrams is dealt with."""
        with trio.fail_after(5):
            while self.engine.counters()[name] < at_least:
                await self.engine.settled()
            await self.engine.settled()
        return self.engine.counters()[name]

    async def peer(self, *, host: str = "127.0.0.1", join: bool = True, publish: bool = True) -> FakePeer:
        """A new client on a socket of its own."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = trio.socket.socket(family, socket.SOCK_DGRAM)
        await sock.bind((host, 0))
        server = next(s for s in self.sockets if s.family == family).getsockname()[:2]
        self._next_ssrc += 100
        peer = FakePeer(self.engine, sock, server, self._next_ssrc)
        self._peers.append(peer)
        return await peer.join(publish=publish) if join else peer

    def close_sockets(self) -> None:
        for peer in self._peers:
            peer.sock.close()


@asynccontextmanager
async def engine_on(
    sockets: list[socket.socket], limits: EngineLimits | None = None
) -> AsyncIterator[Running]:
    """Run an engine on these sockets, and close it, them and its clients' in the end."""
    running = Running(Engine(sockets, limits), sockets)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.drain)
        nursery.start_soon(trio.to_thread.run_sync, running.engine.run)
        try:
            yield running
        finally:
            running.engine.stop()
            nursery.cancel_scope.cancel()
    running.engine.close()
    running.close_sockets()
    for sock in sockets:
        sock.close()


def open_dual_stack() -> socket.socket:
    """Open a socket bound to all addresses, of both families."""
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", 0))
    return sock


@pytest.fixture
async def limits() -> EngineLimits:
    return EngineLimits(max_peers=64, max_tracks=64, max_slots=512, max_receivers=32)


@pytest.fixture
async def running(limits: EngineLimits) -> AsyncIterator[Running]:
    async with engine_on([open_udp("127.0.0.1", 0), open_udp("::1", 0)], limits) as made:
        yield made


@pytest.fixture
async def two(running: Running) -> tuple[FakePeer, FakePeer]:
    """Two peers who hear each other on slot SSRCs 9001 (of the first) and 9002 (of the second)."""
    a, b = await running.peer(), await running.peer()
    running.engine.route_set(a.slot(9001), b.track)
    running.engine.route_set(b.slot(9002), a.track)
    await running.engine.settled()
    return a, b
