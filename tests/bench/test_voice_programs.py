"""The load generator, the floor and the engine: everything arrives, and is what was sent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from bench.cases import busy, drift, forward, memory, micro, video
from bench.plan import Plan
from bench.programs import Broken
from bench.voice.engine import open_engine
from bench.voice.load import Sample, open_load
from bench.voice.measure import Stage, turns
from bench.voice.room import Crowd
from bench.voice.servers import open_floor
from bench.voice.sittings import open_sitting

pytestmark = pytest.mark.native
TINY = Plan(cases=(), rooms=(3,), sittings=1, rounds=2, seconds=0.1, is_pinned=False)


async def test_the_floor_forwards_everything_to_everybody_else(tmp_path: Path) -> None:
    async with (
        open_load(4, tmp_path, is_pinned=False) as load,
        open_floor(load.clients, is_pinned=False) as floor,
    ):
        stage = Stage(load)
        for _ in range(2):
            found = await stage.measure(floor, 0.1)
            assert (found.delays.forwarded, found.delays.lost) == (10 * 4 * 3, 0)
            assert found.delays.us.min() > 0
            assert found.cpu_us > 0


async def test_the_engine_forwards_everything_to_everybody_else(tmp_path: Path) -> None:
    async with (
        open_load(4, tmp_path, is_pinned=False) as load,
        open_engine(load.clients, is_pinned=False) as engine,
    ):
        stage = Stage(load)
        for _ in range(2):
            found = await stage.measure(engine, 0.1)
            assert (found.delays.forwarded, found.delays.lost) == (10 * 4 * 3, 0)
        figures = await engine.figures()
        assert figures.counters["forwarded"] == 2 * 10 * 4 * 3
        assert sum(count for _, count in figures.residence) == figures.counters["forwarded"]


async def test_what_cannot_be_opened_is_no_measurement(tmp_path: Path) -> None:
    async with (
        open_load(2, tmp_path, is_pinned=False) as load,
        open_floor(load.clients, is_pinned=False) as floor,
        open_engine(load.clients, is_pinned=False) as engine,
    ):
        for server in (floor, engine):
            with pytest.raises(Broken):
                server.opened(Sample(0, bytes(156)))


async def test_forwarding_is_measured_on_both_sides(tmp_path: Path) -> None:
    findings = await forward.run(TINY, tmp_path)
    by_metric = {figure.metric: figure for figure in findings.figures}
    assert by_metric["lost"].subject == by_metric["lost"].baseline == [0, 0]
    for metric in ("delay-p50", "delay-p99", "delay-p99.9", "delay-max", "cpu-per-forward"):
        assert len(by_metric[metric].subject) == len(by_metric[metric].baseline) == 2
        assert by_metric[metric].against == "floor"
    assert len(by_metric["residence-p50"].subject) == 2


async def test_busy_python_really_is_busy(tmp_path: Path) -> None:
    findings = await busy.run(TINY, tmp_path)
    rate = next(figure for figure in findings.figures if figure.metric == "chat-rate")
    assert all(value > 0 for value in rate.subject)


async def test_rooms_do_not_hear_each_other_and_listeners_are_silent(tmp_path: Path) -> None:
    """Two rooms of three, of which the first and one person of the second talk."""
    async with open_sitting(Crowd(people=6, room_size=3, talkers=4), TINY, tmp_path) as sitting:
        for server in (sitting.engine, sitting.floor):
            found = await sitting.stage.measure(server, 0.1, 4)
            assert (found.delays.forwarded, found.delays.lost) == (10 * 4 * 2, 0)
            assert found.paced_share > 0


async def test_minutes_pass_in_the_drift_room_without_drift(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(TINY, drift_hours=0.05)
    found = {figure.metric: figure.subject[0] for figure in (await drift.run(plan, tmp_path)).figures}
    assert found["length"] == 3
    assert found["packets-sent"] > 100_000
    assert found["timestamps-off-even"] < 500
    assert found["engine-grown"] == found["descriptors-grown"] == 0


async def test_a_video_reaches_its_viewers_whole_and_voices_beside_it_too(tmp_path: Path) -> None:
    found = {figure.name: figure for figure in (await video.run(TINY, tmp_path)).figures}
    for case in ("10-viewers", "30-viewers", "voices-beside-10", "voices-beside-30"):
        assert found[f"video {case} lost"].subject == [0, 0]
    assert len(found["video 30-viewers cpu-per-forward"].baseline) == 2


async def test_every_single_step_takes_some_time(tmp_path: Path) -> None:
    by_metric = {figure.metric: figure for figure in (await micro.run(TINY, tmp_path)).figures}
    assert {"protect", "unprotect", "parse", "route", "stun-check", "dtls-handshake"} < set(by_metric)
    assert all(value > 0 for figure in by_metric.values() for value in figure.subject)
    cut = by_metric["send-video-30"]
    assert (cut.against, len(cut.baseline)) == ("uncut", len(cut.subject))


async def test_the_engine_says_what_a_peer_costs(tmp_path: Path) -> None:
    [figure] = (await memory.run(TINY, tmp_path)).figures
    assert figure.subject[0] > 0


def test_nobody_always_goes_first() -> None:
    assert turns(["a", "b"], 3) == [("a", "b"), ("b", "a"), ("a", "b")]
