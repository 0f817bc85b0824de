"""Fuzz everything for a while: `python -m tests.fuzz [--seconds 60] [--seed N] [target …]`.

Each target is a process of its own, as many at once as there are cores, and has so many seconds of a core.
When no target is named and clang is installed, libFuzzer runs the programs of native/fuzz instead.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from tests.fuzz.catalogue import NATIVE, NATIVE_NAMES, PYTHON_NAMES, program
from tests.fuzz.crew import Crew, Result, weigh_session
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Return 0 when nothing broke."""
    words = _words()
    if words.replay:
        return _replay(words.replay, words.targets)
    if words.shadow:
        trio.run(_serve, words.targets, words.seconds, words.seed)
        return 0
    has_libfuzzer = not words.targets and shutil.which("clang") is not None
    names = words.targets or (PYTHON_NAMES if has_libfuzzer else [*PYTHON_NAMES, *NATIVE_NAMES])
    make = ["make", "-s", f"-j{os.cpu_count()}", "-C", str(NATIVE)]
    if any(name in NATIVE_NAMES for name in names):
        subprocess.run([*make, "fuzzers"], check=True)
    print(f"seed {words.seed}", flush=True)
    results: list[Result] = []
    trio.run(_run, names, words.seconds, words.seed, results)
    broken = any(result.problem for result in results)
    if has_libfuzzer:
        broken |= subprocess.run([*make, "fuzz", f"FUZZ_SECONDS={words.seconds:.0f}"]).returncode != 0
    return 1 if broken else 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each target, of a core")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--replay", metavar="FILE", type=Path, help="feed the target named this one input")
    parser.add_argument("--shadow", action="store_true", help=argparse.SUPPRESS)  # as the test suite does
    names = [*PYTHON_NAMES, *NATIVE_NAMES]
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(names)}")
    words = parser.parse_args()
    if unknown := set(words.targets) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if words.replay and len(words.targets) != 1:
        parser.error("--replay goes with one target")
    return words


def _replay(path: Path, targets: Sequence[str]) -> int:
    name = targets[0]
    if name in NATIVE_NAMES:
        return subprocess.run([program(name), str(path)], check=False).returncode
    TARGETS[name].run(path.read_bytes())
    return 0


async def _run(names: Sequence[str], seconds: float, seed: int, results: list[Result]) -> None:
    def report(result: Result) -> None:
        results.append(result)
        print(
            result.problem or f"{result.name:16} {result.inputs:10} inputs in {result.spent_s:.0f} s",
            flush=True,
        )

    await _crew(seconds, seed, in_shadow=False).run(names, report)


async def _serve(names: Sequence[str], seconds: float, seed: int) -> None:
    """Fuzz in the shadow and print results as JSON; a line in asks to hurry, the end of input to give up."""

    def report(result: Result) -> None:
        print(msgspec.json.encode(result).decode(), flush=True)

    weigh_session(19)
    crew = _crew(seconds, seed, in_shadow=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen, crew, nursery.cancel_scope)
        nursery.start_soon(_give_up_when_told, nursery.cancel_scope)
        await crew.run(names, report)
        nursery.cancel_scope.cancel()


async def _listen(crew: Crew, everything: trio.CancelScope) -> None:
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as asked:
        while await asked.receive_some():
            weigh_session(0)
            crew.step_forward()
    everything.cancel()


async def _give_up_when_told(everything: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            everything.cancel()


_crew = functools.partial(Crew, at_once=os.cpu_count() or 1)


if __name__ == "__main__":
    sys.exit(main())
