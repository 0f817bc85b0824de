"""A crowd measured in sittings of fresh processes, the engine and the plain C fan-out in turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.delays import Delays, curve
from bench.voice.engine import EngineServer, open_engine
from bench.voice.histogram import difference, percentile_us
from bench.voice.load import open_load
from bench.voice.measure import Stage, turns
from bench.voice.room import Crowd
from bench.voice.servers import Floor, open_floor

_RESIDENCE = (("residence-p50", 50.0), ("residence-p99", 99.0), ("residence-p99.9", 99.9))
Values = dict[str, list[float]]


@dataclass(frozen=True)
class Sitting:
    """Fresh processes with everybody connected."""

    stage: Stage
    engine: EngineServer
    floor: Floor


@asynccontextmanager
async def open_sitting(crowd: Crowd, plan: Plan, folder: Path) -> AsyncIterator[Sitting]:
    """Start the load generator, the floor and the engine for a crowd."""
    size, is_pinned = crowd.room_size, plan.is_pinned
    async with (
        open_load(crowd.people, folder, is_pinned=is_pinned, room_size=size) as load,
        open_floor(load.clients, is_pinned=is_pinned, room_size=size) as floor,
        open_engine(load.clients, is_pinned=is_pinned, room_size=size) as engine,
    ):
        yield Sitting(Stage(load), engine, floor)


async def compare_with_floor(case: str, crowd: Crowd, plan: Plan, folder: Path) -> Findings:
    """Measure a crowd in all sittings of the plan."""
    values: dict[str, Values] = {"voicechat": defaultdict(list), "floor": defaultdict(list)}
    delays: dict[str, list[npt.NDArray[np.float64]]] = defaultdict(list)
    remarks = set()
    for _ in range(plan.sittings):
        async with open_sitting(crowd, plan, folder) as sitting:
            for order in turns(list(values), plan.rounds):
                for name in order:
                    server = sitting.engine if name == "voicechat" else sitting.floor
                    found = await _measure(sitting.stage, server, crowd.talkers, plan.seconds, values[name])
                    delays[name].append(found.us)
            remarks.add(f"The media thread's scheduling: {sitting.engine.scheduling}.")
    return Findings(
        figures=_figures(case, values, plan.sittings),
        curves=[curve(case, name, rounds) for name, rounds in delays.items()],
        remarks=sorted(remarks),
    )


async def _measure(
    stage: Stage, server: EngineServer | Floor, talkers: int, seconds: float, into: Values
) -> Delays:
    before = await server.figures() if isinstance(server, EngineServer) else None
    found = await stage.measure(server, seconds, talkers)
    for metric, value in found.values().items():
        into[metric].append(value)
    into["lost"].append(found.delays.lost)
    if isinstance(server, EngineServer) and before is not None:
        residence = difference((await server.figures()).residence, before.residence)
        for metric, percent in _RESIDENCE:
            into[metric].append(percentile_us(residence, percent))
    return found.delays


def _figures(case: str, values: dict[str, Values], sittings: int) -> list[Figure]:
    ours, theirs = values["voicechat"], values["floor"]
    return [
        Figure(
            case=case,
            metric=metric,
            unit="packets" if metric == "lost" else "µs",
            subject=rounds,
            baseline=theirs.get(metric, []),
            against="floor" if metric in theirs else "",
            sittings=sittings,
        )
        for metric, rounds in ours.items()
    ]
