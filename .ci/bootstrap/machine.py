"""What the machine must have before anything can be built, and how Debian calls it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap.steps import Failed, Work, run_named

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Need:
    """Something of the machine's, the Debian package that brings it, and what it is for."""

    package: str
    what: str
    is_met: bool
    is_required: bool = True


def building_needs() -> list[Need]:
    """List what it takes to make the virtual environment and compile the native module."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    header = Path(sysconfig.get_path("include"), "Python.h")
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    return [
        Need(f"{PYTHON}-venv", "Python's venv module (ensurepip)", has_ensurepip),
        Need(f"{PYTHON}-dev", "Python's C headers (Python.h)", header.exists()),
        Need("gcc", f"a C compiler ({compiler})", shutil.which(compiler) is not None),
        Need("libc6-dev", "the C library's headers", Path("/usr/include/stdio.h").exists()),
    ]


def testing_needs() -> list[Need]:
    """List what the tests drive besides the server itself."""
    return [
        Need("chromium", "the Chromium browser", shutil.which("chromium") is not None),
        Need("iproute2", "iproute2 (ip)", shutil.which("ip") is not None, is_required=False),
        Need("valgrind", "valgrind", shutil.which("valgrind") is not None, is_required=False),
    ]


def meet(needs: Sequence[Need]) -> None:
    """Install with apt-get what is missing, when root; else raise Failed with the command that does it."""
    missing = [need for need in needs if not need.is_met]
    if not missing:
        return
    packages = [need.package for need in missing]
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sentence = (
            f"This machine lacks {' and '.join(need.what for need in missing)}. "
            f"On Debian: sudo apt-get install {' '.join(packages)}"
        )
        if any(need.is_required for need in missing):
            raise Failed(sentence)
        print(f"{sentence} (going on without)", flush=True)
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}

    def install(work: Work) -> None:
        work.run(apt, "update", "-q", env=env)
        work.run(apt, "install", "-y", "-q", "--no-install-recommends", *packages, env=env)

    run_named(f"Installing {', '.join(packages)} with apt-get", install)
