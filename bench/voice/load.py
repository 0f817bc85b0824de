"""The load generator's Python side: starts load.c, gives it packets, reads what it noted."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.programs import Broken, Child, compiled, load_cpu, pin, running
from bench.voice.room import Client

_PACKET = struct.Struct("=H1498s")
_SAMPLE = struct.Struct("=IH1498s")
ARRIVAL = np.dtype([("ns", "<u8"), ("ssrc", "<u4"), ("seq", "<u2"), ("client", "<u2")])
_ALIGNED_SAMPLE = (_SAMPLE.size + 3) // 4 * 4


@dataclass(frozen=True)
class Sample:
    """A datagram that client `client` received, whole."""

    client: int
    datagram: bytes


@dataclass(frozen=True)
class Run:
    """What one run of the load saw; packet number k of sender p was sent at `sent_ns[k, p]`.

    Each packet is due at `listeners` others.
    """

    first_number: int
    sent_ns: npt.NDArray[np.uint64]
    arrivals: npt.NDArray[np.void]
    samples: list[Sample]
    listeners: int


def packed(datagram: bytes) -> bytes:
    """Return a datagram as the bench's C programs read it from a file."""
    return _PACKET.pack(len(datagram), datagram)


class Load:
    """Clients on sockets of their own in rooms of one size, driven by one thread of one process."""

    def __init__(self, child: Child, clients: list[Client], folder: Path, room_size: int) -> None:
        self.clients = clients
        self.room_size = room_size
        self.pace = clients[0].pace
        self._child = child
        self._packets, self._results = folder / f"packets-{child.pid}", folder / f"results-{child.pid}"

    async def run(self, server_port: int, first_number: int, count: int, senders: int | None = None) -> Run:
        """Let the first `senders` clients (all) send `count` packets at their pace; return what came back."""
        senders = len(self.clients) if senders is None else senders
        self._packets.write_bytes(b"".join(self._numbered(first_number, count, senders)))
        seconds = count / self.pace.burst * self.pace.interval_us / 1e6
        pace = f"{self.pace.interval_us} {senders} {self.pace.burst}"
        words = f"run {server_port} {count} {pace} {self._packets} {self._results}"
        answer = await self._child.ask(words, within_s=seconds + 30)
        arrivals, samples, lost_room = map(int, answer.split())
        if lost_room:
            raise Broken(f"the load generator had no room for {lost_room} arrivals: more came than were due")
        return self._read(first_number, count, senders, arrivals, samples)

    def _numbered(self, first: int, count: int, senders: int) -> list[bytes]:
        """Return all packets in the order of sending: everybody's first, then everybody's second, …"""
        prepared = [client.prepare(first, count) for client in self.clients[:senders]]
        return [packed(data) for turn in zip(*prepared, strict=True) for data in turn]

    def _read(self, first: int, count: int, senders: int, arrivals: int, samples: int) -> Run:
        raw = self._results.read_bytes()
        sent = np.frombuffer(raw, np.uint64, count * senders)
        noted = np.frombuffer(raw, ARRIVAL, arrivals, sent.nbytes)
        start = sent.nbytes + noted.nbytes
        if len(raw) != start + samples * _ALIGNED_SAMPLE:
            raise Broken(f"the load generator's results have {len(raw)} bytes, expected another number")
        return Run(
            first,
            sent.reshape(count, senders),
            noted,
            [_sample(raw, start + i * _ALIGNED_SAMPLE) for i in range(samples)],
            self.room_size - 1,
        )


def _sample(raw: bytes, at: int) -> Sample:
    client, length, data = _SAMPLE.unpack_from(raw, at)
    return Sample(client, data[:length])


@asynccontextmanager
async def open_load(
    size: int, folder: Path, *, is_pinned: bool, room_size: int | None = None, make: type[Client] = Client
) -> AsyncIterator[Load]:
    """Start the load generator with `size` clients of a kind in rooms of `room_size` (all in one)."""
    room_size = room_size or size
    async with running([compiled("load"), str(size), str(room_size)], "the load generator") as child:
        ports = [int(word) for word in (await child.hear()).split()]
        pin(child.pid, load_cpu() if is_pinned else None)
        yield Load(child, [make(port, index) for index, port in enumerate(ports)], folder, room_size)
