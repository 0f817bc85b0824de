"""A child process that ends with us: started, watched by its pidfd, stopped by ever stronger signals.

The kernel signals the child when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), so
children are started from the thread Trio runs in, never from a worker thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import trio

from voicechat.embedded.account import Account
from voicechat.errors import Unavailable

_LAUNCHER = Path(__file__).with_name("launch.py")
_LOG_BYTES = 1024 * 1024
KILL_WITHIN_S = 5.0
STOP_WITHIN_S = 20.0  # more than the stop signals of any program take together
# A clean environment: no locale surprises in the servers' output, and none of our secrets in theirs.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Program:
    """What to run, as whom, where, and how it is to be told to stop.

    `stop_signals` are tried in turn, each given its number of seconds; the first is also what the kernel
    sends when this server dies. SIGKILL follows the last.
    """

    name: str
    arguments: Sequence[str]
    account: Account
    folder: Path
    log: Path
    stop_signals: Sequence[tuple[signal.Signals, float]]


class Child:
    """One running process; owned by the task that spawned it."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self.program = program
        self._process = process
        self.pid = process.pid
        self._pidfd = os.pidfd_open(process.pid)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    async def wait(self) -> int:
        """Wait for the end; return the exit status, negative for a signal."""
        while (status := self._process.poll()) is None:
            await trio.lowlevel.wait_readable(self._pidfd)
        return status

    async def stop(self) -> None:
        """End the process, politely first, and reap it. Call it shielded, for STOP_WITHIN_S."""
        for number, patience_s in (*self.program.stop_signals, (signal.SIGKILL, KILL_WITHIN_S)):
            if self.has_ended:
                break
            self._process.send_signal(number)
            with trio.move_on_after(patience_s):
                await self.wait()
        self.close()

    def close(self) -> None:
        """Let go of the watching descriptor."""
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def spawn(program: Program, *, stdin: int | IO[bytes] = subprocess.DEVNULL) -> Child:
    """Start `program` in a session of its own, so that a Ctrl-C in the terminal reaches only us."""
    account = program.account
    death_signal = program.stop_signals[0][0]
    words = (os.getpid(), int(death_signal), account.uid, account.gid, account.capability)
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, words)]
    with _opened_log(program.log) as log:
        process = subprocess.Popen(
            [*launcher, *program.arguments],
            cwd=program.folder,
            env=_ENVIRONMENT,
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Child(program, process)


def _opened_log(path: Path) -> IO[bytes]:
    """Open the log for appending; one that has grown too long becomes `<name>.old` first."""
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.old"))
    return path.open("ab")


async def run_to_end(program: Program, *, text: str = "") -> None:
    """Run `program` with `text` as its input; raise Unavailable with the end of its log when it fails."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write(text.encode())
        stdin.seek(0)
        child = spawn(program, stdin=stdin)
    try:
        status = await child.wait()
    finally:
        with trio.move_on_after(STOP_WITHIN_S, shield=True):
            await child.stop()
    if status != 0:
        raise Unavailable(
            f"{program.name} failed with status {status}; its log ends with:\n{tail(program.log)}"
        )


def tail(path: Path, *, lines: int = 6) -> str:
    """Return the last lines of a log, for the message of an error."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
