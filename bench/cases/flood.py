"""Floods: does a voice, or somebody who joins, notice 20,000 datagrams a second from strangers?"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.product.newcomer import join_time_ms
from bench.product.others import talk
from bench.product.town import open_town
from bench.voice.delays import curve
from bench.voice.measure import turns
from bench.voice.room import Crowd
from bench.voice.sittings import open_sitting
from bench.voice.strangers import KINDS, Strangers, open_strangers

ROOM = 10
_QUIET = "quiet"
_RATE = "flood-rate"
_JOIN_KIND = "stun-forged"  # the kind that reaches Python
_OTHERS = 2
_JOINS = 6  # of each side
Values = dict[str, list[float]]


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure voices under every kind of flood, then joins under the one that costs most."""
    values: dict[str, Values] = {name: defaultdict(list) for name in (_QUIET, *KINDS)}
    delays: dict[str, list[npt.NDArray[np.float64]]] = defaultdict(list)
    for _ in range(plan.sittings):
        await _sitting(plan, folder, values, delays)
    figures = [
        _figure(kind, metric, rounds, values[_QUIET].get(metric, []), plan.sittings)
        for kind in KINDS
        for metric, rounds in values[kind].items()
    ]
    joins = await _joins(plan, folder)
    curves = [curve("flood", name, rounds) for name, rounds in delays.items()]
    return Findings(figures=[*figures, joins], curves=curves)


def _figure(kind: str, metric: str, found: list[float], quiet: list[float], sittings: int) -> Figure:
    return Figure(
        case=f"flood {kind}",
        metric=metric,
        unit="datagrams/s" if metric == _RATE else "packets" if metric == "lost" else "µs",
        subject=found,
        baseline=quiet,
        against=_QUIET if quiet else "",
        sittings=sittings,
    )


async def _sitting(
    plan: Plan, folder: Path, values: dict[str, Values], delays: dict[str, list[npt.NDArray[np.float64]]]
) -> None:
    async with AsyncExitStack() as stack:
        sitting = await stack.enter_async_context(open_sitting(Crowd.talking(ROOM), plan, folder))
        engine, floods = sitting.engine, dict[str, Strangers]()
        for kind in KINDS:
            opened = open_strangers(kind, engine.port, engine.ufrags, folder, is_pinned=plan.is_pinned)
            floods[kind] = await stack.enter_async_context(opened)
        for order in turns(list(values), plan.rounds):
            for name in order:
                flood = floods.get(name)
                if flood is not None:
                    await flood.begin()
                found = await sitting.stage.measure(engine, plan.seconds)
                if flood is not None:
                    await flood.end()
                    values[name][_RATE].append(flood.rate)
                delays[name].append(found.delays.us)
                values[name]["lost"].append(found.delays.lost)
                for metric, value in found.values().items():
                    values[name][metric].append(value)


async def _joins(plan: Plan, folder: Path) -> Figure:
    """Let somebody join the real server while others talk, quiet and flooded in turns."""
    found: Values = {_QUIET: [], _JOIN_KIND: []}
    with open_town(folder / "flood", _OTHERS + 1) as town:
        url, channel, newcomer = town.server.url, town.guild.voice_id, town.people[_OTHERS].access_token
        async with trio.open_nursery() as nursery:
            ufrags = [
                await nursery.start(talk, url, other.access_token, channel) for other in town.people[:_OTHERS]
            ]
            port = town.server.media_port
            flooding = open_strangers(_JOIN_KIND, port, ufrags, folder, is_pinned=plan.is_pinned)
            async with flooding as flood:
                await join_time_ms(url, newcomer, channel)  # the first finds everything cold
                for order in turns(list(found), min(plan.joins, _JOINS)):
                    for name in order:
                        if name == _JOIN_KIND:
                            await flood.begin()
                        found[name].append(await join_time_ms(url, newcomer, channel))
                        if name == _JOIN_KIND:
                            await flood.end()
            nursery.cancel_scope.cancel()
    return Figure(
        case="flood join", metric="connected", unit="ms", subject=found[_JOIN_KIND],
        baseline=found[_QUIET], against=_QUIET,
    )  # fmt: skip
