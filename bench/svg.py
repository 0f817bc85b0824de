"""Line charts as SVG: axes, gridlines, lines with their names at their ends (pure, no library)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 178, 66, 58
_INK, _SOFT, _GRID = "#1f2937", "#6b7280", "#e5e7eb"
_FONT = "font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\""
_LINE_HEIGHT = 15

#: Told apart by people who do not see all colours (after Okabe and Ito), ours first.
COLOURS = ("#0072b2", "#6b7280", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#a33d2a")


@dataclass(frozen=True)
class Axis:
    """A scale with its marks; `place` maps a value to 0..1."""

    label: str
    ticks: Sequence[tuple[float, str]]
    place: Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """One line; `name` stands at its end."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    has_dots: bool = False


@dataclass(frozen=True)
class Rule:
    """A value worth a line of its own."""

    value: float
    name: str


def chart(
    title: str, subtitle: str, x: Axis, y: Axis, lines: Sequence[Line], rules: Sequence[Rule] = ()
) -> str:
    """Draw lines over two axes."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}" {_FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 28, title, size=17, weight=600),
        _text(_LEFT, 48, subtitle, size=12, colour=_SOFT),
        *_axes(x, y),
        *(_rule(y, rule) for rule in rules),
        *(_drawn(x, y, line) for line in lines),
        *_names(y, lines),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.place(value) * (WIDTH - _LEFT - _RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - _BOTTOM - min(max(axis.place(value), 0.0), 1.0) * (HEIGHT - _TOP - _BOTTOM)


def _axes(x: Axis, y: Axis) -> list[str]:
    left, right, bottom = _LEFT, WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = []
    for value, name in y.ticks:
        at = _y(y, value)
        parts.append(f'<path d="M{left} {at:.1f}H{right}" stroke="{_GRID}"/>')
        parts.append(_text(left - 8, at + 4, name, anchor="end", colour=_SOFT))
    for value, name in x.ticks:
        at = _x(x, value)
        parts.append(f'<path d="M{at:.1f} {bottom}v5" stroke="{_SOFT}"/>')
        parts.append(_text(at, bottom + 19, name, anchor="middle", colour=_SOFT))
    parts.append(f'<path d="M{left} {bottom}H{right}" stroke="{_SOFT}"/>')
    parts.append(_text((left + right) / 2, bottom + 42, x.label, anchor="middle", colour=_SOFT))
    middle = (_TOP + bottom) / 2
    turned = f' transform="rotate(-90 18 {middle:.1f})"'
    parts.append(_text(18, middle, y.label, anchor="middle", colour=_SOFT, extra=turned))
    return parts


def _rule(y: Axis, rule: Rule) -> str:
    at = _y(y, rule.value)
    line = f'<path d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}" stroke="{_INK}" stroke-dasharray="5 4"/>'
    return line + _text(_LEFT + 6, at - 6, rule.name, colour=_INK)


def _drawn(x: Axis, y: Axis, line: Line) -> str:
    places = [(_x(x, across), _y(y, up)) for across, up in line.points]
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    stroke = f'stroke="{line.colour}" stroke-width="2.5" stroke-linejoin="round"'
    drawn = f'<polyline points="{path}" fill="none" {stroke}/>'
    dots = places if line.has_dots else []
    return drawn + "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{line.colour}"/>' for a, b in dots)


def _names(y: Axis, lines: Sequence[Line]) -> list[str]:
    """Write each name at its line's end, moved apart where ends meet."""
    ends = sorted((_y(y, line.points[-1][1]), line) for line in lines if line.points)
    heights = spread([height for height, _ in ends], _LINE_HEIGHT, HEIGHT - _BOTTOM)
    return [
        _text(WIDTH - _RIGHT + 10, height + 4, line.name, colour=line.colour, weight=600)
        for height, (_, line) in zip(heights, ends, strict=True)
    ]


def spread(heights: Sequence[float], apart: float, lowest: float) -> list[float]:
    """Move ascending heights so that neighbours are `apart`, none below `lowest`."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + apart) if moved else height)
    for index in range(len(moved) - 1, -1, -1):
        limit = lowest if index == len(moved) - 1 else moved[index + 1] - apart
        moved[index] = min(moved[index], limit)
    return moved


def _text(
    x: float, y: float, text: str, *, size: int = 12, colour: str = _INK, weight: int = 400,
    anchor: str = "start", extra: str = "",
) -> str:  # fmt: skip
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}"{extra}>{escape(text)}</text>'
    )
