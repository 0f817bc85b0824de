"""What a viewer's network carries, by its arrival times, its losses and its own words."""

from __future__ import annotations

from voicechat.rtc.capacity import LIMIT_S, Capacity

RATE = 1_000_000


def sending(capacity: Capacity, until: int, *, start: int = 0, lost: float = 0.0, rate: int = RATE) -> None:
    """Send at this rate, with a report every second."""
    for second in range(start, until):
        sent = 1 + second * rate // 8
        capacity.look(second, sent_bytes=sent, lost=lost, reported_us=1 + second)


def test_nothing_is_known_at_first() -> None:
    assert Capacity().bits_per_s(1.0) is None


def test_without_arrival_times_losses_tell() -> None:
    capacity = Capacity()
    sending(capacity, 3, lost=0.2)
    assert capacity.bits_per_s(3.0) == RATE * 0.9 * 0.9


def test_an_estimate_by_arrival_times_comes_before_losses() -> None:
    capacity = Capacity()
    sending(capacity, 3, lost=0.2)
    capacity.estimated(5 * RATE)
    assert capacity.bits_per_s(3.0) == 5 * RATE


def test_what_a_viewer_says_bounds_what_is_known_otherwise() -> None:
    capacity = Capacity()
    capacity.limited(1.0, 400_000)
    assert capacity.bits_per_s(1.0) == 400_000
    capacity.estimated(300_000)
    assert capacity.bits_per_s(1.0) == 300_000
    capacity.estimated(500_000)
    assert capacity.bits_per_s(1.0) == 400_000


def test_what_a_viewer_does_not_repeat_holds_for_five_seconds() -> None:
    capacity = Capacity()
    sending(capacity, 2)
    capacity.limited(1.0, 400_000)
    sending(capacity, 6, start=2)
    assert capacity.bits_per_s(1.0 + LIMIT_S - 0.1) == 400_000
    sending(capacity, 7, start=6)
    assert capacity.bits_per_s(1.0 + LIMIT_S) is None


def test_while_nothing_is_sent_what_a_viewer_said_stands() -> None:
    capacity = Capacity()
    sending(capacity, 2)
    capacity.limited(1.0, 50_000)
    for second in range(2, 60):
        capacity.look(second, sent_bytes=1 + RATE // 8, lost=0.0, reported_us=1)
    assert capacity.bits_per_s(60.0) == 50_000
    sending(capacity, 66, start=60)
    assert capacity.bits_per_s(66.0) is None


def test_what_does_not_hold_any_more_does_not_come_back_when_nothing_is_sent() -> None:
    capacity = Capacity()
    sending(capacity, 2)
    capacity.limited(1.0, 50_000)
    sending(capacity, 8, start=2)
    for second in range(8, 10):
        capacity.look(second, sent_bytes=1 + 7 * RATE // 8, lost=0.0, reported_us=8)
    assert capacity.bits_per_s(9.0) is None
