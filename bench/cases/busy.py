"""The same process with its Python busy: does chat, or bad code, reach the voices?

Where the media thread has real-time priority it is compared with itself when all is quiet. Where it has none,
it must now and then wait for whatever is busy, as any program must; there the plain C fan-out is measured
beside the same busy Python, and what is left is what the engine's own process does to it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.engine import EngineServer, open_engine
from bench.voice.load import open_load
from bench.voice.measure import Stage, turns
from bench.voice.servers import Floor, open_floor

ROOM = 10
_RATE = "chat-rate"
_REMARK = "The media thread got no real-time priority: busy Python is judged beside a floor that is as beset."
Values = dict[str, list[float]]


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure one room disturbed and its baseline, in turns."""
    values: dict[str, Values] = defaultdict(lambda: defaultdict(list))
    for _ in range(plan.sittings):
        await _sitting(plan, folder, values)
    is_prior = "quiet" in values
    against = "quiet" if is_prior else "floor as busy"
    figures = [
        Figure(
            case=f"busy room-{ROOM}" if is_prior else f"busy room-{ROOM} beset",
            metric=metric,
            unit="messages/s" if metric == _RATE else "µs",
            subject=rounds,
            baseline=[] if metric == _RATE else values[against][metric],
            against="" if metric == _RATE else against,
            sittings=plan.sittings,
        )
        for metric, rounds in values["busy"].items()
    ]
    return Findings(figures=figures, remarks=[] if is_prior else [_REMARK])


async def _sitting(plan: Plan, folder: Path, values: dict[str, Values]) -> None:
    """Measure some rounds with fresh processes."""
    async with (
        open_load(ROOM, folder, is_pinned=plan.is_pinned) as load,
        open_floor(load.clients, is_pinned=plan.is_pinned) as floor,
        open_engine(load.clients, is_pinned=plan.is_pinned) as engine,
    ):
        stage = Stage(load)
        is_prior = engine.scheduling == "fifo"
        for order in turns(("busy", "quiet" if is_prior else "floor as busy"), plan.rounds):
            for name in order:
                server = floor if name.startswith("floor") else engine
                found = await _measure(stage, server, engine, name != "quiet", plan.seconds)
                for metric, value in found.items():
                    values[name][metric].append(value)


async def _measure(
    stage: Stage, server: EngineServer | Floor, engine: EngineServer, is_busy: bool, seconds: float
) -> dict[str, float]:
    """Return the figures of one round of `server`, with the rate of the chat in the engine's process."""
    before = await engine.disturb(is_busy)
    found = (await stage.measure(server, seconds)).values()
    after = await engine.disturb(False)
    if is_busy:
        messages = after.chat_messages - before.chat_messages
        found[_RATE] = messages / (after.chat_seconds - before.chat_seconds)
    return found
