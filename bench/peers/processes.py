"""Server processes: started on the CPU of what is measured, weighed with all their children, ended by pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio

from bench.programs import Broken

_ENDS_WITHIN_S = 5.0
_LOG_TAIL = 600


def on_cpu(cpu: int | None, command: Sequence[str | Path]) -> list[str]:
    """Return the command that begins its life on `cpu`, which is what a Go runtime counts; None: anywhere."""
    words = [str(word) for word in command]
    return words if cpu is None else ["taskset", "-c", str(cpu), *words]


def pin_tree(pid: int, cpu: int | None) -> None:
    """Move all threads of a process and its descendants to one CPU."""
    if cpu is not None:
        for member in tree(pid):
            for thread in _threads(member):
                with suppress(OSError):
                    os.sched_setaffinity(int(thread.name), {cpu})


class ServerProcess:
    """A running server and its log."""

    def __init__(self, process: trio.Process, log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    async def wait_for(self, is_up: str | None = None, *, port: int = 0, within_s: float = 20.0) -> None:
        """Wait until the log says `is_up`, or somebody listens on TCP `port`. Broken when it ends first."""
        with trio.move_on_after(within_s):
            while not (is_up is not None and is_up in self.said()):
                if self._process.poll() is not None:
                    raise Broken(f"it ended with {self._process.returncode}: {self.said()[-_LOG_TAIL:]}")
                if port and await _listens(port):
                    return
                await trio.sleep(0.05)
            return
        raise Broken(f"it was not up within {within_s:g} s: {self.said()[-_LOG_TAIL:]}")

    async def wait_ended(self, *, within_s: float = 20.0) -> None:
        """Wait until it has ended by itself; longer than that and it is ended."""
        with trio.move_on_after(within_s):
            await self._process.wait()

    def said(self) -> str:
        """Return its log so far."""
        return self._log.read_text(errors="replace")


async def _listens(port: int) -> bool:
    try:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
    except OSError:
        return False
    await stream.aclose()
    return True


@asynccontextmanager
async def open_process(
    command: Sequence[str | Path], folder: Path, cpu: int | None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServerProcess]:
    """Run a server in `folder`; it has ended when the block has."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = await trio.lowlevel.open_process(
            on_cpu(cpu, command),
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
    try:
        yield ServerProcess(process, log)
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


async def _end(process: trio.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with trio.move_on_after(_ENDS_WITHIN_S):
        await process.wait()
        return
    process.kill()
    await process.wait()


def tree(pid: int) -> list[int]:
    """List a process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, []))
    return found


class Meter:
    """The CPU time of a process and its descendants; what ended keeps what it had when last seen."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._spent: dict[str, int] = {}

    def total_ns(self) -> int:
        """Return the time of all threads so far (/proc/…/schedstat, first figure)."""
        for pid in tree(self._pid):
            for thread in _threads(pid):
                with suppress(OSError):
                    self._spent[str(thread)] = int(thread.joinpath("schedstat").read_text().split()[0])
        return sum(self._spent.values())


def _threads(pid: int) -> list[Path]:
    with suppress(OSError):
        return list(Path(f"/proc/{pid}/task").iterdir())
    return []


def memory_bytes(pids: Sequence[int]) -> int:
    """Return the proportional set size of these processes: resident memory, shared pages divided."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
