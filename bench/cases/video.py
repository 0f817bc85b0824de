"""Video: one stream of 2.5 Mbit/s to ten and to thirty viewers, what it costs, and the voices beside it.

The voices are a room of ten, everybody talking, measured alone and beside each audience in turns. The video's
own delay and CPU time stand beside the plain C fan-out's; a picture's nine packets leave its sender at once.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.load import open_load
from bench.voice.measure import Round, Stage
from bench.voice.room import Camera, Crowd
from bench.voice.servers import Server, open_floor
from bench.voice.sittings import open_sitting

VOICES = 10
VIEWERS = (10, 30)
_ALONE = "alone"
_SITTINGS = 2
Values = dict[str, list[float]]


@dataclass(frozen=True)
class Audience:
    """One camera with its viewers, at the engine and at the floor."""

    stage: Stage
    engine: Server
    floor: Server


class Found:
    """What the rounds showed, by case and side."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Values] = defaultdict(lambda: defaultdict(list))

    def note(self, case: str, side: str, found: Round, *, with_cpu: bool) -> None:
        """Add a round."""
        values = self._values[case, side]
        for metric, value in found.values().items():
            if with_cpu or metric != "cpu-per-forward":
                values[metric].append(value)
        values["lost"].append(found.delays.lost)

    def figures(self, case: str, side: str, against: str, baseline_case: str, sittings: int) -> list[Figure]:
        """Return a side's figures beside another's."""
        theirs = self._values[baseline_case, against]
        return [
            Figure(
                case=case,
                metric=metric,
                unit="packets" if metric == "lost" else "µs",
                subject=rounds,
                baseline=theirs.get(metric, []),
                against=against,
                sittings=sittings,
            )
            for metric, rounds in self._values[case, side].items()
        ]


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure in sittings of fresh processes."""
    plan = msgspec.structs.replace(plan, sittings=min(plan.sittings, _SITTINGS))
    found = Found()
    for _ in range(plan.sittings):
        await _sitting(plan, folder, found)
    figures = []
    for viewers in VIEWERS:
        video, voices = _video(viewers), _voices(viewers)
        figures += found.figures(video, "engine", "floor", video, plan.sittings)
        figures += found.figures(voices, "beside", _ALONE, _ALONE, plan.sittings)
    return Findings(figures=figures)


def _video(viewers: int) -> str:
    return f"video {viewers}-viewers"


def _voices(viewers: int) -> str:
    return f"video voices-beside-{viewers}"


async def _sitting(plan: Plan, folder: Path, found: Found) -> None:
    async with AsyncExitStack() as stack:
        sitting = await stack.enter_async_context(open_sitting(Crowd.talking(VOICES), plan, folder))
        audiences: dict[int, Audience] = {}
        for viewers in VIEWERS:
            cameras = open_load(viewers + 1, folder, is_pinned=plan.is_pinned, make=Camera)
            load = await stack.enter_async_context(cameras)
            floor = await stack.enter_async_context(open_floor(load.clients, is_pinned=plan.is_pinned))
            watched = await sitting.engine.watching(load.clients)
            audiences[viewers] = Audience(Stage(load), watched, floor)
        for number in range(plan.rounds):
            alone = await sitting.stage.measure(sitting.engine, plan.seconds)
            found.note(_ALONE, _ALONE, alone, with_cpu=False)
            for viewers in VIEWERS if number % 2 == 0 else reversed(VIEWERS):
                await _audience(_video(viewers), audiences[viewers], plan.seconds, found)
                beside = await _beside(sitting.stage, sitting.engine, audiences[viewers], plan.seconds)
                found.note(_voices(viewers), "beside", beside, with_cpu=False)


async def _audience(case: str, audience: Audience, seconds: float, found: Found) -> None:
    for side, server in (("engine", audience.engine), ("floor", audience.floor)):
        found.note(case, side, await audience.stage.measure(server, seconds, 1), with_cpu=True)


async def _beside(voices: Stage, engine: Server, audience: Audience, seconds: float) -> Round:
    """Measure voices while an audience is shown a video."""
    found: list[Round] = []

    async def measure_voices() -> None:
        found.append(await voices.measure(engine, seconds))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(audience.stage.measure, audience.engine, seconds, 1)
        nursery.start_soon(measure_voices)
    return found[0]
