"""One room, its load and its servers: measured in turns, so that each saw the same machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.voice.delays import Delays, one_way
from bench.voice.load import Load, Run
from bench.voice.room import Pace
from bench.voice.servers import Server

_WARM_TURNS = 5  # of each client: caches, frequencies and first-packet paths settle
_PERCENTILES = (("delay-p50", 50.0), ("delay-p99", 99.0), ("delay-p99.9", 99.9), ("delay-max", 100.0))


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of one server showed."""

    delays: Delays
    cpu_us: float  # per packet that arrived
    paced_share: float  # of the asked rate, that the load generator kept

    def values(self) -> dict[str, float]:
        """Return the figures by metric, microseconds."""
        found = {metric: self.delays.percentile(percent) for metric, percent in _PERCENTILES}
        return {**found, "cpu-per-forward": self.cpu_us}


class Stage:
    """A load whose packet numbers go on from round to round, whoever forwards them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._next_number = 0

    async def measure(self, server: Server, seconds: float, senders: int | None = None) -> Round:
        """Let the first `senders` clients (all) talk for `seconds` and see what `server` does with it.

        They begin with a short warm-up that is not measured.
        """
        pace = self._load.pace
        warm = _WARM_TURNS * pace.burst
        count = warm + int(seconds * 1e6 / pace.interval_us) * pace.burst
        cpu_before = server.cpu_ns()
        run = await self._load.run(server.port, self._next_number, count, senders)
        cpu_ns = server.cpu_ns() - cpu_before
        self._next_number += count
        delays = one_way(run, server.opened, warm_packets=warm)
        return Round(delays, cpu_ns / 1000 / max(delays.forwarded, 1), _paced_share(run, pace))


def _paced_share(run: Run, pace: Pace) -> float:
    turns = run.sent_ns[:: pace.burst, 0].astype("int64")
    return float((len(turns) - 1) * pace.interval_us * 1000 / max(int(turns[-1] - turns[0]), 1))


def turns(names: Sequence[str], rounds: int) -> list[tuple[str, ...]]:
    """Return who goes when: everyone once a round, the order reversed each time."""
    forth, back = tuple(names), tuple(reversed(names))
    return [forth if number % 2 == 0 else back for number in range(rounds)]
