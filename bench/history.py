"""The history of the gates' figures: one row for each kept run, so that a broken gate shows its past."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.figures import Results
from bench.gates import verdicts

_SHOWN = 8


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kept run: what each gated figure was, by "case metric"."""

    taken_at: str
    commit: str
    figures: dict[str, float]


def row_of(results: Results) -> Row:
    """Return what the history keeps of a run."""
    figures = {
        f"{verdict.gate.case} {verdict.gate.metric}": round(verdict.found.median, 3)
        for verdict in verdicts(results.findings.figures)
    }
    return Row(taken_at=results.taken_at, commit=results.machine["commit"], figures=figures)


def read(path: Path) -> list[Row]:
    """Return the kept rows, oldest first; none when there is no file yet."""
    return msgspec.json.decode(path.read_bytes(), type=list[Row]) if path.exists() else []


def append(path: Path, row: Row) -> None:
    """Add a row, in place of an earlier one of the same commit."""
    rows = [kept for kept in read(path) if kept.commit != row.commit]
    path.write_bytes(msgspec.json.format(msgspec.json.encode([*rows, row]), indent=1) + b"\n")


def story(rows: list[Row], figure: str) -> str:
    """Say in a line what a figure was in the last kept runs; "never kept" when it was in none."""
    found = [
        f"{row.figures[figure]:.3g} ({row.commit}, {row.taken_at[:10]})"
        for row in rows
        if figure in row.figures
    ]
    return ", ".join(found[-_SHOWN:]) or "never kept"
