"""Every SQL statement of every room is one PostgreSQL can prepare against the migrated schema."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import asyncpg
import pytest

from voicechat import access, features

_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def _statements() -> list[tuple[str, str]]:
    found = []
    for package in (access, features):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if name.isupper() and isinstance(value, str) and _STATEMENT.match(value):
                    found.append((f"{module.name}.{name}", value))
    return found


def test_the_rooms_have_statements() -> None:
    assert len(_statements()) > 100


async def test_every_statement_can_be_prepared(aio: Any, database_url: str) -> None:
    async def prepare_all() -> list[str]:
        connection = await asyncpg.connect(database_url)
        failures = []
        for name, statement in _statements():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as problem:
                failures.append(f"{name}: {problem}")
        await connection.close()
        return failures

    assert await aio.call(prepare_all) == []


@pytest.mark.parametrize("statement", [pytest.param(text, id=name) for name, text in _statements()])
def test_no_statement_is_put_together_at_run_time(statement: str) -> None:
    assert "{" not in statement.replace("'{}'", "")
