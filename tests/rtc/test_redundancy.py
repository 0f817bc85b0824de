"""When a listener's voices carry earlier packets once more, by what its network loses."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicechat.rtc.redundancy import DOWN, HOLD_S, LOOK_PACKETS, UP, Redundancy

REPORT_S = 5


class Path:
    """A network that loses at random; half of it is asked for in time, or what is `asked`."""

    def __init__(self, *, asked: float = 0.5, voices: int = 1, seed: int = 1) -> None:
        self.redundancy = Redundancy()
        self.packets = self.resent = self.lost = self.unreported = 0
        self.second = 0
        self._asked, self._per_s = asked, voices * LOOK_PACKETS
        self._chance = random.Random(seed)

    def run(self, seconds: int, loss: float) -> list[int]:
        """Let it lose so much, look each second, and return the distances."""
        return [self._pass(loss) for _ in range(seconds)]

    def _pass(self, loss: float) -> int:
        self.second += 1
        self.packets += self._per_s
        gone = sum(self._chance.random() < loss for _ in range(self._per_s))
        again = sum(self._chance.random() < self._asked for _ in range(gone))
        self.resent += again
        self.unreported += gone - again
        if self.second % REPORT_S == 0:
            self.lost, self.unreported = self.lost + self.unreported, 0
        return self.redundancy.look(
            float(self.second), packets=self.packets, resent=self.resent, lost=self.lost
        )


@pytest.mark.parametrize("asked", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("loss", "distance"), [(0.0, 0), (0.01, 0), (0.09, 1), (0.25, 2), (0.6, 2)])
def test_it_is_as_much_as_the_losses_ask_for(loss: float, distance: int, asked: float) -> None:
    """However much of them is asked for again in time, and so not reported."""
    told = Path(asked=asked).run(60, loss)
    assert set(told[20:]) == {distance}


@pytest.mark.parametrize("voices", [1, 5])
def test_it_comes_within_a_few_seconds(voices: int) -> None:
    assert 1 in Path(asked=0.9, voices=voices).run(5, 0.15)


@pytest.mark.parametrize("asked", [0.0, 1.0])
def test_it_ends_once_the_losses_have_been_gone_for_a_while(asked: float) -> None:
    path = Path(asked=asked)
    path.run(30, 0.25)
    after = path.run(120, 0.0)
    assert after == sorted(after, reverse=True)
    assert set(after) == {2, 1, 0}
    assert after.count(2) > HOLD_S
    assert after.count(1) >= HOLD_S - 1


def test_between_the_bounds_it_stays_as_it_was() -> None:
    """What loses 3 % neither begins nor ends it: nothing flickers."""
    calm, rough = Path(seed=2, asked=1.0, voices=5), Path(seed=2, asked=1.0, voices=5)
    rough.run(20, 0.10)
    assert set(calm.run(60, 0.032)) == {0}
    assert set(rough.run(60, 0.032)) == {1}


def test_a_dark_moment_is_paid_for_for_less_than_a_minute() -> None:
    path = Path(asked=0.0)
    path.run(20, 0.0)
    path.run(3, 1.0)
    assert path.run(60, 0.0)[-1] == 0


def test_few_packets_are_no_ground_to_judge_by() -> None:
    redundancy = Redundancy()
    redundancy.look(1.0, packets=0, resent=0, lost=0)
    for number in range(1, LOOK_PACKETS):
        assert redundancy.look(1.0 + number, packets=number, resent=number, lost=0) == 0
    assert redundancy.loss == 0
    assert redundancy.look(60.0, packets=LOOK_PACKETS, resent=LOOK_PACKETS, lost=0) > 0


def test_slots_that_end_begin_the_count_anew() -> None:
    path = Path(asked=1.0)
    path.run(20, 0.25)
    path.packets, path.resent, path.lost = LOOK_PACKETS, 0, 0
    before = path.redundancy.loss
    path.run(1, 0.0)
    assert path.redundancy.loss == before


def test_what_it_costs_is_said() -> None:
    path = Path(asked=1.0)
    assert path.redundancy.copies == 1
    path.run(30, 0.25)
    assert path.redundancy.copies == 3


Counts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-(10**6), 10**6))


@given(st.lists(Counts, max_size=60))
def test_it_stays_within_its_steps_whatever_is_told(told: list[tuple[int, int, int]]) -> None:
    redundancy = Redundancy()
    for second, (packets, resent, lost) in enumerate(told):
        distance = redundancy.look(float(second), packets=packets, resent=resent, lost=lost)
        assert 0 <= distance <= len(UP) == len(DOWN)
        assert 0 <= redundancy.loss <= 1
