"""The search for the largest load that holds."""

from __future__ import annotations

import numpy as np
import pytest
from bench.cases.capacity import Search, is_held
from bench.voice.delays import Delays
from bench.voice.measure import Round


@pytest.mark.parametrize("most_that_holds", [0, 1, 57, 99, 100])
def test_halving_finds_the_largest_load_that_holds(most_that_holds: int) -> None:
    search = Search(100)
    while (load := search.next()) is not None:
        search.tried(load, load <= most_that_holds)
    assert search.held == most_that_holds


@pytest.mark.parametrize(("late_us", "lost", "holds"), [(0, 0, True), (6000, 0, False), (0, 3, False)])
def test_a_load_holds_while_voices_are_in_time_and_whole(late_us: float, lost: int, holds: bool) -> None:
    delays = Delays(us=np.array([100.0] * 900 + [100.0 + late_us] * 100), forwarded=1000, lost=lost)
    assert is_held(Round(delays, cpu_us=1.0, paced_share=1.0)) == holds
