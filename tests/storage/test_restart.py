"""PostgreSQL goes away and comes back under an open pool."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.background import in_background
from voicechat.bridge import Bridge
from voicechat.embedded import open_postgres
from voicechat.errors import Unavailable
from voicechat.storage import Connection, Database, open_database


@pytest.fixture
def own_postgres(data_dir: Path) -> Iterator[str]:
    """A server of this test's own, which is started again whenever it ends."""
    with in_background(lambda: open_postgres(data_dir)) as dsn:
        yield dsn


def end_postgres(data_dir: Path, number: signal.Signals) -> None:
    pid = int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, number)


async def fetch_value(conn: Connection, query: str) -> Any:
    return await conn.fetchval(query)


async def add_row(conn: Connection) -> None:
    await conn.execute("INSERT INTO kept VALUES (1)")


async def until_answered(db: Database, query: str = "SELECT 1") -> Any:
    """Ask until there is an answer (the last backend of a killed server may still give one or two)."""
    while True:
        try:
            return await db.transaction(fetch_value, query)
        except Unavailable:
            await trio.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_after_a_restart_the_pool_heals_by_itself(
    aio: Bridge, own_postgres: str, data_dir: Path, number: signal.Signals
) -> None:
    """Callers meet nothing but Unavailable, and what was answered with success is there."""
    told = 0
    stop = trio.Event()

    async def keep_writing(db: Database) -> None:
        nonlocal told
        while not stop.is_set():
            try:
                await db.transaction(add_row)
                told += 1
            except Unavailable:
                await trio.sleep(0.01)

    with trio.fail_after(60):
        async with open_database(aio, own_postgres, 5) as db:
            await db.run(fetch_value, "CREATE TABLE kept (id integer)")
            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(keep_writing, db)
                for _ in range(2):
                    await until_answered(db)
                    end_postgres(data_dir, number)
                    await until_away(db)
                await until_answered(db)
                stop.set()
            assert told > 0
            assert await until_answered(db, "SELECT count(*) FROM kept") >= told


async def until_away(db: Database) -> None:
    while True:
        try:
            await db.run(fetch_value, "SELECT 1")
        except Unavailable:
            return


async def test_a_pool_can_be_opened_before_its_server_is_up(aio: Bridge, data_dir: Path) -> None:
    async with open_postgres(data_dir) as dsn:
        pass  # only to learn where it will listen
    opened = trio.Event()

    async def open_early() -> None:
        async with open_database(aio, dsn, 2) as db:
            assert await db.run(fetch_value, "SELECT 1") == 1
            opened.set()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(open_early)
            await trio.testing.wait_all_tasks_blocked(0.05)
            async with open_postgres(data_dir):
                await opened.wait()
                await trio.testing.wait_all_tasks_blocked()
