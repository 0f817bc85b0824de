"""The guard: a short run, and more sittings of what looks broken until luck is ruled out.

A sequential test. Whatever is within its gate at once has passed. A figure beyond it is measured again, a
sitting at a time, until its median is within the gate after all, or so many sittings were beyond that a
healthy figure would do that once in a hundred runs (gates.GUARD_DOUBT), or the time is up: then it passes as
"beyond, within noise". So a loaded machine cannot break a gate, and a slower engine cannot hide in noise.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

import msgspec

from bench.figures import Findings
from bench.gates import GUARD_DOUBT, Gate, Verdict, verdicts
from bench.history import Row, story
from bench.plan import Plan

#: Seconds after the start in which the last repetition may begin; each takes about five.
REPEATS_UNTIL_S = 80.0

Measure = Callable[[Plan], Awaitable[Findings]]


def judged(findings: Findings) -> list[Verdict]:
    """Judge as strictly as a build is failed."""
    return verdicts(findings.figures, doubt=GUARD_DOUBT)


async def confirm(findings: Findings, plan: Plan, measure: Measure, *, started_s: float) -> None:
    """Repeat what failed, once, and what is beyond its gate but not proved to be.

    `started_s` is when the run began (monotonic).
    """
    failed = tuple(name for name in plan.cases if any(f.startswith(f"{name}:") for f in findings.failures))
    if failed and monotonic() - started_s < REPEATS_UNTIL_S:
        print(f"again {', '.join(failed)} ({'; '.join(findings.failures)}) …", file=sys.stderr)
        findings.failures.clear()
        findings.add(await measure(msgspec.structs.replace(plan, cases=failed)))
    while doubtful := [verdict for verdict in judged(findings) if verdict.state == "noise"]:
        for verdict in doubtful:
            if monotonic() - started_s > REPEATS_UNTIL_S:
                return
            gate = verdict.gate
            print(f"again {gate.case} (its {gate.metric} was {verdict.found.median:.3g}) …", file=sys.stderr)
            more = await measure(_only(plan, gate))
            findings.continue_with(more)
            if more.failures:
                return


def _only(plan: Plan, gate: Gate) -> Plan:
    """Return a plan of one sitting of the gate's case: "forward room-10" is case forward, room 10."""
    name, _, detail = gate.case.partition(" ")
    rooms = (int(detail.removeprefix("room-")),) if name == "forward" else plan.rooms
    return msgspec.structs.replace(plan, cases=(name,), rooms=rooms, sittings=1)


def complaints(judged: Sequence[Verdict], rows: list[Row]) -> list[str]:
    """Say of every broken gate which it is, what was found, and what the figure was in kept runs."""
    return [
        f"BROKEN {verdict}\n  before: {story(rows, f'{verdict.gate.case} {verdict.gate.metric}')}"
        for verdict in judged
        if verdict.state == "broken"
    ]
