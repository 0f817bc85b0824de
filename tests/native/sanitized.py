"""Run tests of the engine from Python with the module compiled under a sanitizer.

    python -m tests.native.sanitized address tests/native          # and UndefinedBehaviorSanitizer
    python -m tests.native.sanitized thread tests/native -k flows  # ThreadSanitizer

The module is built beside the package, which is linked around it; the interpreter itself stays as it is, and
gets the sanitizer's library by LD_PRELOAD. Leaks are looked for by the C programs: an interpreter keeps much.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PACKAGE = ROOT / "src" / "voicechat"
_FLAGS = {
    "address": "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
    "thread": "-O1 -g -fsanitize=thread -fno-omit-frame-pointer",
}
_LIBRARIES = {"address": ("libasan.so", "libubsan.so"), "thread": ("libtsan.so",)}
_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:report_signal_unsafe=0",
}


def missing(sanitizer: str) -> str:
    """Say what it would need that is not here; empty when nothing is missing."""
    if shutil.which("gcc") is None:
        return "needs gcc and its sanitizers"
    lacking = [name for name in _LIBRARIES[sanitizer] if not os.path.isabs(_library(name))]
    if lacking:
        return f"needs {' and '.join(lacking)} of gcc"
    fixed = _fixed_addresses(sanitizer)
    if fixed and subprocess.run([*fixed, "true"], capture_output=True, check=False).returncode != 0:
        return "needs to switch off address space randomisation"
    return ""


def run(sanitizer: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Build the module and run pytest with `words` against it."""
    home = _build(sanitizer)
    preload = " ".join(_library(name) for name in _LIBRARIES[sanitizer])
    environment = {**os.environ, **_OPTIONS, "PYTHONPATH": str(home), "PYTHONMALLOC": "malloc"}
    command = [
        *_fixed_addresses(sanitizer),
        "env",
        f"LD_PRELOAD={preload}",
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, "-q", "--capture=no", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _build(sanitizer: str) -> Path:
    """Compile into native/build and return the folder to import from."""
    home = ROOT / "native" / "build" / f"python-{sanitizer}"
    package = home / "voicechat"
    package.mkdir(parents=True, exist_ok=True)
    for entry in _PACKAGE.iterdir():
        link = package / entry.name
        if not entry.name.startswith("_native") and not link.is_symlink():
            link.symlink_to(entry)
    flags = _FLAGS[sanitizer]
    words = ["build_ext", "--build-lib", str(home), "--build-temp", str(home / "objects")]
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", *words],
        cwd=ROOT,
        env={**os.environ, "CFLAGS": flags, "LDFLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the module does not compile under {sanitizer}:\n{done.stderr}")
    return home


def _fixed_addresses(sanitizer: str) -> list[str]:
    """ThreadSanitizer's shadow memory is at fixed places, which randomised ones of newer kernels may meet."""
    return ["setarch", os.uname().machine, "-R"] if sanitizer == "thread" else []


def _library(name: str) -> str:
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


if __name__ == "__main__":
    finished = run(sys.argv[1], sys.argv[2:] or ["tests/native"])
    print(finished.stdout + finished.stderr)
    sys.exit(finished.returncode)
