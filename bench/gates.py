"""The gates: what each figure may be at most, and whether a run broke one beyond its own noise (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bench.figures import Figure
from bench.stats import Summary

Kind = Literal["ratio", "value"]
State = Literal["aim", "gate", "noise", "broken"]


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
    Gate("join 5-others", "first-audio", "value", 150, 70, "join to first audio, 5 others, Chromium, ms"),
    Gate("memory", "bytes-per-peer", "value", 65_536, 32_768, "engine memory per connected peer, bytes"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of a figure.

    aim: the aim is met. gate: the gate is. noise: the median is beyond the gate by no more than the spread of
    the run's own rounds, which proves nothing. broken: beyond that.
    """

    gate: Gate
    found: Summary
    state: State

    def as_dict(self) -> dict[str, Any]:
        """Flatten for the result file."""
        return {**asdict(self.gate), **asdict(self.found), "state": self.state}

    def __str__(self) -> str:
        gate, found = self.gate, self.found
        return (
            f"{gate.case} {gate.metric}: {gate.kind} {found.median:.3g} ± {found.spread:.2g}, "
            f"gate {gate.limit:g}, aim {gate.aim:g}: {self.state} ({gate.says})"
        )


def judge(gate: Gate, found: Summary) -> Verdict:
    """Compare what was found with the gate."""
    return Verdict(gate, found, _state(gate, found))


def _state(gate: Gate, found: Summary) -> State:
    if found.median <= gate.aim:
        return "aim"
    if found.median <= gate.limit:
        return "gate"
    return "noise" if found.median - found.spread <= gate.limit else "broken"


def verdicts(figures: Iterable[Figure], gates: Sequence[Gate] = GATES) -> list[Verdict]:
    """Judge every figure that has a gate; gates whose figure was not measured say nothing."""
    by_place = {(figure.case, figure.metric): figure for figure in figures}
    judged = []
    for gate in gates:
        figure = by_place.get((gate.case, gate.metric))
        if figure is None:
            continue
        found = figure.ratio() if gate.kind == "ratio" else figure.values()
        if found is not None:
            judged.append(judge(gate, found))
    return judged
