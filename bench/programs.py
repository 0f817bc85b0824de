"""The bench's own programs: compiled when their source is newer, run as children that talk in lines."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import trio

from bench.machine import ROOT

_BENCH = ROOT / "bench"
_BUILD = ROOT / "build" / "bench"
_NATIVE = ROOT / "native"
_FLAGS = ("-std=c11", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
_SCHEDULING = _NATIVE / "src" / "vc_sched.c"  # the children ask for what the media thread asks for


class Broken(Exception):
    """A program of the bench did not do what it is there for; the message says which and what it said."""


def compiled(name: str, folder: str = "") -> Path:
    """Return the program of bench/<folder or name>/<name>.c, compiling it first when it is out of date."""
    return _built(_BUILD / name, _BENCH / (folder or name) / f"{name}.c", [_SCHEDULING])


def compiled_library(name: str) -> Path:
    """Return bench/<name>/<name>.c as a shared library with the whole engine in it."""
    return _built(
        _BUILD / f"{name}.so", _source(name), sorted((_NATIVE / "src").glob("*.c")), "-shared", "-fPIC"
    )


def compiled_with_engine(name: str, *wrapped: str) -> Path:
    """Return bench/<name>/<name>.c with the whole engine in it, functions of the C library `wrapped` (ld)."""
    engine = sorted((_NATIVE / "src").glob("*.c"))
    return _built(_BUILD / name, _source(name), engine, *(f"-Wl,--wrap={function}" for function in wrapped))


def _source(name: str) -> Path:
    return _BENCH / name / f"{name}.c"


def _built(target: Path, source: Path, engine: Sequence[Path], *flags: str) -> Path:
    """Compile a source of the bench with some of the engine's, unless that was done since they changed."""
    folders = (_BENCH / "load", _NATIVE / "include", _NATIVE / "src")
    inputs = (source, *engine, *(header for folder in folders for header in folder.glob("*.h")))
    if target.exists() and target.stat().st_mtime > max(path.stat().st_mtime for path in inputs):
        return target
    _BUILD.mkdir(parents=True, exist_ok=True)
    sources = [str(path) for path in (source, *engine)]
    command = [
        "cc",
        *_FLAGS,
        *flags,
        *(f"-I{folder}" for folder in folders),
        "-o",
        str(target),
        *sources,
        "-lpthread",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as problem:
        raise Broken("there is no C compiler (cc): the bench's own programs cannot be built") from problem
    if done.returncode != 0:
        raise Broken(f"compiling {source.relative_to(ROOT)}:\n{done.stderr}")
    return target


class Child:
    """A program that answers lines with lines."""

    def __init__(self, process: trio.Process, name: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._name = name
        self._stdin, self._stdout = process.stdin, process.stdout
        self._unread = b""

    async def say(self, line: str) -> None:
        """Write one line."""
        await self._stdin.send_all(line.encode() + b"\n")

    async def hear(self, *, within_s: float = 30.0) -> str:
        """Read one line. Broken when the program ends or is silent for `within_s`."""
        with trio.move_on_after(within_s):
            while b"\n" not in self._unread:
                chunk = await self._stdout.receive_some()
                if not chunk:
                    raise Broken(f"{self._name} ended unexpectedly")
                self._unread += chunk
            line, _, self._unread = self._unread.partition(b"\n")
            return line.decode()
        raise Broken(f"{self._name} was silent for {within_s:g} s")

    async def ask(self, line: str, *, within_s: float = 30.0) -> str:
        """Write one line and read the answer."""
        await self.say(line)
        return await self.hear(within_s=within_s)


@asynccontextmanager
async def running(command: Sequence[str | Path], name: str) -> AsyncIterator[Child]:
    """Run a program in the project's folder; it is gone when the block has ended."""
    process = await trio.lowlevel.open_process(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        yield Child(process, name)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


def cpu_ns(pid: int, thread: int) -> int:
    """Return how long a thread has run (/proc/…/schedstat, first figure)."""
    return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])


def load_cpu() -> int | None:
    """Return the CPU the load generator is pinned to; None where there is only one."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0] if len(cpus) > 1 else None


def subject_cpu() -> int | None:
    """Return the CPU that what is measured is pinned to; None where there is only one."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[-1] if len(cpus) > 1 else None


@contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """Keep the calling thread on one CPU for a while; None leaves it alone."""
    before = os.sched_getaffinity(0)
    pin(0, cpu)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def prior() -> Iterator[None]:
    """Run the calling thread before all ordinary ones for a while, where that is allowed."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def pin(thread: int, cpu: int | None) -> None:
    """Keep a thread on one CPU; None leaves it alone."""
    if cpu is not None:
        os.sched_setaffinity(thread, {cpu})
