"""Looking at and waiting for processes, by pidfd and /proc."""

from __future__ import annotations

import os
from pathlib import Path

import trio


def working_in(folder: Path) -> list[int]:
    """List the processes whose working directory is `folder` or below."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if Path(place).is_relative_to(folder):
                found.append(int(entry.name))
    return found


async def wait_ended(pid: int) -> None:
    """Wait until the process is gone (or a zombie)."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await trio.lowlevel.wait_readable(pidfd)
    finally:
        os.close(pidfd)
