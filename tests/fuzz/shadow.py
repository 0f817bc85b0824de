"""Fuzzing in the shadow of the other tests: begun with the session, asked for its results at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from tests.fuzz.catalogue import NATIVE, NATIVE_NAMES, ROOT
from tests.fuzz.crew import Result


def build() -> str:
    """Build the programs of native/fuzz; return what the compiler says when it cannot."""
    words = ["make", "-s", f"-j{os.cpu_count()}", "-C", str(NATIVE), "fuzzers"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


class Shadow:
    """The processes that fuzz while other tests run; they end with `close`, or when this process does."""

    def __init__(self, names: Sequence[str], seconds: float, seed: int) -> None:
        self._unbuilt = build() if set(names) & set(NATIVE_NAMES) else ""
        self._results: dict[str, Result] = {}
        self._other_words = ""
        able = [name for name in names if not self._unbuilt or name not in NATIVE_NAMES]
        words = [sys.executable, "-m", "tests.fuzz", "--shadow", f"--seconds={seconds}", f"--seed={seed}"]
        self._process = subprocess.Popen(
            [*words, *able],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # weighs little; Ctrl-C is for us alone; can be killed with its children
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._words = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process that leads the others."""
        return self._process.pid

    def result(self, name: str) -> Result:
        """Wait for a target's result; it has everybody's right to the processor from now on."""
        if self._unbuilt and name in NATIVE_NAMES:
            return Result(name, problem=self._unbuilt)
        with contextlib.suppress(BrokenPipeError):  # it has ended: what it said is read below
            self._orders.write("hurry\n")
            self._orders.flush()
        while name not in self._results:
            line = self._words.readline()
            if not line:
                return Result(name, problem=f"{name}: the fuzzers have ended:\n{self._other_words}")
            try:
                said = msgspec.json.decode(line, type=Result)
                self._results[said.name] = said
            except msgspec.DecodeError:
                self._other_words += line
        return self._results[name]

    def let_go(self) -> None:
        """Do as the end of this process would."""
        with contextlib.suppress(BrokenPipeError):
            self._orders.close()

    def close(self) -> None:
        """End all that still runs; nothing can be asked for any more."""
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.let_go()
        self._words.close()
