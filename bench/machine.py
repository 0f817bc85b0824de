"""The machine and the versions a result was taken with: a figure without them says nothing."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pylibsrtp._binding

ROOT = Path(__file__).resolve().parent.parent
_SPIN_NS = 500_000_000
_GAP_NS = 50_000  # many times what an interrupt takes
_PACKAGES = ("pylibsrtp", "trio", "cffi", "msgspec", "hypercorn", "uvloop", "playwright")


def describe() -> dict[str, Any]:
    """Name CPU, kernel, load, versions and commit; what cannot be found is left out or empty."""
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "compiler": _first_line("cc", "--version"),
        "srtp": _srtp_version(),
        "packages": _package_versions(),
        "commit": commit(),
        "is_modified": bool(_git("status", "--porcelain", "--", "src", "native", "client", "bench")),
        "gaps": gaps(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def cpu_model() -> str:
    """Return the CPU's name as the kernel gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    """Return the short name of the checked-out commit, "unknown" outside git."""
    return _git("rev-parse", "--short=9", "HEAD") or "unknown"


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def waited_us() -> int | None:
    """Return how long, since the start, some task had to wait for a CPU (PSI); None where it is not told."""
    try:
        text = Path("/proc/pressure/cpu").read_text()
    except OSError:
        return None
    some = next(line for line in text.splitlines() if line.startswith("some"))
    return int(some.rpartition("total=")[2])


def gaps() -> dict[str, float]:
    """Spin for half a second with the highest priority to be had and note when the machine stood still.

    Nothing inside a virtual machine explains such gaps when the priority was granted: its host does. They
    are the tails that no server can avoid here.
    """
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        missing = list(_missing_ns())
    finally:
        os.sched_setscheduler(0, *before)
    return {
        "percent": round(sum(missing) / _SPIN_NS * 100, 1),
        "longest_ms": round(max(missing, default=0) / 1e6, 2),
    }


def _missing_ns() -> Iterator[int]:
    last = time.monotonic_ns()
    end = last + _SPIN_NS
    while last < end:
        now = time.monotonic_ns()
        if now - last > _GAP_NS:
            yield now - last
        last = now


def _srtp_version() -> str:
    """Name libsrtp and OpenSSL inside pylibsrtp's wheel, where its symbols are to be found."""
    try:
        library = ctypes.CDLL(pylibsrtp._binding.__file__)
        srtp, openssl = library.srtp_get_version_string, library.OpenSSL_version
    except (AttributeError, OSError):
        return ""
    srtp.restype = openssl.restype = ctypes.c_char_p
    return f"{srtp().decode()} with {openssl(0).decode()}"


def _package_versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(*words: str) -> str:
    return _first_line("git", "-C", str(ROOT), *words)


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.splitlines()[0] if done.stdout else ""
