"""What a process holds: as the kernel counts it, and by the gauges it shows itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Figures:
    """What grows when something is forgotten."""

    rss_kib: int
    descriptors: int
    threads: int


def figures_of(pid: int) -> Figures:
    """Read the figures of a running process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    return Figures(int(found["VmRSS"]), len(os.listdir(f"/proc/{pid}/fd")), int(found["Threads"]))


def gauge(metrics_url: str, name: str) -> int:
    """Read one gauge of the server's private listener."""
    [value] = re.findall(rf"^voicechat_{name} (\d+)$", httpx.get(metrics_url).text, re.MULTILINE)
    return int(value)
