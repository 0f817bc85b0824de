"""Run commands whose exit codes count together: each is run, and one that fails fails the whole."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bootstrap.steps import ROOT, Failed, Work, new_log


@dataclass(frozen=True)
class Part:
    """One command whose exit code counts."""

    name: str
    command: Sequence[str | Path]
    cwd: Path = ROOT
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    """How a part went: the seconds it took, and its output when it failed."""

    spent_s: float
    failure: str | None


def run_parts(parts: Sequence[Part], at_once: int = 1) -> list[str]:
    """Run every part, show the whole output of each that fails, and return their names."""
    failed = []
    with ThreadPoolExecutor(at_once) as pool:
        try:
            outcomes = pool.map(run_part, parts)
            for number, part in enumerate(parts, start=1):
                print(f"[{number}/{len(parts)}] {part.name} …", end="", flush=True)
                outcome = next(outcomes)
                if outcome.failure is None:
                    print(f" {outcome.spent_s:.1f} s", flush=True)
                    continue
                failed.append(part.name)
                print(f" failed after {outcome.spent_s:.1f} s\n{outcome.failure}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return failed


def run_part(part: Part) -> Outcome:
    """Run one part to its end."""
    started = time.monotonic()
    log = new_log(part.name)
    try:
        Work(log, tick=lambda: None).run(*part.command, cwd=part.cwd, env=part.env)
    except Failed:
        return Outcome(time.monotonic() - started, log.read_text(errors="replace"))
    except OSError as problem:
        return Outcome(time.monotonic() - started, f"{part.command[0]}: {problem.strerror}")
    return Outcome(time.monotonic() - started, None)
