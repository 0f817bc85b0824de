"""Run named build steps, each with its progress and time, and skip those whose inputs have not changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN_DIR = ROOT / ".run"
PASSED_OVER = {"node_modules", "__pycache__", "build", "dist", "coverage", "test-results"}
TAIL_LINES = 25
TICK_S = 0.2


class Failed(Exception):
    """A step that cannot go on; the message is one sentence for the person at the terminal."""

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.log = log


@dataclass(frozen=True)
class Work:
    """What a step is given to run its commands: its log and a sign of life while they run."""

    log: Path
    tick: Callable[[], None]

    def run(self, *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        """Run `command` with its output in the log; raise Failed when it does not end with 0."""
        words = [str(word) for word in command]
        plain = {**(os.environ if env is None else env), "NO_COLOR": "1"}
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            process = subprocess.Popen(
                words, cwd=cwd, env=plain, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            code = self._wait(process)
        if code != 0:
            said = " ".join([Path(words[0]).name, *words[1:]])
            raise Failed(f"`{said}` ended with exit code {code}.", self.log)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            while True:
                try:
                    return process.wait(TICK_S)
                except subprocess.TimeoutExpired:
                    self.tick()
        except BaseException:
            process.terminate()
            process.wait()
            raise


@dataclass(frozen=True)
class Step:
    """One named piece of work; it is done again when its inputs or facts change or an output is missing."""

    name: str
    work: Callable[[Work], None]
    stamp: Path
    inputs: Sequence[Path] = ()
    facts: Sequence[str] = ()
    outputs: Sequence[Path] = field(default=())
    hint: str = ""

    def fingerprint(self) -> str:
        """Hash the facts and the content of every input file."""
        digest = hashlib.sha256()
        for fact in self.facts:
            digest.update(f"{fact}\0".encode())
        for path in files_of(self.inputs):
            digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_done(self) -> bool:
        """Tell whether the stamp is of what there is now and the outputs are there."""
        if not all(output.exists() for output in self.outputs):
            return False
        try:
            return self.stamp.read_text() == self.fingerprint()
        except OSError:
            return False


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """List the files under `paths` in a fixed order, build products passed over."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
            yield from (Path(folder, name) for name in sorted(names) if not name.endswith((".pyc", ".so")))


def run_steps(steps: Sequence[Step]) -> int:
    """Do the steps not done yet, in order, and return how many; raise Failed at the first that fails."""
    done = 0
    for number, step in enumerate(steps, start=1):
        if step.is_done():
            continue
        done += 1
        fingerprint = step.fingerprint()
        step.stamp.unlink(missing_ok=True)
        try:
            run_named(f"[{number}/{len(steps)}] {step.name}", step.work)
        except Failed as failure:
            raise Failed(f"{failure} {step.hint}".strip(), failure.log) from failure
        if missing := [output for output in step.outputs if not output.exists()]:
            raise Failed(f"{step.name} ended well but did not make {missing[0].relative_to(ROOT)}.")
        step.stamp.parent.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(fingerprint)
    return done


def run_named(title: str, work: Callable[[Work], None]) -> None:
    """Do one piece of work under a progress line that ends with its time, its output in a log of its own."""
    started = time.monotonic()
    lively = sys.stdout.isatty()

    def spent() -> str:
        return f"{time.monotonic() - started:.1f} s"

    def tick() -> None:
        if lively:
            print(f"\r{title} … {spent()}", end="", flush=True)

    print(f"{title} …", end="", flush=True)
    try:
        work(Work(new_log(title), tick))
    except BaseException as ending:
        print(f" failed after {spent()}" if isinstance(ending, Failed) else "", flush=True)
        raise
    print(f"\r{title} … {spent()}" if lively else f" {spent()}", flush=True)


def new_log(title: str) -> Path:
    """Return the path of an empty log file named after `title`."""
    words = "".join(letter if letter.isalnum() else " " for letter in title.split("] ")[-1].lower()).split()
    log = RUN_DIR / "logs" / f"{'-'.join(words)}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    return log


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of `log`."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
