"""`voicechat bench`: the checkout's bench, or a sentence that says what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voicechat import __main__ as program


def test_it_is_the_bench_of_the_checkout() -> None:
    command = [sys.executable, "-m", "voicechat", "bench", "--only", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown cases: nonsense" in done.stderr


def test_without_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "_CHECKOUT", tmp_path)
    assert program.main(["bench"]) == 2
    assert "the bench needs a checkout of the source" in capsys.readouterr().err


def test_without_its_packages_it_names_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "_BENCH_PACKAGES", ("numpy", "no_such_package"))
    assert program.main(["bench", "--guard"]) == 2
    assert "the packages no_such_package: pip install" in capsys.readouterr().err
