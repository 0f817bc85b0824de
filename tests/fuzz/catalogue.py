"""All that can be fuzzed, by name, and the program that does it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz.running import SAVED
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "native"

PYTHON_NAMES = tuple(TARGETS)
NATIVE_NAMES = tuple(f"native_{folder.name}" for folder in sorted((NATIVE / "fuzz" / "corpus").iterdir()))


def command(name: str, seconds: float, seed: int) -> list[str]:
    """Return the words that fuzz `name` for so many seconds of the processor.

    It ends early on SIGTERM, says how many inputs in how many seconds, and fails when something broke.
    """
    if name in PYTHON_NAMES:
        return [sys.executable, "-m", "tests.fuzz.running", name, str(seconds), str(seed)]
    SAVED.mkdir(parents=True, exist_ok=True)
    options = [f"-seconds={seconds}", f"-seed={seed}", f"-save={SAVED / name}"]
    return [program(name), *options, *corpus(name)]


def program(name: str) -> str:
    """Name the program of a native target; `make -C native fuzzers` builds it."""
    return str(NATIVE / "build" / "asan" / f"replay_{name.removeprefix('native_')}")


def corpus(name: str) -> list[str]:
    """List the seeds of a native target."""
    folder = NATIVE / "fuzz" / "corpus" / name.removeprefix("native_")
    return sorted(str(path) for path in folder.iterdir())
