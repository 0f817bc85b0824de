"""The database as the rest of the house sees it, on the Trio side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

import trio

from voicechat.bridge import Bridge
from voicechat.errors import Unavailable
from voicechat.logs import get_logger
from voicechat.storage import pool as pools
from voicechat.storage.connection import Connection

log = get_logger("storage")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

APPEAR_WITHIN_S = 30.0
CLOSE_WITHIN_S = 8.0


class Database:
    """A pool of connections; made and closed by `open_database`."""

    def __init__(self, aio: Bridge, dsn: str, pool: Any) -> None:
        self.aio = aio
        self.dsn = dsn
        self._pool = pool

    async def run(self, unit: Callable[[Connection, Unpack[Ts]], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Run `unit(conn, *args)` on the asyncio side; each statement is a transaction of its own.

        Raises Unavailable when the server is away or too busy, else what the unit raises.
        """

        async def whole() -> T:
            return await pools.run(self._pool, unit, args)

        return await self.aio.call(whole)

    async def transaction(
        self, unit: Callable[[Connection, Unpack[Ts]], Coroutine[Any, Any, T]], *args: *Ts
    ) -> T:
        """Run `unit(conn, *args)` on the asyncio side in one transaction; return its result once committed.

        A cancellation of the caller rolls back, or comes too late: then the result is returned, and telling
        others about it directly after this (no await between) cannot be cut off. The unit runs again, a few
        times, when it met another transaction (deadlock, serialization failure), so it must have no effect
        but through its connection. Raises as `run` does.
        """

        async def whole() -> T:
            return await pools.transact(self._pool, unit, args)

        return await self.aio.call(whole)

    async def ping(self) -> None:
        """Return when the server answers a query; raises Unavailable when it does not."""
        await self.run(_ping)

    async def wait_answering(self) -> None:
        """Wait until the server answers a query."""
        pause_s = 0.05
        while True:
            try:
                await self.ping()
                return
            except Unavailable as problem:
                log.warning("waiting_for_database", problem=repr(problem.__cause__ or problem))
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, 2.0)


async def _ping(conn: Connection) -> None:
    await conn.execute("SELECT 1")


@asynccontextmanager
async def open_database(aio: Bridge, dsn: str, pool_size: int) -> AsyncIterator[Database]:
    """Open a pool of up to `pool_size` connections while the block runs, once the server answers.

    Raises Unavailable when it does not do so for half a minute. After a restart of PostgreSQL the pool
    heals by itself. Leave the block before stopping the server.
    """
    pool = await aio.call(pools.make_pool, dsn, pool_size)
    database = Database(aio, dsn, pool)
    try:
        with trio.move_on_after(APPEAR_WITHIN_S) as waiting:
            await database.wait_answering()
        if waiting.cancelled_caught:
            raise Unavailable(f"the database did not answer within {APPEAR_WITHIN_S:.0f} s")
        yield database
    finally:
        with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
            await aio.call(pools.close_pool, pool)
