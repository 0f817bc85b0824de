"""The command line behind the Makefile: one function for each of its targets."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bootstrap import checks
from bootstrap.machine import building_needs, meet, testing_needs
from bootstrap.python_env import PYTHON, VENV, environment_step, native_step, packages_step
from bootstrap.steps import ROOT, RUN_DIR, Failed, Step, run_steps, tail
from bootstrap.web import CLIENT, PRODUCT, web_package_steps, web_steps

BUILT = [PRODUCT, RUN_DIR, ROOT / "native" / "build", ROOT / "build", *(ROOT / "src").glob("*.egg-info")]
CACHES = [
    ROOT / name
    for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis")
]


@contextmanager
def alone() -> Iterator[None]:
    """Hold the checkout's build lock, so that two makes do not build into each other."""
    RUN_DIR.mkdir(exist_ok=True)
    with (RUN_DIR / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is building in this checkout; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tool_step(extra: str) -> Step:
    """Install the tools that one of the extras `test`, `check` and `bench` names."""
    return packages_step(extra, f"Installing the {extra} tools")


def prepare(*extras: str, client: Sequence[Step]) -> None:
    """Bring the environment with `extras`, the native module and the `client` steps up to date."""
    with alone():
        started = time.monotonic()
        steps: list[Step] = [environment_step(), packages_step(), *map(tool_step, extras)]
        steps += [native_step(), *client]
        if not all(step.is_done() for step in steps):
            meet(building_needs())
        done = run_steps(steps)
    spent = time.monotonic() - started
    said = f"Built in {spent:.1f} s." if done else f"Everything is built ({spent * 1000:.0f} ms)."
    print(said, flush=True)


def run(words: Sequence[str]) -> int:
    """Become the server."""
    prepare(client=web_steps())
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", "voicechat", "serve", *words])


def test(words: Sequence[str]) -> int:
    """Run every test, or those that `words` name to pytest."""
    if not words:
        with alone():
            meet(testing_needs())
    prepare("test", client=web_steps())
    return checks.test(words)


def check(words: Sequence[str]) -> int:
    """Run the linters, type checkers and freshness checks."""
    prepare("test", "check", client=web_package_steps())
    return checks.check()


def native(words: Sequence[str]) -> int:
    """Build the native module."""
    prepare(client=[])
    return 0


def web(words: Sequence[str]) -> int:
    """Build the web client."""
    prepare(client=web_steps())
    return 0


def gen(words: Sequence[str]) -> int:
    """Write the files that are generated from the protocol."""
    prepare(client=[])
    os.execv(PYTHON, [str(PYTHON), "-m", "voicechat.gen", *words])


def bench(words: Sequence[str]) -> int:
    """Run the bench suite; the guard looks at the engine alone and needs no web client."""
    prepare("bench", client=[] if "--guard" in words else web_steps())
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", "bench", *words])


def bench_peers(words: Sequence[str]) -> int:
    """Fetch and build the other servers, then measure ours beside them."""
    prepare("bench", client=[])
    os.chdir(ROOT)
    if not words:
        subprocess.run([PYTHON, "-m", "bench.peers", "--install"], check=False)  # it says what is missing
    os.execv(PYTHON, [str(PYTHON), "-m", "bench.peers", *words])


def fuzz(words: Sequence[str]) -> int:
    """Fuzz every parser, a minute each unless `words` say otherwise."""
    prepare("test", client=[])
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.fuzz", *words])


def clean(words: Sequence[str]) -> int:
    """Remove what was built; with --all also the installed packages. Data folders are never touched."""
    heavy = [VENV, CLIENT / "node_modules"] if "--all" in words else []
    for path in [*BUILT, *CACHES, *heavy]:
        shutil.rmtree(path, ignore_errors=True)
    for path in (ROOT / "src" / "voicechat").glob("_native.*"):
        path.unlink()
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "native": native,
    "web": web,
    "gen": gen,
    "bench": bench,
    "bench-peers": bench_peers,
    "fuzz": fuzz,
    "clean": clean,
}


def main(words: Sequence[str]) -> int:
    """Run one command and say in plain words what went wrong, if something did."""
    if not words or words[0] not in COMMANDS:
        print(f"usage: bootstrap {'|'.join(COMMANDS)} [words for the program]", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # … in a locale that has no …
    try:
        return COMMANDS[words[0]](words[1:])
    except Failed as failure:
        if failure.log is not None:
            print(f"\nThe end of {failure.log.relative_to(ROOT)}:\n{tail(failure.log)}\n", file=sys.stderr)
        print(failure, file=sys.stderr)
        return 1
    except PermissionError as problem:
        sentence = (
            f"{problem.filename} cannot be written ({problem.strerror}): run make as the checkout's owner."
        )
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
