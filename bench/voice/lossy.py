"""A voice client behind a bad network: it loses a share of all datagrams either way, and mends what it can.

    person ── loses a share, then delays ──▶ server        and the same back

It behaves as a browser: what is missing is asked for when noticed and again each round trip, for as long as
a jitter buffer would wait; what the server misses of it is sent again unchanged.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import pylibsrtp
import trio

from bench.voice.room import INTERVAL_US, Client, read_mark
from bench.voice.rtcp import Nack, nack, read, receiver_report

ONE_WAY_S = 0.010
_TICK_S = 0.005
_ASK_AGAIN_S = 2 * ONE_WAY_S + 0.010
_GIVES_UP_S = 0.200
_KEPT = 256  # packets that can be sent again


@dataclass
class Stream:
    """What one sender's stream looks like from here."""

    newest: int
    shift: int  # of its sequence numbers against the packets' own
    missing: dict[int, list[float]] = field(default_factory=dict)  # by number: noticed, asked


@dataclass
class Diary:
    """Times of what one person sent and heard, and what the network lost of it at the first try."""

    sent: dict[int, float] = field(default_factory=dict)  # by number
    heard: dict[tuple[int, int], float] = field(default_factory=dict)  # by publisher, number
    lost_up: set[int] = field(default_factory=set)
    lost_down: set[tuple[int, int]] = field(default_factory=set)  # by SSRC, sequence number
    shifts: dict[int, tuple[int, int]] = field(default_factory=dict)  # by SSRC: publisher, shift


class LossyPerson:
    """One client on a socket of its own; `run` until cancelled, `talk` to send."""

    def __init__(self, socket: trio.socket.SocketType, index: int, loss: float) -> None:
        self._socket = socket
        self.client = Client(socket.getsockname()[1], index)
        self.diary = Diary()
        self.server_port = 0
        self._loss = loss
        self._chance = random.Random(index)
        self._up: deque[tuple[float, bytes]] = deque()
        self._down: deque[tuple[float, bytes]] = deque()
        self._kept: dict[int, bytes] = {}
        self._streams: dict[int, Stream] = {}

    async def run(self) -> None:
        """Receive, pass on what the network delays, and ask for what is missing."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive)
            nursery.start_soon(self._tick)

    async def talk(self, count: int) -> None:
        """Send `count` packets at the pace of voice."""
        started = trio.current_time()
        for number, wire in enumerate(self.client.prepare(0, count)):
            await trio.sleep_until(started + number * INTERVAL_US / 1e6)
            self.diary.sent[number] = trio.current_time()
            seq = int.from_bytes(wire[2:4], "big")
            self._kept[seq] = wire
            self._kept.pop((seq - _KEPT) & 0xFFFF, None)
            if not self._send(wire):
                self.diary.lost_up.add(number)

    def _send(self, datagram: bytes) -> bool:
        """Give a datagram to the network; False when it loses it."""
        if self._chance.random() < self._loss:
            return False
        self._up.append((trio.current_time() + ONE_WAY_S, datagram))
        return True

    async def _receive(self) -> None:
        while True:
            datagram = await self._socket.recv(2048)
            if self._chance.random() >= self._loss:
                self._down.append((trio.current_time() + ONE_WAY_S, datagram))
            elif not _is_rtcp(datagram):
                self.diary.lost_down.add(_place(datagram))

    async def _tick(self) -> None:
        """Do what is due, often enough that a tick is little beside a frame."""
        while True:
            await trio.sleep(_TICK_S)
            now = trio.current_time()
            for datagram in _due(self._up, now):
                await self._socket.sendto(datagram, ("127.0.0.1", self.server_port))
            for datagram in _due(self._down, now):
                self._take(datagram, now)
            for ssrc, stream in self._streams.items():
                self._ask(ssrc, stream, now)

    def _take(self, datagram: bytes, now: float) -> None:
        try:
            if _is_rtcp(datagram):
                self._take_rtcp(self.client.receiver.unprotect_rtcp(datagram), now)
            else:
                self._take_voice(self.client.receiver.unprotect(datagram), now)
        except pylibsrtp.Error:
            pass  # sent again although it had come: the replay window refuses it

    def _take_voice(self, packet: bytes, now: float) -> None:
        ssrc, seq = _place(packet)
        mark = read_mark(packet)
        self.diary.heard.setdefault((mark.publisher, mark.number), now)
        stream = self._streams.setdefault(ssrc, Stream(mark.number, (seq - mark.number) & 0xFFFF))
        self.diary.shifts[ssrc] = mark.publisher, stream.shift
        stream.missing.pop(mark.number, None)
        for number in range(stream.newest + 1, mark.number):
            stream.missing[number] = [now, 0.0]
        stream.newest = max(stream.newest, mark.number)

    def _take_rtcp(self, compound: bytes, now: float) -> None:
        for found in read(compound):
            if isinstance(found, Nack):
                for seq in found.seqs:
                    if seq in self._kept:
                        self._send(self._kept[seq])
            elif (stream := self._streams.get(found.ssrc)) is not None:
                ext_seq = stream.newest + stream.shift
                self._report(receiver_report(self.client.ssrc, found, ext_seq))

    def _ask(self, ssrc: int, stream: Stream, now: float) -> None:
        due = []
        for number, (noticed, asked) in list(stream.missing.items()):
            if now - noticed > _GIVES_UP_S:
                del stream.missing[number]
            elif now - asked >= _ASK_AGAIN_S:
                stream.missing[number][1] = now
                due.append((number + stream.shift) & 0xFFFF)
        if due:
            self._report(nack(self.client.ssrc, ssrc, due))

    def _report(self, packet: bytes) -> None:
        self._send(self.client.sender.protect_rtcp(packet))


def _is_rtcp(datagram: bytes) -> bool:
    return 192 <= datagram[1] <= 223


def _place(packet: bytes) -> tuple[int, int]:
    """Return the SSRC and sequence number, which encryption leaves readable."""
    return int.from_bytes(packet[8:12], "big"), int.from_bytes(packet[2:4], "big")


def _due(queue: deque[tuple[float, bytes]], now: float) -> list[bytes]:
    found = []
    while queue and queue[0][0] <= now:
        found.append(queue.popleft()[1])
    return found
