"""Units of work against a real PostgreSQL: values, transactions, failures, cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import trio

from voicechat.bridge import Bridge
from voicechat.errors import Unavailable
from voicechat.ids import new_id
from voicechat.storage import Connection, Database, open_database, violated_constraint

SCHEMA = """
CREATE TABLE things (id integer CONSTRAINT things_id_key UNIQUE, value text);
CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL);
INSERT INTO accounts VALUES (1, 100), (2, 100);
"""


@pytest.fixture
async def db(aio: Bridge, empty_database_url: str) -> AsyncIterator[Database]:
    async with open_database(aio, empty_database_url, 5) as database:
        await database.run(execute, SCHEMA)
        yield database


async def execute(conn: Connection, query: str, *args: Any) -> str:
    return await conn.execute(query, *args)


async def fetch_value(conn: Connection, query: str, *args: Any) -> Any:
    return await conn.fetchval(query, *args)


async def count_things(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM things"))


async def add_thing(conn: Connection, number: int) -> int:
    await conn.execute("INSERT INTO things VALUES ($1)", number)
    return number


@pytest.mark.parametrize(
    ("sql_type", "value"),
    [
        ("uuid", new_id()),
        ("uuid[]", [new_id(), new_id()]),
        ("jsonb", {"a": [1, None, "ä"], "b": True}),
        ("json", [1.5, {"x": ""}]),
        ("jsonb[]", [{"a": 1}, "text", None]),
        ("timestamptz", datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)),
        ("bytea", b"\x00\xff"),
        ("bigint", 2**53 - 1),
    ],
)
async def test_values_go_in_and_come_out_the_same(db: Database, sql_type: str, value: Any) -> None:
    assert await db.run(fetch_value, f"SELECT $1::{sql_type}", value) == value


async def test_a_transaction_that_fails_leaves_nothing(db: Database) -> None:
    async def add_and_fail(conn: Connection) -> None:
        await add_thing(conn, 1)
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        await db.transaction(add_and_fail)
    assert await db.run(count_things) == 0


async def test_a_savepoint_survives_what_failed_in_it(db: Database) -> None:
    async def add_twice(conn: Connection) -> None:
        await add_thing(conn, 1)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with conn.transaction():
                await add_thing(conn, 1)
        await add_thing(conn, 2)

    await db.transaction(add_twice)
    assert await db.run(count_things) == 2


async def test_a_violated_constraint_is_named(db: Database) -> None:
    await db.transaction(add_thing, 1)
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await db.transaction(add_thing, 1)
    assert violated_constraint(caught.value) == "things_id_key"
    assert violated_constraint(KeyError()) is None


async def test_two_transactions_in_a_deadlock_both_succeed(db: Database) -> None:
    """PostgreSQL undoes one of them; it is run again."""
    runs: list[int] = []
    both_hold_one = asyncio.Barrier(2)

    async def move(conn: Connection, source: int, target: int) -> None:
        is_first_run = runs.count(source) == 0
        runs.append(source)
        await conn.execute("UPDATE accounts SET balance = balance - 10 WHERE id = $1", source)
        if is_first_run:
            await both_hold_one.wait()
        await conn.execute("UPDATE accounts SET balance = balance + 10 WHERE id = $1", target)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(db.transaction, move, 1, 2)
            nursery.start_soon(db.transaction, move, 2, 1)
    assert len(runs) == 3
    assert await db.run(fetch_value, "SELECT array_agg(balance ORDER BY id) FROM accounts") == [100, 100]


async def test_a_statement_stopped_by_its_time_limit_is_unavailable(db: Database) -> None:
    async def sleep(conn: Connection) -> None:
        await conn.execute("SET LOCAL statement_timeout = '20ms'")
        await conn.execute("SELECT pg_sleep(10)")

    with pytest.raises(Unavailable):
        await db.transaction(sleep)
    assert await db.run(count_things) == 0


async def test_cancelling_inside_a_unit_rolls_back_and_stops_the_query(db: Database) -> None:
    async def add_and_sleep(conn: Connection) -> None:
        await add_thing(conn, 1)
        await conn.execute("SELECT pg_sleep(60)")

    with trio.fail_after(10):
        with trio.move_on_after(0.1) as scope:
            await db.transaction(add_and_sleep)
    assert scope.cancelled_caught
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sl%'"
    assert await db.run(fetch_value, sleeping) == 0
    assert await db.run(count_things) == 0


async def test_a_cancel_that_comes_with_the_commit_is_too_late(db: Database) -> None:
    """Deferred work makes COMMIT slow; the caller is cancelled meanwhile and still learns the result."""
    await db.run(
        execute,
        """
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON things
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle();
        """,
    )
    is_committing = threading.Event()

    async def add_and_say(conn: Connection) -> int:
        await add_thing(conn, 7)
        asyncio.get_running_loop().call_later(0.05, is_committing.set)
        return 7

    told = []

    async def commit_then_tell() -> None:
        told.append(await db.transaction(add_and_say))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit_then_tell)
        await trio.to_thread.run_sync(is_committing.wait)
        nursery.cancel_scope.cancel()

    assert told == [7]
    assert await db.run(count_things) == 1


async def test_three_hundred_racing_cancels_leave_the_pool_whole_and_the_news_true(db: Database) -> None:
    """Whoever was told of a commit finds it, nobody else's is there, and all five connections still work."""
    told: set[int] = set()

    async def race(number: int) -> None:
        with trio.move_on_after(number % 50 * 0.0004):
            told.add(await db.transaction(add_thing, number))

    with trio.fail_after(60):
        for start in range(0, 300, 20):
            async with trio.open_nursery() as nursery:
                for number in range(start, start + 20):
                    nursery.start_soon(race, number)

    found = await db.run(fetch_value, "SELECT coalesce(array_agg(id), '{}') FROM things")
    assert set(found) == told
    assert 0 < len(told) < 300
    await all_connections_work_at_once(db, 5)


async def all_connections_work_at_once(db: Database, count: int) -> None:
    meeting = asyncio.Barrier(count)

    async def meet(conn: Connection) -> None:
        await conn.execute("SELECT 1")
        await meeting.wait()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(db.run, meet)
