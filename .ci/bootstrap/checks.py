"""What `make check` and `make test` consist of."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from bootstrap.parts import Part, run_parts
from bootstrap.python_env import BIN, PYTHON
from bootstrap.steps import ROOT, RUN_DIR, files_of
from bootstrap.web import CLIENT, npm_command

PYTEST_REPORT = RUN_DIR / "pytest.xml"
# Off: 124 would make sync what a table of async handlers calls; 114 wants a list of names kept by hand;
# 127 is about our HTTP client; 900, 910, 911 and 912 are for libraries.
ASYNC_WORDS = ("--disable", "ASYNC114,ASYNC124,ASYNC127,ASYNC900,ASYNC910,ASYNC911,ASYNC912")


def python_part(name: str, *words: str) -> Part:
    """Describe a part that is a program of the virtual environment."""
    return Part(name, [BIN / words[0], *words[1:]])


def client_part(name: str, *words: str) -> Part:
    """Describe a part that is an npm script of the web client."""
    command, env = npm_command("run", "--silent", *words)
    return Part(name, command, CLIENT, env)


def c_part(name: str, target: str) -> Part:
    """Describe a part that is a target of the Makefile in native/."""
    return Part(name, ["make", f"-j{os.cpu_count() or 1}", "-C", "native", target], env=plain_environment())


def async_files(*folders: str) -> list[str]:
    """List the Python files of `folders` that are async at all: flake8-async takes no folders, and is slow.

    The tests are left to ruff, which knows most of the same rules.
    """
    files = files_of([ROOT / folder for folder in folders])
    return [str(path) for path in files if path.suffix == ".py" and is_async(path)]


def is_async(path: Path) -> bool:
    """Tell whether there is anything async in a Python file."""
    return b"async " in path.read_bytes()


def check_parts() -> list[Part]:
    """List what `make check` looks at."""
    return [
        python_part("Style (ruff check)", "ruff", "check", "."),
        python_part("Layout (ruff format)", "ruff", "format", "--check", "."),
        python_part("Trio rules (flake8-async)", "flake8-async", *ASYNC_WORDS, *async_files("src", "bench")),
        python_part("Floors (import-linter)", "lint-imports", "--no-cache", "--no-logo"),
        python_part("Types (mypy --strict)", "mypy"),
        python_part("Generated files (voicechat.gen)", "python", "-m", "voicechat.gen", "--check"),
        client_part("Client types (tsc)", "typecheck"),
        client_part("Client style (eslint)", "lint"),
        c_part("C warnings as errors", "warnings"),
    ]


def test_parts() -> list[Part]:
    """List the tests that are not pytest's."""
    return [
        c_part("C unit tests, fuzz corpus (ASan, UBSan, TSan, valgrind)", "check"),
        client_part("Client tests (vitest)", "test"),
    ]


def plain_environment() -> dict[str, str]:
    """Return the environment without what the outer make tells its children about itself."""
    ours = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def check() -> int:
    """Run `make check` and return its exit code."""
    parts = check_parts()
    failed = run_parts(parts, at_once=os.cpu_count() or 1)
    print(f"{len(parts) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def test(pytest_words: Sequence[str]) -> int:
    """Run the C, client and Python tests; with `pytest_words`, pytest alone, with these words."""
    failed = [] if pytest_words else run_parts(test_parts())
    print("Python and browser tests (pytest) …", flush=True)
    PYTEST_REPORT.unlink(missing_ok=True)
    code = subprocess.run(
        [PYTHON, "-m", "pytest", f"--junitxml={PYTEST_REPORT}", *pytest_words],
        cwd=ROOT,
        check=False,
    ).returncode
    if not failed:
        return code
    passed, pytest_failed = counts(PYTEST_REPORT)
    print(f"Besides pytest these failed, see above: {', '.join(failed)}", file=sys.stderr)
    print(f"{passed} passed, {pytest_failed + len(failed)} failed", flush=True)
    return code or 1


def counts(report: Path) -> tuple[int, int]:
    """Read (passed, failed or broken) from pytest's report; a report that is not there is one failure."""
    try:
        suites = ET.parse(report).getroot().iter("testsuite")
    except (OSError, ET.ParseError):
        return 0, 1
    passed = failed = 0
    for suite in suites:
        wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += wrong
        passed += int(suite.get("tests", 0)) - wrong - int(suite.get("skipped", 0))
    return passed, failed
