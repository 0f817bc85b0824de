"""`python -m bench`: what it runs and what its exit code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.programs import Broken

from bench import __main__ as command_line


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """Two cases in place of the real ones: `forward` finds the given ratios, `broken` fails."""
    found: dict[str, list[float]] = {"ratios": [1.0]}

    async def forward(plan: Plan, folder: Path) -> Findings:
        ours = found["ratios"]
        return Findings(figures=[Figure(
            case="forward room-10", metric="delay-p50", unit="µs", subject=ours, baseline=[1.0] * len(ours),
            against="floor",
        )])  # fmt: skip

    async def broken(plan: Plan, folder: Path) -> Findings:
        raise Broken("the load generator ended unexpectedly")

    monkeypatch.setattr(command_line, "CASES", {"forward": forward, "broken": broken})
    return found


def test_the_guard_passes_when_the_gates_hold(cases: dict[str, list[float]]) -> None:
    assert command_line.main(["--guard", "--only", "forward"]) == 0


def test_the_guard_names_what_is_broken(
    cases: dict[str, list[float]], capsys: pytest.CaptureFixture[str]
) -> None:
    cases["ratios"] = [1.9, 2.0, 2.0, 2.0, 2.0, 2.0, 2.1]
    assert command_line.main(["--guard", "--only", "forward"]) == 1
    said = capsys.readouterr().err
    assert "BROKEN forward room-10 delay-p50" in said
    assert "2 ± 0, gate 1.5" in said
    assert "before:" in said


def test_a_case_that_fails_does_not_hide_the_others(
    cases: dict[str, list[float]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["--guard", "--only", "broken,forward"]) == 2
    said = capsys.readouterr()
    assert "NOT MEASURED broken: the load generator ended unexpectedly" in said.err
    assert "aim met" in said.out


def test_an_unknown_case_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--only", "nonsense"]) == 2
    assert "unknown cases: nonsense" in capsys.readouterr().err
