"""Drift: two hours of a room of 25 in seconds. Timestamps keep to the wall clock, memory to its size."""

from __future__ import annotations

from pathlib import Path

import msgspec
import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.programs import Broken, compiled_with_engine, running

PEOPLE = 25
_TENTHS = 10
_WARM_TENTHS = 1  # every page that will be touched has been by then
_TENTH_TAKES_AT_MOST_S = 120.0


class Reading(msgspec.Struct, array_like=True, frozen=True):
    """What drift.c says at a tenth of the time; the worst so far."""

    minutes: int
    even_us: int
    skewed_us: int
    ending_us: int
    repeats: int
    rss_kib: int
    fds: int
    engine_bytes: int
    sent: int


async def run(plan: Plan, folder: Path) -> Findings:
    """Let the hours pass."""
    program = compiled_with_engine("drift", "clock_gettime", "sendmmsg")
    async with running([program, f"{plan.drift_hours}", str(PEOPLE)], "the drift program") as child:
        readings = [await _reading(await child.hear(within_s=_TENTH_TAKES_AT_MOST_S)) for _ in range(_TENTHS)]
    if readings[-1].repeats:
        raise Broken(f"{readings[-1].repeats} sequence numbers did not go up: GCM must never see one twice")
    return Findings(figures=_figures(readings))


async def _reading(line: str) -> Reading:
    await trio.lowlevel.checkpoint()
    values = [int(word) for word in line.split()]
    if len(values) != len(Reading.__struct_fields__):
        raise Broken(f"the drift program said {line!r}")
    return Reading(*values)


def _figures(readings: list[Reading]) -> list[Figure]:
    first, last = readings[_WARM_TENTHS - 1], readings[-1]
    found = (
        ("length", "minutes", last.minutes),
        ("packets-sent", "packets", last.sent),
        ("timestamps-off-even", "ms", last.even_us / 1000),
        ("timestamps-off-skewed", "ms", last.skewed_us / 1000),
        ("ending-off", "ms", last.ending_us / 1000),
        ("memory-grown", "KiB", last.rss_kib - first.rss_kib),
        ("engine-grown", "bytes", last.engine_bytes - first.engine_bytes),
        ("descriptors-grown", "descriptors", last.fds - first.fds),
    )
    return [
        Figure(case=f"drift room-{PEOPLE}", metric=metric, unit=unit, subject=[float(value)])
        for metric, unit, value in found
    ]
