"""The guard: it looks again before it says that something is broken, and sees an engine that got slower."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import monotonic

import msgspec
import pytest
from bench.figures import Figure, Findings
from bench.guard import REPEATS_UNTIL_S, complaints, confirm, judged
from bench.history import Row, append, read
from bench.plan import GUARD, Plan
from bench.voice import engine

from bench import __main__ as command_line

FIGURE = "forward room-10 delay-p50"
PROTECT_SLOWED = Path(__file__).parent / "slow_protect.c"


def found(ratios: list[float]) -> Findings:
    return Findings(figures=[Figure(
        case="forward room-10", metric="delay-p50", unit="µs", subject=ratios, baseline=[1.0] * len(ratios),
        against="floor", sittings=len(ratios),
    )])  # fmt: skip


class Later:
    """What each repetition finds."""

    def __init__(self, ratios: list[float]) -> None:
        self.ratios = ratios
        self.asked: list[Plan] = []

    async def __call__(self, plan: Plan) -> Findings:
        self.asked.append(plan)
        return found([self.ratios.pop(0)])


async def test_what_is_within_its_gate_is_not_measured_again() -> None:
    later = Later([])
    await confirm(found([1.4, 1.4, 9.0]), GUARD, later, started_s=monotonic())
    assert later.asked == []


async def test_bad_luck_passes_when_looked_at_again() -> None:
    findings, later = found([1.6, 1.6, 1.6]), Later([1.4, 1.4, 1.4])
    await confirm(findings, GUARD, later, started_s=monotonic())
    assert [verdict.state for verdict in judged(findings)] == ["gate"]


async def test_what_is_slow_every_time_is_broken_after_seven_sittings() -> None:
    findings, later = found([1.6] * 3), Later([1.6] * 9)
    await confirm(findings, GUARD, later, started_s=monotonic())
    assert [(verdict.state, verdict.sittings) for verdict in judged(findings)] == [("broken", 7)]


async def test_only_the_doubtful_figure_is_measured_again() -> None:
    later = Later([1.0])
    await confirm(found([1.6]), GUARD, later, started_s=monotonic())
    [plan] = later.asked
    assert (plan.cases, plan.rooms, plan.sittings) == (("forward",), (10,), 1)


async def test_the_guard_ends_in_time_and_lets_pass_what_it_could_not_prove() -> None:
    findings = found([1.6] * 3)
    await confirm(findings, GUARD, Later([]), started_s=monotonic() - REPEATS_UNTIL_S)
    assert [verdict.state for verdict in judged(findings)] == ["noise"]


async def test_a_case_that_failed_is_tried_once_more() -> None:
    findings, later = Findings(failures=["forward: the floor was silent"]), Later([1.0])
    await confirm(findings, GUARD, later, started_s=monotonic())
    assert [plan.cases for plan in later.asked] == [("forward",)]
    assert findings.failures == []
    assert [verdict.state for verdict in judged(findings)] == ["aim"]


def test_a_broken_gate_tells_its_history() -> None:
    kept: list[dict[str, float]] = [{FIGURE: 1.31}, {}, {FIGURE: 1.3}]
    rows = [
        Row(taken_at=f"2026-11-2{day} 09:00 UTC", commit=f"c{day}", figures=figures)
        for day, figures in enumerate(kept)
    ]
    [complaint] = complaints(judged(found([2.0] * 7)), rows)
    assert "forward room-10 delay-p50: ratio 2" in complaint
    assert "1.31 (c0, 2026-11-20), 1.3 (c2, 2026-11-22)" in complaint


def test_the_history_keeps_one_row_for_each_commit(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    first, second = (Row(taken_at=f"day {n}", commit=f"c{n}", figures={"a b": n}) for n in (1, 2))
    for row in (first, second, msgspec.structs.replace(first, taken_at="day 3")):
        append(path, row)
    assert [(row.commit, row.taken_at) for row in read(path)] == [("c2", "day 2"), ("c1", "day 3")]


def test_there_need_not_be_a_history(tmp_path: Path) -> None:
    assert read(tmp_path / "history.json") == []


@pytest.mark.native
def test_an_engine_that_got_slower_breaks_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by a little: 100 µs are added to each packet, ten times what forwarding it takes."""
    library = tmp_path / "slow_protect.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, PROTECT_SLOWED], check=True)
    slowed = (sys.executable, "-m", "tests.bench.slow_engine", str(library))
    monkeypatch.setattr(engine, "_COMMAND", slowed)
    words = ["--guard", "--only", "forward", "--rooms", "10", "--rounds", "1", "--seconds", "0.2"]
    assert command_line.main(words) == 1
    said = capsys.readouterr().err
    assert "BROKEN forward room-10 delay-p50" in said
