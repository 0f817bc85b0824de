"""Percentiles of the engine's own histograms (pure)."""

from __future__ import annotations

from collections.abc import Iterable

Buckets = Iterable[tuple[int, int]]
"""(smallest nanoseconds, count) of each bucket that is not empty."""


def difference(after: Buckets, before: Buckets) -> list[tuple[int, int]]:
    """Return what was added between two readings."""
    known = dict(before)
    return [(floor, count - known.get(floor, 0)) for floor, count in after if count > known.get(floor, 0)]


def percentile_us(buckets: Buckets, percent: float) -> float:
    """Return the lower edge of the bucket that holds the percentile; ValueError when all are empty."""
    ordered = sorted(buckets)
    wanted = sum(count for _, count in ordered) * percent / 100
    seen = 0
    for floor, count in ordered:
        seen += count
        if count and seen >= wanted:
            return floor / 1000
    raise ValueError("expected a histogram with something in it")
