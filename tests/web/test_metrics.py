"""The Prometheus text that the private listener answers with."""

from __future__ import annotations

from voicechat.web.metrics import Durations, Measure, exposition


def test_values_carry_their_help_type_and_labels() -> None:
    text = exposition([Measure("x_total", "counter", "How many.", [('event="a"', 3), ("", 0.5)])])
    assert text.splitlines() == [
        "# HELP x_total How many.",
        "# TYPE x_total counter",
        'x_total{event="a"} 3',
        "x_total 0.5",
    ]


def test_durations_are_cumulative_and_end_at_infinity() -> None:
    fine = [(500, 2), (1_500, 3), (60_000_000, 1)]  # half a microsecond, one and a half, 60 ms
    lines = exposition([Durations("d_seconds", "How long.", fine)]).splitlines()
    assert 'd_seconds_bucket{le="1e-06"} 2' in lines
    assert 'd_seconds_bucket{le="2e-06"} 5' in lines
    assert 'd_seconds_bucket{le="0.05"} 5' in lines
    assert 'd_seconds_bucket{le="+Inf"} 6' in lines
    assert "d_seconds_count 6" in lines
