"""Medians, spreads and percentiles: the only arithmetic between a measurement and a verdict (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the percentile, linear between neighbours. ValueError when there are no values."""
    if not values:
        raise ValueError("expected at least one value")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return percentile(values, 50)


@dataclass(frozen=True, slots=True)
class Summary:
    """The middle of some rounds and how far they lie apart (distance of the quartiles)."""

    median: float
    spread: float


def summary(values: Sequence[float]) -> Summary:
    """Return the median and the interquartile range."""
    return Summary(median(values), percentile(values, 75) - percentile(values, 25))


def ratios(subject: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Divide round by round: neighbours in time saw the same machine.

    Rounds whose baseline is 0 cannot be compared and are left out. ValueError when the counts differ.
    """
    return [ours / theirs for ours, theirs in zip(subject, baseline, strict=True) if theirs > 0]


def chance_of(beyond: int, of: int) -> float:
    """Return how likely at least `beyond` of `of` fair coins show heads: the sign test.

    It asks nothing of the distribution: when a figure's true median is at its limit, every sitting is beyond
    it with a chance of one half.
    """
    ways = sum(comb(of, count) for count in range(beyond, of + 1))
    return float(ways / 2**of)
