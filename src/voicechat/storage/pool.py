"""Lend a connection to a unit, on the asyncio side: acquire, work, commit or roll back, give back.

waiting for a connection, or inside the unit    a cancellation ends it: rolled back, given back clean
from COMMIT on                                  a cancellation comes too late: the result is returned
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, TypeVarTuple, Unpack

import asyncpg

from voicechat.errors import Unavailable
from voicechat.logs import get_logger
from voicechat.storage.codecs import set_codecs
from voicechat.storage.connection import Connection
from voicechat.storage.failures import REPEATABLE, is_away, refusal, too_busy

log = get_logger("storage")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ATTEMPTS = 4
ACQUIRE_WITHIN_S = 10.0
FINISH_WITHIN_S = 10.0
CLOSE_WITHIN_S = 5.0
ANSWER_WITHIN_S = 40.0  # above statement_timeout: only for a network that swallows the answer
IDLE_CONNECTION_S = 60.0

_SESSION = {
    "application_name": "voicechat",
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}


async def _no_reset(_connection: Any) -> None:
    """Spare the round trip of RESET ALL and its like: units do not change their session.

    An open transaction cannot be left behind either, as `transact` ends every one it begins; asyncpg would
    still roll it back before this is called.
    """


async def make_pool(dsn: str, size: int) -> Any:
    """Make a pool of up to `size` connections. None is opened yet, and idle ones are let go of."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=IDLE_CONNECTION_S,
        max_cached_statement_lifetime=0,
        statement_cache_size=512,
        command_timeout=ANSWER_WITHIN_S,
        server_settings=_SESSION,
        init=set_codecs,
        reset=_no_reset,
    )


async def close_pool(pool: Any) -> None:
    """Close every connection; those still lent out after a few seconds are cut."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


async def run(
    pool: Any, unit: Callable[[Connection, Unpack[Ts]], Coroutine[Any, Any, T]], args: tuple[*Ts]
) -> T:
    """Run the unit on a connection, each statement a transaction of its own."""
    try:
        async with _lent(pool) as connection:
            return await unit(connection, *args)
    except REPEATABLE as conflict:
        raise too_busy() from conflict


async def transact(
    pool: Any, unit: Callable[[Connection, Unpack[Ts]], Coroutine[Any, Any, T]], args: tuple[*Ts]
) -> T:
    """Run the unit in one transaction; again when PostgreSQL undid it for another, or never began it."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(pool, unit, args)
        except _NotBegun:
            if attempt == ATTEMPTS:
                raise
            # The server was restarted since this connection was last used; the next one is fresh.
        except REPEATABLE as conflict:
            if attempt == ATTEMPTS:
                raise too_busy() from conflict
            log.info("transaction_repeated", attempt=attempt, reason=type(conflict).__name__)
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))
    raise AssertionError("the last attempt returns or raises")


class _NotBegun(Unavailable):
    """The connection was found dead at BEGIN: nothing has happened yet."""


async def _attempt(
    pool: Any, unit: Callable[[Connection, Unpack[Ts]], Coroutine[Any, Any, T]], args: tuple[*Ts]
) -> T:
    async with _lent(pool) as connection:
        transaction = connection.transaction()
        await _begin(transaction)
        try:
            result = await unit(connection, *args)
        except BaseException:
            await _roll_back(connection, transaction)
            raise
        await _see_through(transaction.commit())
        return result


async def _begin(transaction: Any) -> None:
    try:
        await transaction.start()
    except Exception as problem:
        if is_away(problem):
            raise _NotBegun("the database is away; try again shortly") from problem
        raise


async def _roll_back(connection: Any, transaction: Any) -> None:
    if _is_gone(connection):
        return  # the server rolls back by itself
    try:
        await _see_through(transaction.rollback())
    except Exception as problem:
        log.warning("rollback_failed", problem=repr(problem))
        _cut(connection)


def _is_gone(connection: Any) -> bool:
    """Tell whether the connection was closed; asyncpg then takes it back and raises on any use."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def _cut(connection: Any) -> None:
    if not _is_gone(connection):
        connection.terminate()


async def _see_through(step: Coroutine[Any, Any, T]) -> T:
    """Await `step` to its end, for a few seconds at most, through any cancellation of the current task.

    The cancellation is then forgotten: the step decides, and its outcome is what the caller must learn.
    """
    task = asyncio.ensure_future(_limited(step))
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    _forget_cancellation()
    return task.result()


async def _limited(step: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(FINISH_WITHIN_S):
        return await step


def _forget_cancellation() -> None:
    current = asyncio.current_task()
    while current is not None and current.cancelling():
        current.uncancel()


@asynccontextmanager
async def _lent(pool: Any) -> AsyncIterator[Any]:
    """Lend a connection and take it back; errors that are the server's become Unavailable."""
    connection = await _acquire(pool)
    try:
        yield connection
    except Exception as problem:
        translated = refusal(problem, is_closed=_is_gone(connection))
        if is_away(problem):
            _cut(connection)
        if translated:
            raise translated from problem
        raise
    finally:
        await _give_back(pool, connection)


async def _give_back(pool: Any, connection: Any) -> None:
    """Return the connection; nothing that happens now may change what the unit has achieved.

    A cancellation comes too late: asyncpg shields its release, which goes on. An error means that the
    connection died meanwhile, and asyncpg has taken it back already or cuts it.
    """
    try:
        with suppress(asyncio.CancelledError):
            await pool.release(connection, timeout=FINISH_WITHIN_S)
    except Exception as problem:
        log.debug("connection_died_at_release", problem=repr(problem))
    _forget_cancellation()


async def _acquire(pool: Any) -> Any:
    try:
        async with asyncio.timeout(ACQUIRE_WITHIN_S):
            return await pool.acquire()
    except Exception as problem:
        if translated := refusal(problem, is_closed=True):
            raise translated from problem
        raise
