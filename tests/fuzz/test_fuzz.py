"""A minute of fuzzing for each parser, done while the other tests ran; `make fuzz` runs them for longer."""

from __future__ import annotations

import pytest

from tests.fuzz.catalogue import NATIVE_NAMES, PYTHON_NAMES
from tests.fuzz.shadow import Shadow

INPUTS_PER_S = 50
"""The slowest target tries ten times as many: far below, it would have been busy with something else."""


@pytest.mark.parametrize("name", PYTHON_NAMES)
def test_only_invalid_comes_out(shadow: Shadow, name: str) -> None:
    _require_nothing_broke(shadow, name)


@pytest.mark.native
@pytest.mark.parametrize("name", NATIVE_NAMES)
def test_the_engine_stands_whatever_arrives(shadow: Shadow, name: str) -> None:
    _require_nothing_broke(shadow, name)


def _require_nothing_broke(shadow: Shadow, name: str) -> None:
    result = shadow.result(name)
    print(result)
    assert not result.problem, result.problem
    assert result.inputs > result.spent_s * INPUTS_PER_S
