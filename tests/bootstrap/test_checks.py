"""What `make test`, `make check` and .ci/run answer when one of their parts fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bootstrap import checks
from bootstrap.parts import Part, run_parts
from tests.bootstrap.conftest import program

CI_RUN = Path(__file__).parents[2] / ".ci" / "run"


@pytest.mark.parametrize("at_once", [1, 2])
def test_all_parts_are_run_and_the_failed_ones_named(
    checkout: Path, capsys: pytest.CaptureFixture[str], at_once: int
) -> None:
    parts = [
        Part("Good", ["true"], checkout),
        Part("Bad", ["sh", "-c", "echo line 7 is wrong; exit 1"], checkout),
        Part("Better", ["touch", "reached"], checkout),
    ]
    assert run_parts(parts, at_once) == ["Bad"]
    assert (checkout / "reached").exists()
    assert "line 7 is wrong" in capsys.readouterr().out


def test_a_failed_client_test_fails_the_whole_though_pytest_passed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = checkout / "pytest.xml"
    suite = '<testsuites><testsuite tests="5" failures="0" errors="0" skipped="1"/></testsuites>'
    monkeypatch.setattr(checks, "PYTEST_REPORT", report)
    monkeypatch.setattr(checks, "PYTHON", program(checkout / "python", f"echo '{suite}' > {report}"))
    monkeypatch.setattr(checks, "test_parts", lambda: [Part("Client tests", ["false"], checkout)])
    assert checks.test([]) == 1
    assert capsys.readouterr().out.endswith("\n4 passed, 1 failed\n")


def test_a_pytest_that_left_no_report_counts_as_failed(tmp_path: Path) -> None:
    assert checks.counts(tmp_path / "none.xml") == (0, 1)


@pytest.mark.parametrize("broken", ["check", "test", "bench-guard", "none"])
def test_ci_runs_all_and_fails_with_any(tmp_path: Path, broken: str) -> None:
    said = tmp_path / "said"
    lines = [f'echo "$1" >> {said}', f"case $1 in {broken}) exit 2;; esac"]
    program(tmp_path / "bin" / "make", *lines)
    answer = subprocess.run(
        ["bash", CI_RUN], env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, check=False, timeout=30
    )
    assert said.read_text().split() == ["check", "test", "bench-guard"]
    assert answer.returncode == (0 if broken == "none" else 2)


def test_a_part_whose_program_is_missing_fails(checkout: Path) -> None:
    assert run_parts([Part("Gone", [checkout / "no-such-program"], checkout)]) == ["Gone"]
