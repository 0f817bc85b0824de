"""Migrations: numbered SQL files, applied once each, forward only.

`migrations/NNNN_name.sql` are applied in the order of their numbers, each in a transaction of its own with
the record of it. A file whose first line is `-- no-transaction` holds one statement that cannot run in one
(CREATE INDEX CONCURRENTLY). An applied file is never edited: its checksum is recorded and compared. Several
nodes may start at once; an advisory lock lets one work and the others find it done.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import asyncpg

from voicechat.errors import Conflict, Unavailable
from voicechat.logs import get_logger
from voicechat.storage.database import Database

log = get_logger("storage")

LOCK_KEY = 0x766F696365  # "voice"; one per database
LOCK_WITHIN_S = 60.0
LOCK_POLL_S = 0.05
STATEMENT_WITHIN_S = 6 * 3600.0

_NAME = re.compile(r"(?P<version>\d{4})_[a-z0-9_]+\.sql")
_NO_TRANSACTION = "-- no-transaction"

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_APPLIED = "SELECT name, checksum FROM schema_migrations"
_RECORD = "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)"
_TRY_LOCK = "SELECT pg_try_advisory_lock($1)"


@dataclass(frozen=True)
class Migration:
    """One file."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def is_transactional(self) -> bool:
        return not self.sql.startswith(_NO_TRANSACTION)


def read_migrations(folder: Traversable | None = None) -> list[Migration]:
    """Read the files of `folder` (the package's own), in order; raise Conflict on a bad or doubled number."""
    folder = folder or resources.files("voicechat.storage") / "migrations"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    taken: dict[str, str] = {}
    for file in files:
        matched = _NAME.fullmatch(file.name)
        if matched is None:
            raise Conflict(f"a migration is named NNNN_words.sql, not {file.name}")
        other = taken.setdefault(matched["version"], file.name)
        if other != file.name:
            raise Conflict(f"the migrations {other} and {file.name} have the same number")
    return [Migration(file.name, file.read_text(encoding="utf-8")) for file in files]


async def migrate(db: Database, folder: Traversable | None = None) -> list[str]:
    """Bring the database up to date; return the names of the files applied now.

    Raises Conflict when an applied file was changed or is missing, Unavailable when another node holds the
    lock for a minute, and PostgreSQL's error, naming the file, when one fails: it and those after it are then
    not applied.
    """
    return await db.aio.call(_migrate, db.dsn, read_migrations(folder))


async def _migrate(dsn: str, migrations: list[Migration]) -> list[str]:
    async with _locked_connection(dsn) as connection:
        await connection.execute(_CREATE_TABLE)
        applied = dict(await connection.fetch(_APPLIED))
        _compare(applied, migrations)
        pending = [migration for migration in migrations if migration.name not in applied]
        for migration in pending:
            await _apply(connection, migration)
        return [migration.name for migration in pending]


@asynccontextmanager
async def _locked_connection(dsn: str) -> AsyncIterator[Any]:
    """Open a connection of our own, without the pool's time limits; the lock goes with it."""
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "voicechat-migrate"})
    try:
        await _lock(connection)
        yield connection
    finally:
        connection.terminate()


async def _lock(connection: Any) -> None:
    """Poll, as a statement waiting inside PostgreSQL would hold up CREATE INDEX CONCURRENTLY."""
    try:
        async with asyncio.timeout(LOCK_WITHIN_S):
            while True:
                if await connection.fetchval(_TRY_LOCK, LOCK_KEY):
                    return
                await asyncio.sleep(LOCK_POLL_S)
    except TimeoutError:
        raise Unavailable(
            f"another node has been migrating for {LOCK_WITHIN_S:.0f} s; try again later"
        ) from None


def _compare(applied: dict[str, str], migrations: list[Migration]) -> None:
    known = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in sorted(applied.items()):
        if name not in known:
            raise Conflict(f"the database has the migration {name}, this program does not: it is older")
        if known[name] != checksum:
            raise Conflict(
                f"the migration {name} was changed after it had been applied: add a new one instead"
            )


async def _apply(connection: Any, migration: Migration) -> None:
    try:
        if migration.is_transactional:
            async with connection.transaction():
                await connection.execute(migration.sql, timeout=STATEMENT_WITHIN_S)
                await connection.execute(_RECORD, migration.name, migration.checksum)
        else:
            await connection.execute(migration.sql, timeout=STATEMENT_WITHIN_S)
            await connection.execute(_RECORD, migration.name, migration.checksum)
    except asyncpg.PostgresError as problem:
        problem.add_note(f"in the migration {migration.name}")
        raise
    log.info("migration_applied", name=migration.name)
