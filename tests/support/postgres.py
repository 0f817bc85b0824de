"""PostgreSQL for tests: our own embedded one, and a fresh migrated database for each test in a few ms."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.support.background import in_background
from voicechat.bridge import Bridge
from voicechat.embedded import open_postgres

# The tests' data may vanish with the machine; CREATE DATABASE then costs no waiting for the disk. A vacuum
# worker belongs to a superuser, so a database it has just entered could not be dropped.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "autovacuum": "off",
}


class PostgresServer:
    """A running server; hands out databases made from a template.

    While a test runs, the next one's is made and the last one's is dropped: the server has a core for that.
    """

    def __init__(self, aio: Bridge, dsn: str) -> None:
        self._aio = aio
        self._numbers = itertools.count(1)
        self._beside = ThreadPoolExecutor(1)
        self._next: dict[str, Future[str]] = {}
        self._drops: list[Future[None]] = []
        self.dsn = dsn

    def dsn_of(self, database: str) -> str:
        """Return the DSN of another database of this server."""
        return self.dsn.replace(":///voicechat?", f":///{database}?")

    def execute(self, *statements: str) -> None:
        """Run statements on the maintenance database; blocks."""

        async def run() -> None:
            connection: Any = await asyncpg.connect(self.dsn_of("postgres"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run_coroutine_threadsafe(run(), self._aio.loop).result(30)

    @contextmanager
    def fresh_database(self, template: str) -> Iterator[str]:
        """Make a copy of `template`, yield its DSN, and drop it."""
        name = self._soon(template).result()
        self._next[template] = self._beside.submit(self._copy, template)
        try:
            yield self.dsn_of(name)
        finally:
            self._drops.append(self._beside.submit(self.execute, f"DROP DATABASE {name} WITH (FORCE)"))

    def _soon(self, template: str) -> Future[str]:
        return self._next.pop(template, None) or self._beside.submit(self._copy, template)

    def _copy(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def close(self) -> None:
        """Wait for what is still being made and dropped; raises what went wrong."""
        self._beside.shutdown()
        for made in self._next.values():
            made.result()
        for dropped in self._drops:
            dropped.result()


def copy_data_folder(source: Path, target: Path) -> None:
    """Copy the data folder of a stopped server, owners and all: far quicker than a first start."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


@contextmanager
def running_postgres(aio: Bridge, folder: Path) -> Iterator[PostgresServer]:
    """Run a server under `folder`."""
    with in_background(lambda: open_postgres(folder, settings=_FAST)) as dsn:
        server = PostgresServer(aio, dsn)
        yield server
        server.close()
