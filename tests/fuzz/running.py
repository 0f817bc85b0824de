"""Runs a target over mutations of its corpus for a while; what breaks it is saved and shown."""

from __future__ import annotations

import random
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

SAVED = Path(__file__).parents[2] / ".run" / "fuzz"
SLOWEST_S = 2.0
"""A hang, not a measure: the slowest input takes some ten milliseconds."""
GROWTH_KIB = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    inputs: int
    slowest_s: float
    growth_kib: int


def run(name: str, seconds: float, seed: int) -> Outcome:
    """Feed target `name` its corpus and then mutations; AssertionError names the input that broke it."""
    target, chance = TARGETS[name], random.Random(seed)
    for data in target.corpus:
        _feed(name, data, seed)
    held_kib = _most_kib()
    inputs, slowest_s, until = len(target.corpus), 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = target.mutate(chance, target.corpus)
        begun = time.monotonic()
        _feed(name, data, seed)
        inputs += 1
        took_s = time.monotonic() - begun
        if took_s > SLOWEST_S:
            raise AssertionError(f"{name} took {took_s:.1f} s over {_saved(name, data)}")
        slowest_s = max(slowest_s, took_s)
    growth_kib = _most_kib() - held_kib
    assert growth_kib < GROWTH_KIB, f"{name} holds {growth_kib} KiB more after {inputs} inputs"
    return Outcome(inputs, slowest_s, growth_kib)


def _feed(name: str, data: bytes, seed: int) -> None:
    try:
        TARGETS[name].run(data)
    except Exception as problem:
        raise AssertionError(
            f"{name} (seed {seed}): {type(problem).__name__} {str(problem)[:200]} over {_saved(name, data)}"
        ) from problem


def _saved(name: str, data: bytes) -> Path:
    SAVED.mkdir(parents=True, exist_ok=True)
    path = SAVED / f"{name}-{abs(hash(data)):x}"
    path.write_bytes(data)
    return path


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
