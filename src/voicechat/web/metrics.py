"""GET /metrics on a listener of its own, in the Prometheus text format (version 0.0.4).

The listener is private: it has no authentication, so it is off unless a port is set, and stays on loopback
unless another address is set too. The format is a dozen lines, which is why no library writes it.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from quart import Response
from quart_trio import QuartTrio

from voicechat.settings import Settings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BOUNDS_US = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
"""Upper bounds of a duration histogram's buckets, in microseconds."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its values by label; `kind` is Prometheus' counter or gauge."""

    name: str
    kind: str
    about: str
    values: Sequence[tuple[str, float]]  # (label text such as `reason="short"` or "", value)


@dataclass(frozen=True, slots=True)
class Durations:
    """A distribution of durations: (least nanoseconds, count) of each fine bucket."""

    name: str
    about: str
    buckets: Sequence[tuple[int, int]]


Read = Callable[[], Iterable[Measure | Durations]]


def create_metrics_app(read: Read) -> QuartTrio:
    """Make the application that answers GET /metrics with what `read` gives at that moment."""
    app = QuartTrio("voicechat.metrics", static_folder=None)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(read()), content_type=CONTENT_TYPE)

    return app


def metrics_settings(settings: Settings) -> Settings:
    """Return the settings with which the guard serves the private listener."""
    own = settings.metrics
    server = msgspec.structs.replace(settings.server, host=own.host, port=own.port)
    return msgspec.structs.replace(settings, server=server)


def exposition(figures: Iterable[Measure | Durations]) -> str:
    """Write the figures in the Prometheus text format."""
    lines: list[str] = []
    for figure in figures:
        kind = figure.kind if isinstance(figure, Measure) else "histogram"
        lines += [f"# HELP {figure.name} {figure.about}", f"# TYPE {figure.name} {kind}"]
        lines += _values(figure) if isinstance(figure, Measure) else _histogram(figure)
    return "\n".join(lines) + "\n"


def _values(measure: Measure) -> list[str]:
    return [
        f"{measure.name}{{{labels}}} {value:g}" if labels else f"{measure.name} {value:g}"
        for labels, value in measure.values
    ]


def _histogram(durations: Durations) -> list[str]:
    """Sum fine buckets up to each bound; a fine bucket counts where its least duration lies."""
    counts = [0] * (len(BOUNDS_US) + 1)
    total_ns = 0
    for floor_ns, count in durations.buckets:
        counts[bisect.bisect_left(BOUNDS_US, floor_ns / 1000)] += count
        total_ns += floor_ns * count
    lines, running = [], 0
    for bound_us, count in zip(BOUNDS_US, counts, strict=False):
        running += count
        lines.append(f'{durations.name}_bucket{{le="{bound_us / 1e6:g}"}} {running}')
    running += counts[-1]
    lines.append(f'{durations.name}_bucket{{le="+Inf"}} {running}')
    return [*lines, f"{durations.name}_sum {total_ns / 1e9:g}", f"{durations.name}_count {running}"]
