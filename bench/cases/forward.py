"""Forwarding: one-way delay and CPU per packet, the engine beside the plain C fan-out, room by room."""

from __future__ import annotations

from pathlib import Path

from bench.figures import Findings
from bench.plan import Plan
from bench.voice.room import Crowd
from bench.voice.sittings import compare_with_floor


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure every room size of the plan, everybody talking."""
    findings = Findings()
    for size in plan.rooms:
        findings.add(await compare_with_floor(f"forward room-{size}", Crowd.talking(size), plan, folder))
    return findings
