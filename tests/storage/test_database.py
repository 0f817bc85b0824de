"""Units of work against a real PostgreSQL: values, transactions, cancellation, healing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import trio

from voicechat.errors import Unavailable
from voicechat.ids import new_id
from voicechat.storage import Connection, Database, open_database, violated_constraint


async def fetch_value(conn: Connection, query: str, *args: Any) -> Any:
    return await conn.fetchval(query, *args)


async def execute(conn: Connection, query: str, *args: Any) -> str:
    return await conn.execute(query, *args)


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
