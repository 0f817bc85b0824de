"""The comparison as SVG: bars where one number says it, dots on a logarithmic axis for delays (pure)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.peers.rows import OURS, Row

_WIDTH, _ROW, _HEAD, _GAP = 760, 22, 44, 18
_NAMES, _END = 110, 150  # room left of the axis for names, right of it for values
_INK, _FAINT, _GRID = "#1f2937", "#6b7280", "#e5e7eb"
_COLOURS = {OURS: "#2563eb", "floor": "#cbd5e1"}
_OTHER = "#94a3b8"
_PERCENTILES = (("delay-p50", 5.0, "p50"), ("delay-p99", 4.0, "p99"), ("delay-p99.9", 3.0, "p99.9"))


@dataclass(frozen=True)
class Panel:
    """One drawing below another: its title and, by server, the values to draw."""

    title: str
    values: list[tuple[str, list[float]]]
    is_logarithmic: bool = False

    @property
    def height(self) -> int:
        """Return its height in pixels."""
        return _HEAD + _ROW * len(self.values) + _GAP


def delays(rows: Sequence[Row], scenarios: Sequence[str]) -> str:
    """Draw p50, p99 and p99.9 of every server, a panel for each scenario, on one axis."""
    panels = [
        Panel(f"{scenario}: added one-way delay, µs (p50 ● p99 ● p99.9, logarithmic)", found, True)
        for scenario in scenarios
        if (found := _delays_of(rows, scenario))
    ]
    return _page(panels)


def costs(rows: Sequence[Row], wanted: Sequence[tuple[str, str, str]]) -> str:
    """Draw bars: a panel for each (scenario, metric, title)."""
    panels = []
    for scenario, metric, title in wanted:
        found = [(row.sfu, [row.value]) for row in rows if (row.scenario, row.metric) == (scenario, metric)]
        if found:
            panels.append(Panel(title, found))
    return _page(panels)


def _delays_of(rows: Sequence[Row], scenario: str) -> list[tuple[str, list[float]]]:
    by_server: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.scenario == scenario and row.metric.startswith("delay-"):
            by_server.setdefault(row.sfu, {})[row.metric] = row.value
    metrics = [metric for metric, _, _ in _PERCENTILES]
    return [
        (name, [found[metric] for metric in metrics])
        for name, found in by_server.items()
        if all(metric in found for metric in metrics)
    ]


def _page(panels: Sequence[Panel]) -> str:
    height = sum(panel.height for panel in panels) + _GAP
    drawn = [values for panel in panels if panel.is_logarithmic for _, values in panel.values]
    shared = [value for values in drawn for value in values]
    parts, top = [], _GAP
    for panel in panels:
        parts.append(f'<g transform="translate(0 {top})">{_panel(panel, shared)}</g>')
        top += panel.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">'
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _panel(panel: Panel, shared: Sequence[float]) -> str:
    title = f'<text x="16" y="14" font-weight="600">{escape(panel.title)}</text>'
    body = _dots(panel, shared) if panel.is_logarithmic else _bars(panel)
    names = "".join(
        f'<text x="{_NAMES - 8}" y="{_HEAD + _ROW * place + 4}" text-anchor="end"'
        f' font-weight="{600 if name == OURS else 400}">{escape(name)}</text>'
        for place, (name, _) in enumerate(panel.values)
    )
    return title + body + names


def _bars(panel: Panel) -> str:
    most = max(value for _, values in panel.values for value in values) or 1.0
    parts = []
    for place, (name, (value, *_)) in enumerate(panel.values):
        y, width = _HEAD + _ROW * place, value / most * (_WIDTH - _NAMES - _END)
        colour = _COLOURS.get(name, _OTHER)
        parts.append(
            f'<rect x="{_NAMES}" y="{y - 7}" width="{max(width, 1):.1f}" height="14" rx="2" fill="{colour}"/>'
            f'<text x="{_NAMES + width + 6:.1f}" y="{y + 4}" fill="{_FAINT}">{short(value)}</text>'
        )
    return "".join(parts)


def _dots(panel: Panel, shared: Sequence[float]) -> str:
    low, high = math.floor(math.log10(min(shared))), math.ceil(math.log10(max(shared)))
    span = (_WIDTH - _NAMES - _END) / max(high - low, 1)

    def x(value: float) -> float:
        return _NAMES + (math.log10(value) - low) * span

    bottom = _HEAD + _ROW * len(panel.values) - 8
    parts = []
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" y1="{_HEAD - 12}" x2="{at:.1f}" y2="{bottom}" stroke="{_GRID}"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{_HEAD - 16}" text-anchor="middle" fill="{_FAINT}">{10**power:,}</text>'
        )
    for place, (name, values) in enumerate(panel.values):
        y, colour = _HEAD + _ROW * place, _COLOURS.get(name, _OTHER)
        parts.append(
            f'<line x1="{x(values[0]):.1f}" y1="{y}" x2="{x(values[-1]):.1f}" y2="{y}"'
            f' stroke="{colour}" stroke-width="2"/>'
        )
        for (_, radius, label), value in zip(_PERCENTILES, values, strict=True):
            parts.append(
                f'<circle cx="{x(value):.1f}" cy="{y}" r="{radius}" fill="{colour}">'
                f"<title>{label} {short(value)} µs</title></circle>"
            )
        told = " / ".join(short(value) for value in values)
        parts.append(f'<text x="{_WIDTH - 8}" y="{y + 4}" text-anchor="end" fill="{_FAINT}">{told}</text>')
    return "".join(parts)


def short(value: float) -> str:
    """Write a number as long as it is worth: three digits, thousands with a comma."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
