"""Bad networks: how many lost voice packets are there in time after all, and how much later.

Rooms of six, two of whom talk, over a network of 20 ms there and back that loses 1, 5 or 15 % of all
datagrams each way, requests for repair among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.programs import prior
from bench.stats import percentile
from bench.voice.engine import open_engine
from bench.voice.lossy import ONE_WAY_S, LossyPerson

LOSSES = (0.01, 0.05, 0.15)
_ROOM = 6
_TALKERS = 2
_PACKETS_PER_S = 50
_IN_TIME_S = 0.1  # later a jitter buffer has played something else
_LINGER_S = 0.5


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one packet on its way to one listener; `late_s` None: it never came."""

    is_hit: bool
    late_s: float | None


async def run(plan: Plan, folder: Path) -> Findings:
    """Let the rooms of all losses talk at the same time."""
    count = int(plan.loss_seconds * _PACKETS_PER_S)
    async with AsyncExitStack() as stack:
        people = [
            LossyPerson(await _open(stack), index, LOSSES[index // _ROOM])
            for index in range(_ROOM * len(LOSSES))
        ]
        clients = [person.client for person in people]
        opened = open_engine(clients, is_pinned=plan.is_pinned, room_size=_ROOM)
        engine = await stack.enter_async_context(opened)
        nursery = await stack.enter_async_context(trio.open_nursery())
        for person in people:
            person.server_port = engine.port
            nursery.start_soon(person.run)
        with prior():  # a browser's audio thread does not wait for the machine either
            await _talk(people, count)
        nursery.cancel_scope.cancel()
    findings = Findings()
    for number, loss in enumerate(LOSSES):
        findings.figures += _figures(people[number * _ROOM : (number + 1) * _ROOM], loss)
    return findings


async def _open(stack: AsyncExitStack) -> trio.socket.SocketType:
    socket = stack.enter_context(trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM))
    await socket.bind(("127.0.0.1", 0))
    return socket


async def _talk(people: Sequence[LossyPerson], count: int) -> None:
    async with trio.open_nursery() as nursery:
        for person in people:
            if person.client.index % _ROOM < _TALKERS:
                nursery.start_soon(person.talk, count)
    await trio.sleep(_LINGER_S)


def _fates(room: Sequence[LossyPerson]) -> Iterator[Fate]:
    for listener in room:
        diary = listener.diary
        shifts = {publisher: (ssrc, shift) for ssrc, (publisher, shift) in diary.shifts.items()}
        for talker in room[:_TALKERS]:
            publisher = talker.client.index
            if talker is listener or publisher not in shifts:
                continue
            ssrc, shift = shifts[publisher]
            for number, sent_at in talker.diary.sent.items():
                heard_at = diary.heard.get((publisher, number))
                lost_down = (ssrc, (number + shift) & 0xFFFF) in diary.lost_down
                is_hit = lost_down or number in talker.diary.lost_up
                yield Fate(is_hit, None if heard_at is None else heard_at - sent_at - 2 * ONE_WAY_S)


def _figures(room: Sequence[LossyPerson], loss: float) -> list[Figure]:
    fates = list(_fates(room))
    hits = [fate for fate in fates if fate.is_hit]
    mended = [fate.late_s * 1000 for fate in hits if fate.late_s is not None and fate.late_s <= _IN_TIME_S]
    case = f"loss {loss * 100:g}-percent"

    def figure(metric: str, unit: str, value: float) -> Figure:
        return Figure(case=case, metric=metric, unit=unit, subject=[value])

    shares = [
        figure("hit", "% of packets", len(hits) / len(fates) * 100),
        figure("recovered", "% of those", len(mended) / max(len(hits), 1) * 100),
        figure("still-missing", "% of packets", (len(hits) - len(mended)) / len(fates) * 100),
    ]
    delays = [figure(f"added-delay-p{p}", "ms", percentile(mended, p)) for p in (50, 95) if mended]
    return [*shares, *delays]
