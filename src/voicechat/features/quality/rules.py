"""From counters read every few seconds to the points that are kept. Pure.

Loss is what the counters grew by between two readings, so an old report never counts again. Round trip and
jitter are the newest known, and count only while something flows in their direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from voicechat.media import ConnectedPeer, DirectionStats, PeerStats

UNKNOWN, POOR, FAIR, GOOD = range(4)

_GOOD_AT_MOST = (120.0, 3.0, 30.0)  # ms there and back, percent lost, ms of jitter: as clients show it
_FAIR_AT_MOST = (200.0, 8.0, 60.0)


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured over a while; None where nothing told."""

    rtt_ms: float | None = None
    loss_up_percent: float | None = None
    loss_down_percent: float | None = None
    jitter_up_ms: float | None = None
    jitter_down_ms: float | None = None

    @property
    def quality(self) -> int:
        """The worst of round trip, loss and jitter decides; unknown where none of them is known."""
        loss = _worse(self.loss_up_percent, self.loss_down_percent)
        jitter = _worse(self.jitter_up_ms, self.jitter_down_ms)
        grades = [
            _grade(value, good, fair)
            for value, good, fair in zip(
                (self.rtt_ms, loss, jitter), _GOOD_AT_MOST, _FAIR_AT_MOST, strict=True
            )
            if value is not None
        ]
        return min(grades, default=UNKNOWN)


def _worse(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _grade(value: float, good: float, fair: float) -> int:
    if value <= good:
        return GOOD
    return FAIR if value <= fair else POOR


def measured(before: PeerStats, now: PeerStats) -> Point:
    """Work out what two readings of the counters, one after the other, tell."""
    up, down = _grown(before.up, now.up), _grown(before.down, now.down)
    return Point(
        rtt_ms=now.rtt_ms if down.packets else None,
        loss_up_percent=_percent(up.lost, up.packets + up.lost),  # what came, and what did not
        loss_down_percent=_percent(down.lost, down.packets),  # what was sent
        jitter_up_ms=now.up.jitter_ms if up.packets else None,
        jitter_down_ms=now.down.jitter_ms if down.packets else None,
    )


def _grown(before: DirectionStats, now: DirectionStats) -> DirectionStats:
    return DirectionStats(packets=max(0, now.packets - before.packets), lost=max(0, now.lost - before.lost))


def _percent(part: int, whole: int) -> float | None:
    return min(100.0, 100.0 * part / whole) if whole > 0 else None


def mean(points: Iterable[Point]) -> Point:
    """Average points, each figure over those where it is known."""
    points = list(points)
    return Point(**{figure.name: _mean([getattr(point, figure.name) for point in points])
                    for figure in fields(Point)})  # fmt: skip


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


@dataclass(slots=True)
class Stay:
    """A voice session while it lasts, as the sampler follows it."""

    peer: ConnectedPeer
    began_s: float
    seen_s: float
    last: PeerStats
    points: list[Point] = field(default_factory=list)

    def read(self, stats: PeerStats, now_s: float) -> None:
        """Take another reading of the counters."""
        self.points.append(measured(self.last, stats))
        self.last, self.seen_s = stats, now_s


class Ledger:
    """The stays that are followed; written by the sampler alone."""

    def __init__(self) -> None:
        self._stays: dict[str, Stay] = {}

    def read(self, peer: ConnectedPeer, stats: PeerStats, now_s: float) -> None:
        """Take a reading of a connected peer; the first one is where the next begins."""
        stay = self._stays.get(peer.peer_id)
        if stay is None:
            self._stays[peer.peer_id] = Stay(peer, now_s, now_s, stats)
        else:
            stay.read(stats, now_s)

    def due(self) -> list[tuple[Stay, Point]]:
        """List the stays with something to write down, each with the mean of what was measured."""
        return [(stay, mean(stay.points)) for stay in self._stays.values() if stay.points]

    def forget(self, present: Iterable[str]) -> None:
        """Begin the next points; stays of peers that are not among the `present` are over."""
        present = set(present)
        self._stays = {peer_id: stay for peer_id, stay in self._stays.items() if peer_id in present}
        for stay in self._stays.values():
            stay.points.clear()
