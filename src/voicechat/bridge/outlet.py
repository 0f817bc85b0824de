"""Values from asyncio to Trio: in order and bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class Outlet(Generic[T]):
    """A pipe between the two threads; `put` on the asyncio side, `take` (one task) on the Trio side.

    When `bound` values lie untaken, `put` waits, which lets the socket behind it fill up: nothing is lost
    here. Each field belongs to one thread, named beside it; what crosses are calls.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, token: trio.lowlevel.TrioToken, bound: int) -> None:
        self._loop = loop
        self._token = token
        self._room = asyncio.Semaphore(bound)  # asyncio
        self._taken: deque[T] = deque()  # Trio
        self._news = trio.Event()  # Trio

    async def put(self, value: T) -> None:
        """Hand over `value` (asyncio side); wait while the outlet is full."""
        await self._room.acquire()
        self._token.run_sync_soon(self._arrive, value)

    async def take(self) -> list[T]:
        """Wait for values and return all that have come (Trio side)."""
        while not self._taken:
            self._news = trio.Event()
            await self._news.wait()
        values = list(self._taken)
        self._taken.clear()
        self._loop.call_soon_threadsafe(self._make_room, len(values))
        return values

    def _arrive(self, value: T) -> None:
        self._taken.append(value)
        self._news.set()

    def _make_room(self, count: int) -> None:
        for _ in range(count):
            self._room.release()
