"""A viewer's network judged by its losses."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from voicechat.rtc.loss import CLEAR, GROWTH, LEAST, LossEstimate

RATE = 1_000_000


def reports(estimate: LossEstimate, *losses: float, rate: int = RATE, start: int = 1) -> list[float | None]:
    """Send at this rate, with a report every second."""
    told = []
    for second, lost in zip(count(start), losses, strict=False):
        told.append(estimate.look(second, sent_bytes=second * rate // 8, lost=lost, reported_us=second))
    return told


def test_without_loss_nothing_is_held_against_the_network() -> None:
    assert reports(LossEstimate(), 0, 0, 0.05, 0) == [None] * 4


def test_heavy_loss_lowers_the_estimate_below_what_was_sent() -> None:
    assert reports(LossEstimate(), 0, 0.2) == [None, RATE * 0.9]


def test_further_loss_lowers_it_further_and_some_loss_leaves_it() -> None:
    second = RATE * 0.9 * 0.9
    assert reports(LossEstimate(), 0, 0.2, 0.2, 0.05) == [None, RATE * 0.9, second, second]


def test_light_loss_raises_it_until_it_is_no_limit_any_more() -> None:
    estimate = LossEstimate()
    told = reports(estimate, 0, 0.2, *[0.0] * 60)
    assert told[2] == RATE * GROWTH  # all that was sent has come
    assert told[-1] is None
    assert max(one for one in told if one is not None) <= CLEAR * RATE


def test_a_report_counts_once() -> None:
    estimate = LossEstimate()
    reports(estimate, 0, 0.2)
    again = estimate.look(3.0, sent_bytes=3 * RATE // 8, lost=0.2, reported_us=2)
    assert again == RATE * 0.9


def test_loss_of_what_was_not_sent_says_nothing() -> None:
    assert LossEstimate().look(1.0, sent_bytes=0, lost=1.0, reported_us=1) is None


@given(st.lists(st.floats(0, 1), max_size=50), st.integers(0, 10**8))
def test_it_stays_within_reason(losses: list[float], rate: int) -> None:
    for told in reports(LossEstimate(), *losses, rate=rate):
        assert told is None or LEAST <= told <= CLEAR * max(rate, LEAST) * GROWTH
