"""Fuzzes several targets at once in processes of their own, if need be in the shadow of other work."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from tests.fuzz.catalogue import ROOT, command

_SAID = re.compile(r"(\d+) inputs in ([\d.]+) s")
_ENOUGH = 0.99
"""Of the seconds asked for: programs say tenths of a second."""


@dataclass(frozen=True)
class Result:
    """What became of a target: `problem` is empty when nothing broke; seconds are the processor's."""

    name: str
    inputs: int = 0
    spent_s: float = 0.0
    problem: str = ""


class Crew:
    """Gives each target its seconds of the processor.

    In the shadow, a program gets only what nothing else on the machine wants. `step_forward` ends that: those
    that run stop, and others go on for the rest of their time with everybody's right to the processor.
    """

    def __init__(self, seconds: float, seed: int, at_once: int, *, in_shadow: bool) -> None:
        self._seconds, self._seed = seconds, seed
        self._seats = trio.CapacityLimiter(at_once)
        self._forward = trio.Event()
        if not in_shadow:
            self._forward.set()

    def step_forward(self) -> None:
        """Leave the shadow."""
        self._forward.set()

    async def run(self, names: Sequence[str], report: Callable[[Result], None]) -> None:
        """Fuzz the targets in this order, report each at its end; cancelled, it leaves no process behind."""
        async with trio.open_nursery() as nursery:
            for name in names:
                await self._seats.acquire_on_behalf_of(name)
                nursery.start_soon(self._seat, name, report)

    async def _seat(self, name: str, report: Callable[[Result], None]) -> None:
        result, seed = Result(name), self._seed
        while not result.problem and result.spent_s < self._seconds * _ENOUGH:
            result = await self._part(result, seed)
            seed += 1
        report(result)
        self._seats.release_on_behalf_of(name)

    async def _part(self, so_far: Result, seed: int) -> Result:
        """Run the program for what is left of the time, or until it has to leave the shadow."""
        left_s = self._seconds - so_far.spent_s
        is_in_shadow = not self._forward.is_set()
        async with _running(command(so_far.name, left_s, seed)) as process:
            if is_in_shadow:
                _put_in_shadow(process.pid)
            told = await self._ending(process, left_s)
        if is_in_shadow and process.returncode == -signal.SIGTERM:
            return so_far  # it had not even begun
        said = _SAID.search(told)
        if process.returncode != 0 or said is None:
            return replace(so_far, problem=f"{so_far.name} ended with {process.returncode}:\n{told}")
        inputs, spent_s = int(said[1]), float(said[2])
        is_short = not is_in_shadow and spent_s < left_s * _ENOUGH - 0.1
        problem = f"{so_far.name} was to go on for {left_s:.1f} s:\n{told}" if is_short else ""
        return replace(
            so_far, inputs=so_far.inputs + inputs, spent_s=so_far.spent_s + spent_s, problem=problem
        )

    async def _ending(self, process: trio.Process, left_s: float) -> str:
        """Return all that the program says until its end."""
        assert process.stdout is not None
        told = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._see_to_its_end, process, left_s)
            async for chunk in process.stdout:
                told += chunk
            await process.wait()
            nursery.cancel_scope.cancel()
        return told.decode(errors="replace")

    async def _see_to_its_end(self, process: trio.Process, left_s: float) -> None:
        if not self._forward.is_set():
            await self._forward.wait()
            process.terminate()
        await trio.sleep(60 + 10 * left_s)  # it neither ends nor uses the processor
        process.kill()


@asynccontextmanager
async def _running(words: Sequence[str]) -> AsyncIterator[trio.Process]:
    process = await trio.lowlevel.open_process(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
            assert process.stdout is not None
            await process.stdout.aclose()


def weigh_session(nice: int) -> None:
    """Say how much this session counts among others, 0 to 19, where the kernel groups processes by session.

    There, priorities hold within a session alone: an idle class would use up what its session may have.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


def _put_in_shadow(pid: int) -> None:
    """Let it have what nobody else wants, or little more where there is no such scheduling class."""
    try:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 19)
