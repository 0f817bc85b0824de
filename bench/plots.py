"""The plots of a result: which lines over which axes (pure); `report` links them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.figures import Curve, Results
from bench.gates import GATES, Gate
from bench.history import Row
from bench.svg import COLOURS, Axis, Line, Rule, chart

_ENGINE, _FLOOR = COLOURS[0], COLOURS[1]
_NINES = ((50.0, "50 %"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"))
_HISTORY_RUNS = 30
_FORWARD = "forward room-"


@dataclass(frozen=True)
class Plot:
    """A file of the folder `plots`, and what a reader who cannot see it is told."""

    name: str
    says: str
    svg: str


def plots(results: Results, history: Sequence[Row]) -> list[Plot]:
    """Draw what the result has the figures for."""
    return [*_delays(results), *_floods(results), *_cpu(results), *_history(history)]


def _delays(results: Results) -> Iterator[Plot]:
    for size in (10, 50):
        found = [curve for curve in results.findings.curves if curve.case == f"{_FORWARD}{size}"]
        if found:
            title = f"One-way voice delay, {size} people, everybody talking"
            subtitle = "from the publisher's send to the subscriber's socket, all packets of all rounds"
            colours = {"voicechat": _ENGINE, "floor": _FLOOR}
            lines = [Line(_named(c.series), _points(c), colours.get(c.series, COLOURS[2])) for c in found]
            yield Plot(f"delay-room-{size}.svg", title, _nines_chart(title, subtitle, lines))


def _floods(results: Results) -> Iterator[Plot]:
    found = [curve for curve in results.findings.curves if curve.case == "flood"]
    if found:
        title = "Voice delay while strangers send 20,000 datagrams a second"
        subtitle = "10 people, everybody talking; the same engine quiet and flooded in turns"
        lines = [
            Line(curve.series, _points(curve), _FLOOR if curve.series == "quiet" else colour)
            for curve, colour in zip(found, (_FLOOR, *COLOURS[2:]), strict=False)
        ]
        yield Plot("flood.svg", title, _nines_chart(title, subtitle, lines))


def _cpu(results: Results) -> Iterator[Plot]:
    found = {
        int(figure.case.removeprefix(_FORWARD)): figure
        for figure in results.findings.figures
        if figure.case.startswith(_FORWARD) and figure.metric == "cpu-per-forward"
    }
    if len(found) < 2:
        return
    sizes = sorted(found)
    ours = [(float(size), found[size].values().median) for size in sizes]
    floor = [(float(size), low.median) for size in sizes if (low := found[size].baseline_values())]
    title = "CPU time per forwarded packet, by the size of the room"
    x = Axis("people in the room, everybody talking", [(s, str(s)) for s in sizes], _log(sizes[0], sizes[-1]))
    y = _log_axis("µs of the media thread", [value for _, value in (*ours, *floor)])
    lines = [
        Line("the engine", ours, _ENGINE, has_dots=True),
        Line("plain C, no crypto", floor, _FLOOR, has_dots=True),
    ]
    yield Plot("cpu.svg", title, chart(title, "system calls, crypto and waking up included", x, y, lines))


def _history(history: Sequence[Row]) -> Iterator[Plot]:
    """Draw what is measured; what is counted hardly ever changes."""
    rows = history[-_HISTORY_RUNS:]
    gates = [gate for gate in GATES if gate.kind != "count"]
    lines = [line for index, gate in enumerate(gates) if (line := _history_line(gate, rows, index)).points]
    if not lines:
        return
    title = "The gates in the runs that were kept"
    last, step = max(len(rows) - 1, 1), max(len(rows) // 6, 1)
    commits = [(at, row.commit[:7]) for at, row in enumerate(rows) if at % step == 0]
    x = Axis("commit", commits, lambda at: at / last)
    top = max(1.2, 1.1 * max(value for line in lines for _, value in line.points))
    tenths = range(0, int(top * 10) + 1, 2 if top < 2 else 5)
    y = Axis("share of what the gate allows", [(t / 10, f"{t / 10:g}") for t in tenths], lambda up: up / top)
    drawn = chart(title, "below 1 is within the gate", x, y, lines, [Rule(1.0, "gate")])
    yield Plot("history.svg", title, drawn)


def _history_line(gate: Gate, rows: Sequence[Row], index: int) -> Line:
    key = f"{gate.case} {gate.metric}"
    points = [(float(at), row.figures[key] / gate.limit) for at, row in enumerate(rows) if key in row.figures]
    name = key.replace("forward ", "").replace("cpu-per-forward", "CPU").replace("delay-", "")
    return Line(name, points, COLOURS[index % len(COLOURS)], has_dots=True)


def _named(series: str) -> str:
    return {"voicechat": "the engine", "floor": "plain C, no crypto"}.get(series, series)


def _points(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.percents, curve.values, strict=True))


def _nines_chart(title: str, subtitle: str, lines: Sequence[Line]) -> str:
    """Draw delays by percentile, each nine as wide as the one before."""
    least, most = _nines(_NINES[0][0]), _nines(_NINES[-1][0])
    label = "share of packets that came at least as soon"
    x = Axis(label, _NINES, lambda percent: (_nines(percent) - least) / (most - least))
    shown = [replace(line, points=[p for p in line.points if p[0] >= _NINES[0][0]]) for line in lines]
    y = _log_axis("µs", [value for line in shown for _, value in line.points])
    return chart(title, subtitle, x, y, shown)


def _nines(percent: float) -> float:
    return -math.log10(1 - percent / 100)


def _log(least: float, most: float) -> Callable[[float], float]:
    return lambda value: math.log(value / least) / math.log(most / least)


def _log_axis(label: str, values: Sequence[float]) -> Axis:
    """Return an axis of 1, 2, 5, 10, … that holds all values."""
    marks = [base * 10.0**power for power in range(-2, 7) for base in (1, 2, 5)]
    least = max(mark for mark in marks if mark <= min(values))
    most = min(mark for mark in marks if mark >= max(values) and mark > least)
    ticks = [(mark, f"{mark:,g}") for mark in marks if least <= mark <= most]
    return Axis(label, ticks, _log(least, most))
