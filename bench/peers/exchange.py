"""Keeps connected legs alive between runs of traffic: reads sockets, answers checks, sends keepalives."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import trio

from bench.peers.legs import Leg

_KEEPALIVE_S = 4.0
_READ_BYTES = 65_536


class Exchange:
    """The legs of one server's clients; while it is `silent` the load generator owns the sockets."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._scopes: dict[Leg, trio.CancelScope] = {}
        self._speaks = trio.Event()
        self._speaks.set()

    def add(self, leg: Leg) -> None:
        """Read this leg's socket from now on."""
        scope = self._scopes[leg] = trio.CancelScope()
        self._nursery.start_soon(self._read, leg, scope)

    def remove(self, leg: Leg) -> None:
        """Close a leg: its reading task does, as nobody else can while it waits for the socket."""
        self._scopes.pop(leg).cancel()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Leave the sockets to somebody else."""
        self._keep_all_alive()
        self._speaks = trio.Event()
        try:
            yield
        finally:
            self._speaks.set()
            self._keep_all_alive()

    async def keep_alive(self) -> None:
        """Send every leg's keepalives for ever."""
        while True:
            await trio.sleep(_KEEPALIVE_S)
            if self._speaks.is_set():  # a run of traffic does it at its begin and end
                self._keep_all_alive()

    def _keep_all_alive(self) -> None:
        for leg in self._scopes:
            send(leg, leg.keepalive())

    async def _read(self, leg: Leg, scope: trio.CancelScope) -> None:
        try:
            with scope:
                while True:
                    await self._speaks.wait()
                    await trio.lowlevel.wait_readable(leg.udp)
                    if self._speaks.is_set() and leg in self._scopes:
                        _take_one(leg)
        finally:
            leg.udp.close()


def _take_one(leg: Leg) -> None:
    with suppress(BlockingIOError, ConnectionRefusedError):
        datagram, address = leg.udp.recvfrom(_READ_BYTES)
        send(leg, leg.take(datagram, address[:2]), address[:2])


def send(leg: Leg, datagrams: list[bytes], to: tuple[str, int] | None = None) -> None:
    """Send datagrams to the leg's server; a full buffer loses them, as UDP may."""
    for datagram in datagrams:
        with suppress(BlockingIOError, ConnectionRefusedError):
            leg.udp.sendto(datagram, to or leg.remote)


def open_udp(host: str = "127.0.0.1") -> socket.socket:
    """Open a client's socket."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setblocking(False)
    udp.bind((host, 0))
    return udp


@asynccontextmanager
async def open_exchange() -> AsyncIterator[Exchange]:
    """Run an exchange; all its legs are closed when the block ends."""
    async with trio.open_nursery() as nursery:
        exchange = Exchange(nursery)
        nursery.start_soon(exchange.keep_alive)
        yield exchange
        nursery.cancel_scope.cancel()
