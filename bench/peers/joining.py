"""Connecting several people at once, and letting them talk before any run of traffic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio

from bench.peers.exchange import send
from bench.peers.legs import Leg

T = TypeVar("T")

_AT_ONCE = 8
_FRAME_S = 0.02


async def several(count: int, connect: Callable[[int], Awaitable[T]], *, at_once: int = _AT_ONCE) -> list[T]:
    """Do something for the places from 0 to `count`, some at a time; the results are in order."""
    limit, found = trio.CapacityLimiter(at_once), dict[int, T]()

    async def one(place: int) -> None:
        async with limit:
            found[place] = await connect(place)

    async with trio.open_nursery() as nursery:
        for place in range(count):
            nursery.start_soon(one, place)
    return [found[place] for place in range(count)]


@asynccontextmanager
async def talking(legs: Iterable[Leg]) -> AsyncIterator[None]:
    """Let people talk while the block runs, without measuring anything."""
    async with trio.open_nursery() as nursery:
        for leg in legs:
            nursery.start_soon(_talk, leg)
        yield
        nursery.cancel_scope.cancel()


async def _talk(leg: Leg) -> None:
    while True:
        send(leg, leg.prepare(0, 1))
        await trio.sleep(_FRAME_S)
