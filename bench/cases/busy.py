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


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure one room quiet and disturbed, in turns."""
    values: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in _ORDER}
    rates: list[float] = []
    async with (
        open_load(ROOM, folder, is_pinned=plan.is_pinned) as load,
        open_engine(load.clients, is_pinned=plan.is_pinned) as engine,
    ):
        stage = Stage(load)
        for order in turns(_ORDER, plan.rounds):
            for name in order:
                found, rate = await _measure(stage, engine, name == "busy", plan.seconds)
                rates += rate
                for metric, value in found.items():
                    values[name][metric].append(value)
    figures = [
        Figure(
            case=f"busy room-{ROOM}",
            metric=metric,
            unit="µs",
            subject=rounds,
            baseline=values["quiet"][metric],
            against="quiet",
        )
        for metric, rounds in values["busy"].items()
    ]
    figures.append(Figure(case=f"busy room-{ROOM}", metric="chat-rate", unit="messages/s", subject=rates))
    return Findings(figures=figures)


async def _measure(
    stage: Stage, engine: EngineServer, is_busy: bool, seconds: float
) -> tuple[dict[str, float], list[float]]:
    """Return the figures of one round, and the chat's rate where there was chat."""
    before = await engine.disturb(is_busy)
    found = await stage.measure(engine, seconds)
    after = await engine.disturb(False)
    if not is_busy:
        return found.values(), []
    seconds_busy = after.chat_seconds - before.chat_seconds
    return found.values(), [(after.chat_messages - before.chat_messages) / seconds_busy]
