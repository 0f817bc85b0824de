"""How much a layer takes, out of counters read now and then."""

from __future__ import annotations

from voicechat.media.meter import ALIVE_S, DECAY, LayerMeter


def test_nothing_is_known_before_two_looks() -> None:
    meter = LayerMeter()
    meter.look(0.0, 10, 1000)
    assert not meter.is_alive(0.0)
    meter.look(0.5, 20, 2000)
    assert meter.is_alive(0.5)
    assert meter.bits_per_s == 16_000


def test_a_quiet_moment_lowers_the_rate_slowly() -> None:
    meter = LayerMeter()
    meter.look(0.0, 1, 0)
    meter.look(1.0, 2, 1000)
    meter.look(2.0, 2, 1000)
    assert meter.bits_per_s == 8000 * DECAY
    meter.look(3.0, 3, 9000)
    assert meter.bits_per_s == 64_000


def test_a_layer_that_stopped_is_dead_after_a_while() -> None:
    meter = LayerMeter()
    meter.look(0.0, 1, 0)
    meter.look(1.0, 2, 1000)
    meter.look(1.0 + ALIVE_S - 0.1, 2, 1000)
    assert meter.is_alive(1.0 + ALIVE_S - 0.1)
    assert not meter.is_alive(1.0 + ALIVE_S)
    meter.look(9.0, 3, 1100)
    assert meter.is_alive(9.0)
