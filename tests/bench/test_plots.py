"""The plots: well-formed, of what there is, with every line named and nothing outside."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from bench.figures import Curve, Figure, Findings, Results
from bench.history import Row
from bench.plots import plots
from bench.svg import HEIGHT, WIDTH, spread

PERCENTS = [50.0, 90.0, 99.0, 99.9]


def curve(case: str, series: str, values: list[float]) -> Curve:
    return Curve(case=case, series=series, unit="µs", percents=PERCENTS, values=values)


def cpu(size: int) -> Figure:
    return Figure(
        case=f"forward room-{size}", metric="cpu-per-forward", unit="µs", subject=[3.0], baseline=[2.0],
        against="floor",
    )  # fmt: skip


def make_results() -> Results:
    curves = [
        curve("forward room-10", "voicechat", [90, 130, 200, 900]),
        curve("forward room-10", "floor", [60, 80, 130, 1500]),
        curve("flood", "quiet", [90, 130, 200, 900]),
        curve("flood", "rtp", [90, 131, 201, 901]),
    ]
    findings = Findings(figures=[cpu(2), cpu(50)], curves=curves)
    return Results(taken_at="today", plan={}, machine={}, findings=findings)


HISTORY = [
    Row(taken_at="a", commit="0123456789", figures={"forward room-10 delay-p50": 1.4}),
    Row(taken_at="b", commit="abcdef", figures={"forward room-10 delay-p50": 3.0}),
]


def test_every_plot_is_a_picture_with_all_of_it_inside() -> None:
    drawn = {plot.name: ET.fromstring(plot.svg) for plot in plots(make_results(), HISTORY)}
    assert set(drawn) == {"delay-room-10.svg", "flood.svg", "cpu.svg", "history.svg"}
    for picture in drawn.values():
        for line in picture.iter("{http://www.w3.org/2000/svg}polyline"):
            for pair in line.attrib["points"].split():
                x, y = map(float, pair.split(","))
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT


def test_lines_are_named() -> None:
    texts = {plot.name: plot.svg for plot in plots(make_results(), HISTORY)}
    assert "the engine" in texts["delay-room-10.svg"]
    assert "plain C, no crypto" in texts["delay-room-10.svg"]
    assert "room-10 p50" in texts["history.svg"]


def test_without_figures_there_are_no_plots() -> None:
    assert plots(Results(taken_at="", plan={}, machine={}, findings=Findings()), []) == []


def test_names_that_would_meet_are_moved_apart_and_stay_above_the_floor() -> None:
    assert spread([10, 12, 50], 15, 100) == [10, 25, 50]
    assert spread([95, 99], 15, 100) == [85, 100]
