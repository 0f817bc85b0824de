"""Percentiles of the engine's histograms."""

from __future__ import annotations

import pytest
from bench.voice.histogram import difference, percentile_us


def test_a_percentile_is_the_edge_of_its_bucket() -> None:
    buckets = [(1_000, 50), (2_000, 49), (9_000, 1)]
    assert [percentile_us(buckets, p) for p in (0, 50, 51, 99, 99.5, 100)] == [1, 1, 2, 2, 9, 9]


def test_only_what_came_between_two_readings_counts() -> None:
    assert difference([(0, 5), (256, 3), (512, 1)], [(0, 5), (256, 1)]) == [(256, 2), (512, 1)]


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError):
        percentile_us([], 50)
