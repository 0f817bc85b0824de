"""From what the sittings found to the rows of bench/results/peers.json (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bench.stats import summary

OURS = "voicechat"
FLOOR = "floor"  # no server: shown last
_UNITS = {
    "delay-p50": "µs",
    "delay-p99": "µs",
    "delay-p99.9": "µs",
    "cpu-per-forward": "µs",
    "cpu-percent": "%",
    "loss": "%",
    "memory-per-peer": "KiB",
    "join-to-first-audio": "ms",
    "capacity": "forwards/s",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one server: the median of its rounds, their interquartile range, and value over ours.

    `ratio_to_ours` is None for ours itself being 0 or missing: there is nothing to divide by.
    """

    sfu: str
    version: str
    scenario: str
    metric: str
    value: float
    spread: float
    unit: str
    ratio_to_ours: float | None


class Absent(msgspec.Struct, frozen=True):
    """A server that was asked for and not measured (or not to the end), and why."""

    sfu: str
    reason: str


class PeersResult(msgspec.Struct, kw_only=True):
    """The result file: the circumstances (`head`), the figures, and who is missing."""

    format: int = 1
    head: dict[str, Any]
    rows: list[Row] = []
    absent: list[Absent] = []


Found = Mapping[tuple[str, str], Sequence[float]]
"""All rounds of one server by (scenario, metric)."""


def rows(found: Mapping[str, Found], versions: Mapping[str, str]) -> list[Row]:
    """Make a row of every figure, ours first, each beside ours."""
    order = sorted(found, key=lambda sfu: (sfu != OURS, sfu == FLOOR, sfu))
    ours = {key: summary(values).median for key, values in found.get(OURS, {}).items() if values}
    return [
        _row(sfu, versions.get(sfu, ""), key, values, ours.get(key))
        for sfu in order
        for key, values in found[sfu].items()
        if values
    ]


def _row(sfu: str, version: str, key: tuple[str, str], values: Sequence[float], ours: float | None) -> Row:
    scenario, metric = key
    found = summary(values)
    return Row(
        sfu=sfu,
        version=version,
        scenario=scenario,
        metric=metric,
        value=round(found.median, 4),
        spread=round(found.spread, 4),
        unit=_UNITS[metric],
        ratio_to_ours=round(found.median / ours, 3) if ours else None,
    )
