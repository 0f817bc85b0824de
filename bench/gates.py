"""The gates: what each figure may be at most, and whether a run shows one broken beyond luck (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bench.figures import Figure
from bench.stats import Summary, chance_of

#: A count is exact: bytes, packets. Ratios and values are measured, so that luck has a part in them.
Kind = Literal["ratio", "value", "count"]
State = Literal["aim", "gate", "noise", "broken"]

#: How likely luck alone may be where a report says "broken": all of three sittings were beyond the gate.
REPORT_DOUBT = 0.13
#: Where the guard fails a build: all of seven, ten of eleven, …
GUARD_DOUBT = 0.01


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound on one figure: on its ratio to the baseline of the same run, or on its own value."""

    case: str
    metric: str
    kind: Kind
    limit: float
    aim: float
    says: str


#: Ratios say what our own work adds and hold on any machine. Values are bounds that users feel.
GATES: tuple[Gate, ...] = (
    Gate("forward room-10", "delay-p50", "ratio", 1.5, 1.2, "voice delay, 10 people, to plain C fan-out"),
    Gate("forward room-50", "cpu-per-forward", "ratio", 1.5, 1.3, "CPU per packet, 50 people, to the same"),
    Gate("busy room-10", "delay-p99", "ratio", 1.5, 1.1, "voice delay with chat and Python busy, to quiet"),
    # Where there is no real-time priority. Waiting for the GIL once would make it ten or more.
    Gate("busy room-10 beset", "delay-p50", "ratio", 3, 1.65, "voice delay beside busy Python, to the floor"),
    Gate("flood stun-forged", "delay-p99", "ratio", 1.5, 1.1, "voice delay in a flood of forged checks"),
    Gate("flood stun-random", "delay-p99", "ratio", 1.5, 1.1, "the same, checks that name nobody"),
    Gate("flood join", "connected", "ratio", 2, 1.2, "join in a flood of forged checks, to quiet"),
    Gate("video voices-beside-30", "delay-p99", "value", 3000, 1000, "voice p99 beside a video to 30, µs"),
    Gate("drift room-25", "timestamps-off-even", "count", 500, 200, "timestamps off the clock, two hours"),
    Gate("drift room-25", "engine-grown", "count", 1, 0, "bytes the engine grew in two hours"),
    Gate("join 5-others", "first-audio", "value", 150, 70, "join to first audio, 5 others, Chromium, ms"),
    Gate("memory", "bytes-per-peer", "count", 65_536, 32_768, "engine memory per connected peer, bytes"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of a figure.

    aim: the aim is met. gate: the gate is. noise: the median is beyond the gate, but too few of the sittings
    (`beyond` of `sittings`) are to rule out luck. broken: enough are.
    """

    gate: Gate
    found: Summary
    beyond: int
    sittings: int
    state: State

    def as_dict(self) -> dict[str, Any]:
        """Flatten for the result file."""
        counts = {"beyond": self.beyond, "sittings": self.sittings}
        return {**asdict(self.gate), **asdict(self.found), **counts, "state": self.state}

    def __str__(self) -> str:
        gate, found = self.gate, self.found
        return (
            f"{gate.case} {gate.metric}: {gate.kind} {found.median:.3g} ± {found.spread:.2g}, "
            f"gate {gate.limit:g}, aim {gate.aim:g}, {self.beyond} of {self.sittings} sittings beyond: "
            f"{self.state} ({gate.says})"
        )


def judge(gate: Gate, figure: Figure, doubt: float = REPORT_DOUBT) -> Verdict | None:
    """Compare a figure with its gate; None when there is nothing to compare.

    `doubt` is how likely luck alone may be where the verdict is "broken".
    """
    is_ratio = gate.kind == "ratio"
    found = figure.ratio() if is_ratio else figure.values()
    if found is None:
        return None
    sittings = figure.by_sitting(as_ratio=is_ratio)
    beyond = sum(value > gate.limit for value in sittings)
    is_proved = gate.kind == "count" or chance_of(beyond, len(sittings)) <= doubt
    return Verdict(gate, found, beyond, len(sittings), _state(gate, found, is_proved))


def _state(gate: Gate, found: Summary, is_proved: bool) -> State:
    if found.median <= gate.aim:
        return "aim"
    if found.median <= gate.limit:
        return "gate"
    return "broken" if is_proved else "noise"


def verdicts(
    figures: Iterable[Figure], gates: Sequence[Gate] = GATES, *, doubt: float = REPORT_DOUBT
) -> list[Verdict]:
    """Judge every figure that has a gate; gates whose figure was not measured say nothing."""
    by_place = {(figure.case, figure.metric): figure for figure in figures}
    judged = (
        judge(gate, by_place[gate.case, gate.metric], doubt)
        for gate in gates
        if (gate.case, gate.metric) in by_place
    )
    return [verdict for verdict in judged if verdict is not None]
