"""The steps that make the virtual environment: the environment, its packages, the native module."""

from __future__ import annotations

import platform
import subprocess
import sys
import tomllib
from typing import Any

from bootstrap.steps import ROOT, Step, Work

VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
PIP_INSTALL = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
STAMPS = VENV / "stamps"  # they go when the environment goes
NETWORK_HINT = "Python packages come from PyPI: is the network, or pip's configured index, reachable?"
NATIVE_HINT = "The native module is C11; the log shows the compiler's own words."


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def environment_step() -> Step:
    """Make `.venv`, or adopt one made by hand; one of another Python or moved from elsewhere is made anew."""

    def work(work: Work) -> None:
        if STAMPS.exists() or not is_sound():
            work.run(sys.executable, "-m", "venv", "--clear", VENV)

    return Step(
        name="Making the Python environment",
        work=work,
        stamp=STAMPS / "environment",
        facts=[platform.python_version(), str(ROOT)],
        outputs=[PYTHON],
    )


def is_sound() -> bool:
    """Tell whether `.venv` runs, is of this Python's version, and has pip."""
    question = "import platform, pip; print(platform.python_version())"
    try:
        answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == platform.python_version()


def packages_step(extra: str = "", name: str = "") -> Step:
    """Install the server's dependencies and those of `extra`, as pyproject.toml declares them."""
    declared = project()
    wanted = [*declared["build-system"]["requires"], *declared["project"]["dependencies"]]
    if extra:
        wanted += declared["project"]["optional-dependencies"][extra]

    def work(work: Work) -> None:
        work.run(*PIP_INSTALL, *wanted)

    return Step(
        name=name or "Installing Python packages",
        work=work,
        stamp=STAMPS / f"packages-{extra or 'server'}",
        facts=wanted,
        hint=NETWORK_HINT,
    )


def native_step() -> Step:
    """Compile `voicechat._native` and install the package editable, its packages being there already."""
    declared = project()["project"]
    sources = (ROOT / "native" / name for name in ("build_native.py", "include", "src"))

    def work(work: Work) -> None:
        work.run(*PIP_INSTALL, "--no-deps", "--no-build-isolation", "-e", ".")

    return Step(
        name="Building the native module",
        work=work,
        stamp=STAMPS / "native",
        inputs=[ROOT / "setup.py", *sources],
        facts=[platform.python_version(), repr(declared)],
        outputs=[ROOT / "src" / "voicechat" / "_native.abi3.so", BIN / "voicechat"],
        hint=NATIVE_HINT,
    )
