"""When a gate is broken, and when a run is only noisy."""

from __future__ import annotations

import pytest
from bench.figures import Figure
from bench.gates import GATES, Gate, State, judge, verdicts
from bench.stats import Summary

GATE = Gate("case", "metric", "ratio", limit=1.5, aim=1.2, says="something")


@pytest.mark.parametrize(("median", "spread", "state"), [
    (1.2, 0.0, "aim"),
    (1.3, 5.0, "gate"),
    (1.5, 0.0, "gate"),
    (1.6, 0.1, "noise"),
    (1.61, 0.1, "broken"),
    (1.51, 0.0, "broken"),
])  # fmt: skip
def test_a_gate_is_broken_only_beyond_the_spread_of_the_run(
    median: float, spread: float, state: State
) -> None:
    assert judge(GATE, Summary(median, spread)).state == state


def figure(subject: list[float], baseline: list[float]) -> Figure:
    return Figure(
        case="case", metric="metric", unit="µs", subject=subject, baseline=baseline, against="floor"
    )


def test_a_ratio_is_judged_round_by_round() -> None:
    """The medians' own ratio would be 2; every pair says 1."""
    [verdict] = verdicts([figure([1, 2, 8, 8], [1, 2, 8, 8])], [GATE])
    assert (verdict.found.median, verdict.state) == (1.0, "aim")


def test_one_bad_round_breaks_nothing() -> None:
    [verdict] = verdicts([figure([10, 10, 10, 10, 90], [10] * 5)], [GATE])
    assert verdict.state == "aim"


def test_a_steady_loss_breaks_the_gate_and_says_which_and_by_how_much() -> None:
    [verdict] = verdicts([figure([20, 21, 22], [10, 10, 10])], [GATE])
    assert verdict.state == "broken"
    assert all(part in str(verdict) for part in ("case metric", "2.1", "0.1", "1.5", "something"))


def test_a_value_is_judged_by_itself() -> None:
    gate = Gate("case", "metric", "value", limit=150, aim=70, says="a time")
    [verdict] = verdicts([figure([100, 120, 110], [])], [gate])
    assert (verdict.found.median, verdict.state) == (110, "gate")


def test_what_was_not_measured_is_not_judged() -> None:
    assert verdicts([], GATES) == []
    assert verdicts([figure([1], [])], [GATE]) == []


def test_every_aim_is_stricter_than_its_gate() -> None:
    assert all(gate.aim < gate.limit for gate in GATES)
