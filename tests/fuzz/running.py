"""Runs a Python target over mutations of its corpus for a while; what breaks it is saved and shown.

python -m tests.fuzz.running TARGET SECONDS SEED      # seconds of the processor; ends early on SIGTERM
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.fuzz.targets import TARGETS

SAVED = Path(__file__).parents[2] / ".run" / "fuzz"
SLOWEST_S = 2.0
"""A hang, not a measure: the slowest input takes some ten milliseconds."""
GROWTH_KIB = 64 * 1024
_SHOWN_BYTES = 3000


class Hang(BaseException):
    """One input has had the processor for too long; no `except Exception` on its way may take it."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to; seconds are the processor's."""

    inputs: int
    spent_s: float
    growth_kib: int


class Run:
    """One run of a target."""

    def __init__(self, name: str, seed: int) -> None:
        self._name, self._seed = name, seed
        self._inputs = self._inputs_at_tick = 0
        self._is_over = False

    def go(self, seconds: float) -> Outcome:
        """Feed the corpus and then mutations; AssertionError names the input that broke the target."""
        target, chance = TARGETS[self._name], random.Random(self._seed)
        begun_s = time.process_time()
        with self._watched():
            for data in target.corpus:
                self._feed(data)
            held_kib = _most_kib()
            while not self._is_over and time.process_time() - begun_s < seconds:
                self._feed(target.mutate(chance, target.corpus))
        outcome = Outcome(self._inputs, time.process_time() - begun_s, _most_kib() - held_kib)
        assert outcome.growth_kib < GROWTH_KIB, f"{self._name} (seed {self._seed}) leaks: {outcome}"
        return outcome

    def stop(self) -> None:
        """End before the next input."""
        self._is_over = True

    def _feed(self, data: bytes) -> None:
        self._inputs += 1
        try:
            TARGETS[self._name].run(data)
        except (Exception, Hang) as problem:
            told = f"{type(problem).__name__} {str(problem)[:200]}"
            raise AssertionError(
                f"{self._name} (seed {self._seed}): {told} over {saved(self._name, data)}\n"
                f"as base64: {base64.b64encode(data[:_SHOWN_BYTES]).decode()}"
            ) from problem

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Look every so often (of the processor's time) whether it is still at the same input.

        And whether somebody waits for the result.
        """
        parent = os.getppid()

        def look(number: int, frame: FrameType | None) -> None:
            if os.getppid() != parent:
                os._exit(1)
            if self._inputs == self._inputs_at_tick:
                raise Hang(f"over {SLOWEST_S} s of the processor for one input")
            self._inputs_at_tick = self._inputs

        before = signal.signal(signal.SIGPROF, look)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST_S, SLOWEST_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


def saved(name: str, data: bytes) -> Path:
    """Keep an input; `python -m tests.fuzz --replay FILE TARGET` feeds it again."""
    SAVED.mkdir(parents=True, exist_ok=True)
    path = SAVED / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str, seconds: float, seed: int) -> None:
    """Run and print what it came to; a traceback and exit code 1 when something broke."""
    run = Run(name, seed)
    signal.signal(signal.SIGTERM, lambda number, frame: run.stop())
    outcome = run.go(seconds)
    print(f"{outcome.inputs} inputs in {outcome.spent_s:.1f} s, {outcome.growth_kib} KiB more held")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
