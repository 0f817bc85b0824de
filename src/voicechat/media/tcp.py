"""The TCP side of the voice port: lets connections in, and out again those that prove nothing.

For clients whose network blocks UDP (RFC 6544, passive). Here a connection is accepted, counted against
the limits below and given away to the engine, which alone reads and writes it (RFC 4571). Until an
authenticated check came over it, it is a stranger's: it has `PROOF_S` for that, whatever it sends and
however slowly, and there are only so many strangers, from one address and in all. When all places are
taken the one that has waited longest goes: a client proves itself within a round trip, a flood never.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from socket import socket

import trio

from voicechat.logs import get_logger
from voicechat.media.engine import Engine, EngineError
from voicechat.media.records import pack_addr
from voicechat.rtc.ice import Address, canonical_address

log = get_logger("media")

PROOF_S = 5.0
MAX_STRANGERS = 256
MAX_STRANGERS_PER_SOURCE = 64  # an office behind one address whose people all come back at once
ACCEPT_RETRY_S = 0.1  # out of descriptors or memory: they come back when somebody leaves
_IPV6_SUBSCRIBER = 64  # one line often owns a /64


class TcpDoor:
    """Who came in by TCP and has not proved itself yet; belongs to the Trio thread."""

    def __init__(self, engine: Engine, listeners: Sequence[socket], *, proof_s: float = PROOF_S) -> None:
        self._engine = engine
        self._listeners = [trio.socket.from_stdlib_socket(listener) for listener in listeners]
        self._proof_s = proof_s
        self._strangers: dict[Address, trio.CancelScope] = {}  # in the order they came
        self._by_source = Counter[str]()
        self.counts = {"tcp_refused": 0, "tcp_unproved": 0, "tcp_accept_errors": 0}

    async def run(self) -> None:
        """Accept for ever."""
        async with trio.open_nursery() as nursery:
            for listener in self._listeners:
                nursery.start_soon(self._accept_all, listener, nursery)
            await trio.sleep_forever()

    def proved(self, address: Address) -> None:
        """Learn that an authenticated check came from `address`: it may stay as long as its peer."""
        self._forget(address)

    def closed(self, address: Address) -> None:
        """Learn that the flow from `address` is gone."""
        self._forget(address)

    async def _accept_all(self, listener: trio.socket.SocketType, nursery: trio.Nursery) -> None:
        while True:
            try:
                sock, name = await listener.accept()
            except OSError as problem:  # of the machine, or of a connection that ended on the way
                self.counts["tcp_accept_errors"] += 1
                log.debug("tcp_accept_failed", problem=str(problem))
                await trio.sleep(ACCEPT_RETRY_S)
                continue
            with sock:  # closes what was not given away
                self._let_in(sock, (*canonical_address(*name[:2]), "tcp"), nursery)

    def _let_in(self, sock: trio.socket.SocketType, address: Address, nursery: trio.Nursery) -> None:
        source = _source(address)
        if address in self._strangers or self._by_source[source] >= MAX_STRANGERS_PER_SOURCE:
            self.counts["tcp_refused"] += 1
            return
        if len(self._strangers) >= MAX_STRANGERS:
            self._show_out(next(iter(self._strangers)))
        try:
            self._engine.flow_add(sock, pack_addr(*address), lambda: self._turned_away(address))
        except EngineError:  # its queue is full
            self.counts["tcp_refused"] += 1
            return
        self._by_source[source] += 1
        patience = self._strangers[address] = trio.CancelScope()
        nursery.start_soon(self._wait_for_proof, address, patience)

    async def _wait_for_proof(self, address: Address, patience: trio.CancelScope) -> None:
        patience.deadline = trio.current_time() + self._proof_s
        with patience:
            await trio.sleep_forever()
        if self._strangers.get(address) is patience:
            self._show_out(address)

    def _show_out(self, address: Address) -> None:
        self.counts["tcp_unproved"] += 1
        self._forget(address)
        try:
            self._engine.flow_del(pack_addr(*address))
        except EngineError as problem:  # only a stuck media thread lets its queue fill
            log.error("flow_not_closed", problem=str(problem))

    def _turned_away(self, address: Address) -> None:
        self.counts["tcp_refused"] += 1
        self._forget(address)

    def _forget(self, address: Address) -> None:
        patience = self._strangers.pop(address, None)
        if patience is None:
            return
        patience.cancel()
        source = _source(address)
        self._by_source[source] -= 1
        if not self._by_source[source]:
            del self._by_source[source]


def _source(address: Address) -> str:
    ip = ipaddress.ip_address(address[0])
    if ip.version == 4:
        return address[0]
    return str(ipaddress.ip_network((ip, _IPV6_SUBSCRIBER), strict=False))
