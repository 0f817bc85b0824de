"""One run of voice: gives connected legs and their packets to traffic.c, reads what arrived and when."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trio

from bench.peers.exchange import Exchange
from bench.peers.legs import Leg, Member, Room
from bench.peers.processes import on_cpu
from bench.programs import Broken, compiled
from bench.voice.room import INTERVAL_US

_HEAD = struct.Struct("=5I")
_TALKER = struct.Struct("=I4s2sxx")
_PACKET = struct.Struct("=H254s")
_ARRIVAL = np.dtype([("ns", "<u8"), ("socket", "<u4"), ("length", "<u2"), ("data", "V242")])
_STRAYS_AT_MOST = 100
_REPORTS_ROOM = 4096  # arrivals that are no voice
WARM_PACKETS = 5  # of each talker: first-packet paths settle


@dataclass(frozen=True)
class Voice:
    """Who talks in one run, and the legs on which each is to be heard."""

    talkers: list[Leg]
    hearers: list[list[Leg]]

    @staticmethod
    def of(rooms: Sequence[Room], most: int | None = None) -> Voice:
        """Let the talkers of these rooms talk, at `most` so many, room after room."""
        chosen: list[tuple[Room, Member]] = [(room, who) for room in rooms for who in room.talkers()][:most]
        return Voice(
            [who.talks for _, who in chosen if who.talks is not None],
            [room.hearers_of(who) for room, who in chosen],
        )

    def legs(self) -> list[Leg]:
        """List every leg that sends or receives, each once."""
        return list(dict.fromkeys([*self.talkers, *(leg for legs in self.hearers for leg in legs)]))

    def forwards(self) -> int:
        """Return how many packets the server sends for one of each talker."""
        return sum(map(len, self.hearers))


@dataclass(frozen=True)
class Heard:
    """One run's one-way delays in microseconds (without the warm-up), and its packets due and arrived."""

    delays_us: npt.NDArray[np.float64]
    due: int
    arrived: int
    sends: int
    late_sends: int
    cpu_us: float  # of the server

    @property
    def cpu_per_forward_us(self) -> float:
        """Return the server's CPU time for each packet that arrived."""
        return self.cpu_us / max(self.arrived, 1)

    @property
    def loss(self) -> float:
        """Return the share that did not arrive, 0 to 1."""
        return 1 - self.arrived / self.due if self.due else 0.0

    def percentile_us(self, percent: float) -> float:
        """Return a percentile of the delay; infinite when nothing arrived."""
        return float(np.percentile(self.delays_us, percent)) if len(self.delays_us) else float("inf")


async def run_traffic(
    exchange: Exchange,
    voice: Voice,
    seconds: float,
    folder: Path,
    *,
    cpu: int | None,
    weigh: Callable[[], int],
) -> Heard:
    """Let everybody of `voice` talk for `seconds`; `cpu` is the load generator's.

    `weigh` returns the server's CPU time so far; it is asked just before and after the load generator runs.
    """
    count = WARM_PACKETS + int(seconds * 1e6 / INTERVAL_US)
    firsts = [leg.made for leg in voice.talkers]
    legs, plan, results = voice.legs(), folder / "plan", folder / "results"
    with exchange.silent():  # packets are made after the last keepalive: counters go up on the wire
        plan.write_bytes(_plan(voice, legs, count))
        before = weigh()
        arrived, no_room, late = await _generate(legs, plan, results, seconds, cpu)
        spent = weigh() - before
    if no_room:
        raise Broken(f"the load generator had no room for {no_room} arrivals: more came than were due")
    raw = results.read_bytes()
    sent = np.frombuffer(raw, np.uint64, count * len(voice.talkers)).reshape(count, -1)
    arrivals = np.frombuffer(raw, _ARRIVAL, arrived, sent.nbytes)
    delays = _delays(voice, legs, firsts, sent, arrivals)
    measured = [us for number, us in delays if number >= WARM_PACKETS]
    return Heard(
        np.array(measured, np.float64), voice.forwards() * count, len(delays), sent.size, late, spent / 1000
    )


def _plan(voice: Voice, legs: Sequence[Leg], count: int) -> bytes:
    places = {leg: place for place, leg in enumerate(legs)}
    room = voice.forwards() * count * 5 // 4 + _REPORTS_ROOM
    parts = [_HEAD.pack(len(legs), len(voice.talkers), count, INTERVAL_US, room)]
    parts += [struct.pack("=I", leg.udp.fileno()) for leg in legs]
    for leg in voice.talkers:
        host, port = leg.remote
        parts.append(_TALKER.pack(places[leg], socket.inet_aton(host), struct.pack("!H", port)))
    prepared = [leg.prepare(publisher, count) for publisher, leg in enumerate(voice.talkers)]
    parts += [_PACKET.pack(len(data), data) for turn in zip(*prepared, strict=True) for data in turn]
    return b"".join(parts)


async def _generate(
    legs: Sequence[Leg], plan: Path, results: Path, seconds: float, cpu: int | None
) -> tuple[int, int, int]:
    """Run the program on the legs' own sockets; return what it says."""
    with trio.move_on_after(seconds + 20):
        done = await trio.run_process(
            on_cpu(cpu, [compiled("traffic", "peers"), plan, results]),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            pass_fds=[leg.udp.fileno() for leg in legs],
        )
        if done.returncode != 0:
            raise Broken(f"the load generator ended with {done.returncode}: {done.stderr.decode()}")
        arrived, no_room, late = map(int, done.stdout.split())
        return arrived, no_room, late
    raise Broken("the load generator did not end")


def _delays(
    voice: Voice,
    legs: Sequence[Leg],
    firsts: Sequence[int],
    sent: npt.NDArray[np.uint64],
    arrivals: npt.NDArray[np.void],
) -> list[tuple[int, float]]:
    """Open every arrival and match it with its sending: (number in this run, one-way delay in microseconds).

    What was not sent in this run, or is not for this listener, is left out; Broken when that is more than a
    stray packet of the run before.
    """
    hearers = [set(map(id, found)) for found in voice.hearers]
    by_leg: list[list[int]] = [[] for _ in legs]
    for place, index in enumerate(arrivals["socket"].tolist()):
        by_leg[index].append(place)
    stamps, lengths, data = arrivals["ns"].tolist(), arrivals["length"].tolist(), arrivals["data"].tobytes()
    width, sent_ns = _ARRIVAL["data"].itemsize, sent.tolist()
    found: dict[tuple[int, int, int], float] = {}
    strays = 0
    for leg, places in zip(legs, by_leg, strict=True):
        datagrams = [data[place * width : place * width + lengths[place]] for place in places]
        for place, mark in zip(places, leg.read(datagrams), strict=True):
            if mark is None:
                continue
            number = mark.number - firsts[mark.publisher] if mark.publisher < len(firsts) else -1
            if not 0 <= number < len(sent_ns) or id(leg) not in hearers[mark.publisher]:
                strays += 1
                continue
            delay_us = (stamps[place] - sent_ns[number][mark.publisher]) / 1000
            found.setdefault((id(leg), mark.publisher, number), delay_us)
    if strays > _STRAYS_AT_MOST:
        raise Broken(f"{strays} packets arrived that were not sent in this run, or at the wrong client")
    return [(number, us) for (_, _, number), us in found.items()]
