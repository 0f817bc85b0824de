"""Fuzz everything for a while: `python -m tests.fuzz [--seconds 60] [--seed N] [target …]`.

The Python targets run in processes of their own, as many at once as there are cores, and then those of
native/fuzz: under libFuzzer where clang is installed, else by mutation of their corpora.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.running import run
from tests.fuzz.targets import TARGETS

_NATIVE = Path(__file__).parents[2] / "native"


def main() -> int:
    """Return 0 when nothing broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "targets", nargs="*", help=f"of {', '.join(TARGETS)}; all, and native/fuzz, when none is named"
    )
    words = parser.parse_args()
    broken = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = {name: pool.submit(run, name, words.seconds, words.seed) for name in words.targets or TARGETS}
        for name, running in runs.items():
            problem = running.exception()
            print(f"{name:16} {problem or running.result()}", flush=True)
            broken += problem is not None
    if not words.targets:
        make = [
            "make",
            "-s",
            f"-j{os.cpu_count()}",
            "-C",
            str(_NATIVE),
            "fuzz",
            f"FUZZ_SECONDS={words.seconds}",
        ]
        broken += subprocess.run(make, check=False).returncode != 0
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
