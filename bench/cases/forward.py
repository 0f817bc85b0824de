"""Forwarding: one-way delay and CPU per packet, the engine beside the plain C fan-out, room by room."""

from __future__ import annotations

from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.engine import EngineServer, open_engine
from bench.voice.histogram import difference, percentile_us
from bench.voice.load import open_load
from bench.voice.measure import Stage, turns
from bench.voice.servers import Floor, open_floor

_RESIDENCE = (("residence-p50", 50.0), ("residence-p99", 99.0), ("residence-p99.9", 99.9))
Values = dict[str, list[float]]


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure every room size of the plan."""
    findings = Findings()
    for size in plan.rooms:
        findings.add(await _room(size, plan, folder))
    return findings


async def _room(size: int, plan: Plan, folder: Path) -> Findings:
    values: dict[str, Values] = {"voicechat": defaultdict(list), "floor": defaultdict(list)}
    remarks = [await _sitting(size, plan, folder, values) for _ in range(plan.sittings)]
    figures = _figures(f"forward room-{size}", values, plan.sittings)
    return Findings(figures=figures, remarks=sorted(set(remarks)))


async def _sitting(size: int, plan: Plan, folder: Path, values: dict[str, Values]) -> str:
    """Measure some rounds with fresh processes; return a remark on the scheduling."""
    async with AsyncExitStack() as stack:
        load = await stack.enter_async_context(open_load(size, folder, is_pinned=plan.is_pinned))
        floor = await stack.enter_async_context(open_floor(load.clients, is_pinned=plan.is_pinned))
        engine = await stack.enter_async_context(open_engine(load.clients, is_pinned=plan.is_pinned))
        stage = Stage(load)
        for order in turns(list(values), plan.rounds):
            for name in order:
                await _measure(stage, engine if name == "voicechat" else floor, plan.seconds, values[name])
        return f"The media thread's scheduling: {engine.scheduling}."


async def _measure(stage: Stage, server: EngineServer | Floor, seconds: float, into: Values) -> None:
    before = await server.figures() if isinstance(server, EngineServer) else None
    found = await stage.measure(server, seconds)
    for metric, value in found.values().items():
        into[metric].append(value)
    into["lost"].append(found.delays.lost)
    if isinstance(server, EngineServer) and before is not None:
        residence = difference((await server.figures()).residence, before.residence)
        for metric, percent in _RESIDENCE:
            into[metric].append(percentile_us(residence, percent))


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
