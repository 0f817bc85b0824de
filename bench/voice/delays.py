"""From send stamps and arrivals to one-way delays.

A server gives every stream an SSRC and sequence numbers of its own, and the payload is encrypted. So the
samples, opened with the receiver's key, say whose stream an SSRC is and how far its numbers are shifted;
by that every arrival is matched with its send stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.figures import Curve
from bench.programs import Broken
from bench.voice.load import Run, Sample
from bench.voice.room import read_mark

Opener = Callable[[Sample], bytes]
"""Opens a datagram as its receiver would: the packet in the clear."""

_SEQ_MASK = 0xFFFF


@dataclass(frozen=True)
class Delays:
    """One-way delays of one run's measured packets, and what is missing of all packets."""

    us: npt.NDArray[np.float64]
    forwarded: int
    lost: int

    def percentile(self, percent: float) -> float:
        """Return a percentile in microseconds."""
        return float(np.percentile(self.us, percent))


#: Where a curve is drawn through: dense at the tail.
CURVE_PERCENTS = (1, 5, 10, 25, 50, 60, 70, 75, 80, 85, 90, 93, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.8, 99.9)


def curve(case: str, series: str, rounds: Sequence[npt.NDArray[np.float64]]) -> Curve:
    """Return the distribution of the delays of many rounds together."""
    found = np.percentile(np.concatenate(rounds), CURVE_PERCENTS)
    values = [round(float(value), 1) for value in found]
    return Curve(case=case, series=series, unit="µs", percents=list(CURVE_PERCENTS), values=values)


@dataclass(frozen=True)
class _Stream:
    publisher: int
    shift: int


def one_way(run: Run, opened: Opener, *, warm_packets: int) -> Delays:
    """Match every arrival with its sending; the first `warm_packets` of each client are not measured.

    Raises Broken when a packet is not what was sent, came twice, or is of a stream no sample explains.
    """
    streams = _streams(run.samples, opened)
    count, senders = run.sent_ns.shape
    publisher, number = _identify(run, streams)
    receiver = run.arrivals["client"].astype(np.int64)
    if np.any(number >= count):
        raise Broken("a packet arrived that was not sent in this run")
    places = (receiver * senders + publisher) * count + number
    if len(np.unique(places)) != len(places):
        raise Broken("a packet arrived twice")
    delays = (run.arrivals["ns"].astype(np.int64) - run.sent_ns[number, publisher].astype(np.int64)) / 1000
    due = count * senders * run.listeners
    return Delays(us=delays[number >= warm_packets], forwarded=len(delays), lost=due - len(delays))


def _streams(samples: list[Sample], opened: Opener) -> dict[tuple[int, int], _Stream]:
    """Learn every (client, SSRC) from its first sample and hold the later ones to it."""
    streams: dict[tuple[int, int], _Stream] = {}
    for sample in samples:
        ssrc = int.from_bytes(sample.datagram[8:12], "big")
        seq = int.from_bytes(sample.datagram[2:4], "big")
        mark = read_mark(opened(sample))
        stream = _Stream(mark.publisher, (seq - mark.number) & _SEQ_MASK)
        if streams.setdefault((sample.client, ssrc), stream) != stream:
            raise Broken(f"client {sample.client} heard something else than was sent, under SSRC {ssrc}")
    return streams


def _identify(
    run: Run, streams: dict[tuple[int, int], _Stream]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each arrival's publisher and packet number within the run."""
    arrivals = run.arrivals
    keys = arrivals["client"].astype(np.uint64) << np.uint64(32) | arrivals["ssrc"]
    unique, which = np.unique(keys, return_inverse=True)
    known = [streams.get((int(key) >> 32, int(key) & 0xFFFF_FFFF)) for key in unique]
    if None in known:
        raise Broken("packets arrived of a stream of which none was sampled")
    publishers = np.array([stream.publisher for stream in known if stream], np.int64)
    shifts = np.array([stream.shift for stream in known if stream], np.int64)
    numbers = (arrivals["seq"].astype(np.int64) - shifts[which] - run.first_number) & _SEQ_MASK
    return publishers[which], numbers
