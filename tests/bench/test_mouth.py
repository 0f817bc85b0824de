"""Which burst at the ear is which at the mouth."""

from __future__ import annotations

from bench.cases.mouth import delays_ms


def test_each_burst_is_matched_with_the_next_at_either_ear() -> None:
    server, direct = delays_ms([1000, 1500, 2000], [1060, 1570, 2080], [1050, 1555, 2060])
    assert (server, direct) == ([60, 70, 80], [50, 55, 60])


def test_what_one_ear_missed_is_not_compared() -> None:
    assert delays_ms([1000, 1500], [1060], [1050, 1555]) == ([60], [50])


def test_a_burst_heard_only_much_later_is_another() -> None:
    assert delays_ms([1000], [1500], [1500]) == ([], [])
