"""Migrations: applied once, in order, whole or not at all, by however many nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from voicechat.bridge import Bridge
from voicechat.errors import Conflict
from voicechat.storage import Connection, Database, migrate, open_database
from voicechat.storage.migrate import read_migrations


@pytest.fixture
async def db(aio: Bridge, empty_database_url: str) -> AsyncIterator[Database]:
    async with open_database(aio, empty_database_url, 4) as database:
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_one.sql", "CREATE TABLE one (id integer); CREATE TABLE more (id integer);")
    write(tmp_path, "0002_two.sql", "INSERT INTO one VALUES (1);")
    return tmp_path


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql, encoding="utf-8")


async def fetch_value(conn: Connection, query: str) -> Any:
    return await conn.fetchval(query)


async def test_each_file_is_applied_once_in_order(db: Database, folder: Path) -> None:
    assert await migrate(db, folder) == ["0001_one.sql", "0002_two.sql"]
    assert await migrate(db, folder) == []
    write(folder, "0003_three.sql", "INSERT INTO one VALUES (3);")
    assert await migrate(db, folder) == ["0003_three.sql"]
    assert await db.run(fetch_value, "SELECT array_agg(id) FROM one") == [1, 3]


async def test_three_nodes_starting_at_once_apply_once(db: Database, folder: Path) -> None:
    write(folder, "0003_slow.sql", "SELECT pg_sleep(0.2);")
    applied: list[list[str]] = []

    async def start() -> None:
        applied.append(await migrate(db, folder))

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(start)
    assert sorted(map(len, applied)) == [0, 0, 3]


async def test_a_file_that_fails_is_named_and_leaves_nothing(db: Database, folder: Path) -> None:
    write(folder, "0003_bad.sql", "CREATE TABLE half (id integer); SELECT nonsense;")
    with pytest.raises(asyncpg.UndefinedColumnError) as caught:
        await migrate(db, folder)
    assert caught.value.__notes__ == ["in the migration 0003_bad.sql"]
    assert await db.run(fetch_value, "SELECT to_regclass('half')::text") is None
    assert await db.run(fetch_value, "SELECT count(*) FROM schema_migrations") == 2


async def test_a_file_changed_after_it_was_applied_is_refused(db: Database, folder: Path) -> None:
    await migrate(db, folder)
    write(folder, "0001_one.sql", "CREATE TABLE other (id integer);")
    with pytest.raises(Conflict, match=r"0001_one\.sql was changed"):
        await migrate(db, folder)


async def test_a_database_newer_than_the_program_is_refused(db: Database, folder: Path) -> None:
    await migrate(db, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(Conflict, match=r"0002_two\.sql.*older"):
        await migrate(db, folder)


async def test_an_index_can_be_made_concurrently(db: Database, folder: Path) -> None:
    write(folder, "0003_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY one_id ON one (id);")
    assert (await migrate(db, folder))[-1] == "0003_index.sql"
    assert await db.run(fetch_value, "SELECT to_regclass('one_id')::text") == "one_id"


@pytest.mark.parametrize("name", ["3_short.sql", "0003-dash.sql", "0001_again.sql"])
def test_a_bad_or_doubled_number_is_refused(folder: Path, name: str) -> None:
    write(folder, name, "SELECT 1;")
    with pytest.raises(Conflict, match=name.replace(".", r"\.")):
        read_migrations(folder)


async def test_the_products_own_migrations_apply_to_an_empty_database(db: Database) -> None:
    expected = [migration.name for migration in read_migrations()]
    assert await migrate(db) == expected
