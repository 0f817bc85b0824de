"""The C side's own proof: warnings, sanitizers, counted allocations, corpus replay, valgrind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from voicechat.media.engine import EngineLimits

NATIVE = Path(__file__).parents[2] / "native"


def make(*targets: str) -> str:
    done = subprocess.run(
        ["make", "-s", "-C", str(NATIVE), *targets], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.native
@pytest.mark.parametrize("target", ["warnings", "unit", "threads", "plain", "replay", "valgrind"])
def test_make_check(target: str) -> None:
    print(make(target))  # says what was skipped for want of a program


@pytest.mark.native
def test_the_corpus_is_what_its_maker_makes(tmp_path: Path) -> None:
    maker: dict[str, object] = {"__file__": str(tmp_path / "make_corpus.py"), "__name__": "maker"}
    exec((NATIVE / "fuzz" / "make_corpus.py").read_text(), maker)
    main = maker["main"]
    assert callable(main)
    main()
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for path, data in made.items():
        assert (NATIVE / "fuzz" / path).read_bytes() == data


def test_limits_name_fields_of_the_contract() -> None:
    header = (NATIVE / "include" / "vc_engine.h").read_text()
    assert all(f" {name};" in header for name in EngineLimits.__dataclass_fields__)
