"""The arithmetic between a measurement and a verdict."""

from __future__ import annotations

import statistics

import pytest
from bench.stats import Summary, median, percentile, ratios, summary
from hypothesis import given
from hypothesis import strategies as st

values = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


def test_percentiles_lie_between_neighbours_in_proportion() -> None:
    assert [percentile([30.0, 10.0, 20.0], p) for p in (0, 25, 50, 90, 100)] == [10, 15, 20, 28, 30]


@given(values)
def test_the_median_is_the_median(found: list[float]) -> None:
    assert median(found) == pytest.approx(statistics.median(found))


@given(values, st.floats(0, 100))
def test_a_percentile_is_never_outside_of_what_was_found(found: list[float], percent: float) -> None:
    assert min(found) <= percentile(found, percent) <= max(found)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)


def test_the_spread_is_the_distance_of_the_quartiles() -> None:
    assert summary([1, 2, 3, 4, 100]) == Summary(median=3, spread=2)


def test_one_round_has_no_spread() -> None:
    assert summary([7.0]) == Summary(7.0, 0.0)


def test_ratios_are_of_neighbours() -> None:
    """A machine that halves its speed in the middle of a run changes no ratio."""
    assert ratios([15, 30], [10, 20]) == [1.5, 1.5]


def test_a_baseline_of_nothing_is_not_compared_with() -> None:
    assert ratios([1, 2], [0, 1]) == [2]


def test_rounds_must_be_pairs() -> None:
    with pytest.raises(ValueError):
        ratios([1, 2], [1])
