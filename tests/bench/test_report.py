"""Results as text and as files."""

from __future__ import annotations

import msgspec
from bench.figures import Figure, Findings, Results
from bench.report import comparison, markdown, number

MACHINE = {
    "cpu": "a CPU", "cores": 2, "kernel": "6", "system": "Debian", "python": "3.11", "compiler": "cc 12",
    "srtp": "libsrtp", "packages": {"trio": "0.35"}, "is_modified": False,
    "load_before": [0.5], "gaps": {"percent": 1.5, "longest_ms": 2.5},
}  # fmt: skip


def make_results(delays: list[float], commit: str = "abc") -> Results:
    figure = Figure(
        case="forward room-10",
        metric="delay-p50",
        unit="µs",
        subject=delays,
        baseline=[10.0] * 3,
        against="floor",
    )
    machine = {**MACHINE, "commit": commit}
    findings = Findings(figures=[figure], remarks=["The machine was shared."], failures=["join: no browser"])
    return Results(taken_at="today", plan={}, machine=machine, findings=findings)


def test_a_page_names_figure_ratio_verdict_machine_and_what_is_missing() -> None:
    page = markdown(make_results([12.0, 13.0, 14.0]))
    for part in (
        "| delay-p50, µs | 13.0 ± 1.00 | 10.0 | 1.30 ± 0.10 |",
        "within the gate",
        "commit abc",
        "a CPU",
        "The machine was shared.",
        "Not measured: join: no browser",
    ):
        assert part in page


def test_a_result_survives_its_file() -> None:
    results = make_results([12.0, 13.0, 14.0])
    assert msgspec.json.decode(msgspec.json.encode(results), type=Results) == results


def test_two_results_are_compared_by_their_ratios() -> None:
    before = make_results([12.0, 12.0, 12.0], "old")
    assert "| 1.20 | 1.50 | +25 % |" in comparison(before, make_results([15.0, 15.0, 15.0], "new"))
    assert "same within noise" in comparison(before, make_results([12.0, 12.4, 13.0], "new"))


def test_numbers_are_as_long_as_they_are_worth() -> None:
    assert [number(value) for value in (0, 1.234, 12.34, 123.4, 65_536)] == [
        "0", "1.23", "12.3", "123", "65,536",
    ]  # fmt: skip
