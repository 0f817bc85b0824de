"""What a killed server may have left running: found by its pid file, known by its folder, and ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import trio

from voicechat.logs import get_logger

log = get_logger("embedded")


async def end_orphan(
    pid_file: Path, working_folder: Path, signals: Sequence[tuple[signal.Signals, float]]
) -> None:
    """End the process named in `pid_file` if it really works in `working_folder`, and remove the file.

    Call it only while holding the data folder. A number that now belongs to something else is left alone.
    """
    pid = _pid_in(pid_file)
    if pid is not None and _works_in(pid, working_folder):
        log.warning("orphan_found", pid=pid, folder=str(working_folder))
        await _end(pid, signals)
    _remove(pid_file)


def _remove(pid_file: Path) -> None:
    pid_file.unlink(missing_ok=True)


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder.resolve())
    except OSError:
        return False


async def _end(pid: int, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number, patience_s in (*signals, (signal.SIGKILL, 5.0)):
            try:
                signal.pidfd_send_signal(pidfd, number)
            except ProcessLookupError:
                return
            with trio.move_on_after(patience_s):
                await trio.lowlevel.wait_readable(pidfd)
                return
    finally:
        os.close(pidfd)
