"""Rooms as they are: a hundred people of whom one or ten talk, and many small rooms at once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.figures import Findings
from bench.plan import Plan
from bench.voice.room import Crowd
from bench.voice.sittings import compare_with_floor

_SITTINGS = 2  # nothing here has a gate
CROWDS = {
    "rooms 1-of-100": Crowd(people=100, room_size=100, talkers=1),
    "rooms 10-of-100": Crowd(people=100, room_size=100, talkers=10),
    "rooms 40-of-5": Crowd(people=200, room_size=5, talkers=200),
}


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure each crowd beside the floor."""
    plan = msgspec.structs.replace(plan, sittings=min(plan.sittings, _SITTINGS))
    findings = Findings()
    for case, crowd in CROWDS.items():
        findings.add(await compare_with_floor(case, crowd, plan, folder))
    return findings
