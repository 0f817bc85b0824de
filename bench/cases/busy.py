"""The same process with its Python busy: does chat, or bad code, reach the voices?"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.engine import EngineServer, open_engine
from bench.voice.load import open_load
from bench.voice.measure import Stage, turns

ROOM = 10
_ORDER = ("busy", "quiet")
_RATE = "chat-rate"
Values = dict[str, list[float]]


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure one room quiet and disturbed, in turns."""
    values: dict[str, Values] = {name: defaultdict(list) for name in _ORDER}
    for _ in range(plan.sittings):
        await _sitting(plan, folder, values)
    figures = [
        Figure(
            case=f"busy room-{ROOM}",
            metric=metric,
            unit="messages/s" if metric == _RATE else "µs",
            subject=rounds,
            baseline=values["quiet"].get(metric, []),
            against="" if metric == _RATE else "quiet",
            sittings=plan.sittings,
        )
        for metric, rounds in values["busy"].items()
    ]
    return Findings(figures=figures)


async def _sitting(plan: Plan, folder: Path, values: dict[str, Values]) -> None:
    """Measure some rounds with fresh processes."""
    async with (
        open_load(ROOM, folder, is_pinned=plan.is_pinned) as load,
        open_engine(load.clients, is_pinned=plan.is_pinned) as engine,
    ):
        stage = Stage(load)
        for order in turns(_ORDER, plan.rounds):
            for name in order:
                found = await _measure(stage, engine, name == "busy", plan.seconds)
                for metric, value in found.items():
                    values[name][metric].append(value)


async def _measure(stage: Stage, engine: EngineServer, is_busy: bool, seconds: float) -> dict[str, float]:
    """Return the figures of one round, with the chat's rate where there was chat."""
    before = await engine.disturb(is_busy)
    found = (await stage.measure(engine, seconds)).values()
    after = await engine.disturb(False)
    if is_busy:
        messages = after.chat_messages - before.chat_messages
        found[_RATE] = messages / (after.chat_seconds - before.chat_seconds)
    return found
