"""Capacity: how many packets a second one media thread passes on before voices suffer.

Rooms of 25, more and more people talking, until the 99th percentile of the delay is beyond 5 ms or more than
one packet in 10,000 is lost. The largest load that holds is found by halving, the engine and the floor in
turns. A load counts as held when one of two tries held: a machine that stands still for a while is not us.
"""

from __future__ import annotations

from pathlib import Path

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.engine import EngineServer
from bench.voice.measure import Round, Stage
from bench.voice.room import INTERVAL_US, Crowd
from bench.voice.servers import Floor
from bench.voice.sittings import open_sitting

_ROOM = 25
_ROOMS = 12
_CROWD = Crowd(people=_ROOM * _ROOMS, room_size=_ROOM, talkers=_ROOM * _ROOMS)
_STEPS = 6
_TRIES = 2
_SECONDS = 0.4
_P99_US = 5000.0
_LOST_SHARE = 0.0001
_PACED_SHARE = 0.98  # of the asked rate: below, the load generator could do no more


class Search:
    """The largest number of talkers that held, by halving (pure)."""

    def __init__(self, most: int) -> None:
        self.held, self._too_many = 0, most + 1

    def next(self) -> int | None:
        """Return the load to try; None when the answer is known."""
        return (self.held + self._too_many) // 2 if self._too_many - self.held > 1 else None

    def tried(self, talkers: int, is_held: bool) -> None:
        """Note how a try went."""
        if is_held:
            self.held = talkers
        else:
            self._too_many = talkers


async def run(plan: Plan, folder: Path) -> Findings:
    """Search once in each of two sittings."""
    values: dict[str, list[float]] = {"voicechat": [], "floor": []}
    remarks = set()
    for _ in range(min(plan.sittings, 2)):
        async with open_sitting(_CROWD, plan, folder) as sitting:
            searches = {name: Search(_CROWD.talkers) for name in values}
            servers: dict[str, EngineServer | Floor] = {"voicechat": sitting.engine, "floor": sitting.floor}
            for _ in range(_STEPS):
                for name, search in searches.items():
                    remarks |= await _step(sitting.stage, servers[name], search)
            for name, search in searches.items():
                values[name].append(search.held * (_ROOM - 1) * 1e6 / INTERVAL_US)
    figure = Figure(
        case="capacity", metric="forwards-per-s", unit="packets/s", subject=values["voicechat"],
        baseline=values["floor"], against="floor",
    )  # fmt: skip
    return Findings(figures=[figure], remarks=sorted(remarks))


async def _step(stage: Stage, server: EngineServer | Floor, search: Search) -> set[str]:
    """Try the next load; return a remark when it was the load generator that could do no more."""
    talkers = search.next()
    if talkers is None:
        return set()
    for _ in range(_TRIES):
        found = await stage.measure(server, _SECONDS, talkers)
        if found.paced_share < _PACED_SHARE:
            search.tried(talkers, False)
            return {f"Capacity: {server.name} can do more than the load generator."}
        if is_held(found):
            search.tried(talkers, True)
            return set()
    search.tried(talkers, False)
    return set()


def is_held(found: Round) -> bool:
    """Tell whether the voices of a round were in time and whole."""
    delays = found.delays
    lost_share = delays.lost / (delays.forwarded + delays.lost)
    return delays.percentile(99) <= _P99_US and lost_share <= _LOST_SHARE
