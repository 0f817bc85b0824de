"""The resources that tests of every room stand on: real servers once a session, fresh contents for each test.

    aio             the asyncio bridge (one thread for the whole session)
    database_url    a migrated database of this test's own        db     the same, opened as storage.Database
    redis_url       an empty Redis                                bus    the same, opened as bus.Bus
    empty_database_url    a database without any migration
    data_dir        a data folder of this test's own, whose PostgreSQL has been started once and is stopped

Nothing is started for tests that ask for none of these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from tests.support import redis as redis_support
from tests.support.postgres import PostgresServer, copy_data_folder, running_postgres
from voicechat.bridge import Bridge
from voicechat.bus import Bus, open_bus
from voicechat.embedded import open_postgres
from voicechat.storage import Database, migrate, open_database

TEMPLATE = "template_migrated"


@pytest.fixture(scope="session")
def aio() -> Iterator[Bridge]:
    bridge = Bridge()
    bridge.start()
    yield bridge
    bridge.stop()


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def postgres_server(aio: Bridge, servers_folder: Path) -> Iterator[PostgresServer]:
    with running_postgres(aio, servers_folder) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(aio: Bridge, postgres_server: PostgresServer) -> str:
    postgres_server.execute(f"CREATE DATABASE {TEMPLATE}")

    async def fill() -> None:
        async with open_database(aio, postgres_server.dsn_of(TEMPLATE), 2) as database:
            await migrate(database)

    trio.run(fill)
    return TEMPLATE


@pytest.fixture
def database_url(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    with postgres_server.fresh_database(migrated_template) as dsn:
        yield dsn


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.fresh_database("template1") as dsn:
        yield dsn


@pytest.fixture
async def db(aio: Bridge, database_url: str) -> AsyncIterator[Database]:
    async with open_database(aio, database_url, 5) as database:
        yield database


@pytest.fixture(scope="session")
def made_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")

    async def start_and_stop() -> None:
        async with open_postgres(folder):
            pass

    trio.run(start_and_stop)
    return folder


@pytest.fixture
def data_dir(made_data_dir: Path, tmp_path: Path) -> Path:
    copy_data_folder(made_data_dir, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def redis_server(servers_folder: Path) -> Iterator[str]:
    with redis_support.running_redis(servers_folder) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    redis_support.empty(redis_server)
    return redis_server


@pytest.fixture
async def bus(aio: Bridge, redis_url: str) -> AsyncIterator[Bus]:
    async with open_bus(aio, redis_url) as opened:
        yield opened
