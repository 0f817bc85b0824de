"""When a gate is broken, and when a run only had bad luck."""

from __future__ import annotations

import pytest
from bench.figures import Figure
from bench.gates import GATES, GUARD_DOUBT, Gate, State, judge, verdicts
from bench.stats import chance_of

GATE = Gate("case", "metric", "ratio", limit=1.5, aim=1.2, says="something")


def figure(subject: list[float], baseline: list[float], sittings: int = 0) -> Figure:
    return Figure(
        case="case", metric="metric", unit="µs", subject=subject, baseline=baseline, against="floor",
        sittings=sittings,
    )  # fmt: skip


@pytest.mark.parametrize(("ratios", "doubt", "state"), [
    ([1.0, 1.2, 9.0], 0.13, "aim"),
    ([1.0, 1.5, 9.0], 0.13, "gate"),
    ([1.4, 1.6, 1.6], 0.13, "noise"),
    ([1.6, 1.6, 1.6], 0.13, "broken"),
    ([9.0, 9.0, 9.0], GUARD_DOUBT, "noise"),
    ([1.6] * 7, GUARD_DOUBT, "broken"),
    ([1.4] + [1.6] * 9, GUARD_DOUBT, "noise"),
    ([1.4] + [1.6] * 10, GUARD_DOUBT, "broken"),
])  # fmt: skip
def test_a_gate_is_broken_only_where_luck_is_ruled_out(
    ratios: list[float], doubt: float, state: State
) -> None:
    verdict = judge(GATE, figure(ratios, [1.0] * len(ratios)), doubt)
    assert verdict is not None
    assert verdict.state == state


def test_what_counts_are_sittings_not_their_rounds() -> None:
    """Rounds of one sitting share its luck of memory: eight slow rounds of two sittings prove little."""
    [verdict] = verdicts([figure([2.0] * 8, [1.0] * 8, sittings=2)], [GATE])
    assert (verdict.beyond, verdict.sittings, verdict.state) == (2, 2, "noise")


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
    assert all(part in str(verdict) for part in ("case metric", "2.1", "0.1", "1.5", "3 of 3", "something"))


def test_a_value_is_judged_by_itself() -> None:
    gate = Gate("case", "metric", "value", limit=150, aim=70, says="a time")
    [verdict] = verdicts([figure([100, 120, 110], [])], [gate])
    assert (verdict.found.median, verdict.state) == (110, "gate")


def test_a_count_needs_no_second_look() -> None:
    gate = Gate("case", "metric", "count", limit=100, aim=50, says="bytes")
    [verdict] = verdicts([figure([101], [])], [gate], doubt=GUARD_DOUBT)
    assert verdict.state == "broken"


def test_what_was_not_measured_is_not_judged() -> None:
    assert verdicts([], GATES) == []
    assert verdicts([figure([1], [])], [GATE]) == []


def test_every_aim_is_stricter_than_its_gate() -> None:
    assert all(gate.aim < gate.limit for gate in GATES)


def test_the_chance_of_luck_halves_with_each_sitting() -> None:
    assert [chance_of(3, 3), chance_of(7, 7), chance_of(0, 5)] == [1 / 8, 1 / 128, 1]
