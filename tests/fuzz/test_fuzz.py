"""A few seconds of fuzzing for each parser; `python -m tests.fuzz` runs them for longer."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.fuzz.running import run
from tests.fuzz.targets import TARGETS

SECONDS = 3
NATIVE = Path(__file__).parents[2] / "native"


@pytest.mark.parametrize("name", TARGETS)
def test_only_invalid_comes_out(name: str) -> None:
    print(run(name, SECONDS, seed=int(time.time())))


@pytest.mark.native
def test_the_engine_stands_whatever_arrives() -> None:
    words = ["make", "-s", f"-j{os.cpu_count()}", "-C", str(NATIVE), "mutate", f"FUZZ_SECONDS={SECONDS + 2}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
