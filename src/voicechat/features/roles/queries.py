"""Roles, in SQL. Positions have no gaps: @everyone is 0, the highest role as high as there are others."""

from __future__ import annotations

from collections.abc import Sequence

from voicechat.access.view import role
from voicechat.protocol.roles import Role
from voicechat.storage import Connection

ROLE = """
SELECT id, guild_id, name, color, permissions, position, is_default FROM roles
WHERE guild_id = $1 AND id = $2
"""

COUNT = "SELECT count(*) FROM roles WHERE guild_id = $1"

MAKE_ROOM = "UPDATE roles SET position = position + 1 WHERE guild_id = $1 AND NOT is_default"

INSERT = """
INSERT INTO roles (id, guild_id, name, color, permissions, position) VALUES ($1, $2, $3, $4, $5, 1)
"""

EDIT_NAME = "UPDATE roles SET name = $2 WHERE id = $1"

EDIT_COLOR = "UPDATE roles SET color = $2 WHERE id = $1"

EDIT_PERMISSIONS = "UPDATE roles SET permissions = $2 WHERE id = $1"

RANKED = "SELECT id FROM roles WHERE guild_id = $1 AND NOT is_default ORDER BY position"

PLACE = """
UPDATE roles r SET position = placed.position
FROM unnest($2::uuid[]) WITH ORDINALITY placed (id, position)
WHERE r.guild_id = $1 AND r.id = placed.id AND r.position <> placed.position
RETURNING r.id, r.guild_id, r.name, r.color, r.permissions, r.position, r.is_default
"""

DELETE = "DELETE FROM roles WHERE id = $1 AND NOT is_default"


async def find(conn: Connection, guild_id: str, role_id: str) -> Role | None:
    """Return a role of the guild, or None."""
    row = await conn.fetchrow(ROLE, guild_id, role_id)
    return None if row is None else role(row)


async def count(conn: Connection, guild_id: str) -> int:
    """Count the guild's roles, @everyone included."""
    found: int = await conn.fetchval(COUNT, guild_id)
    return found


async def insert(
    conn: Connection, role_id: str, guild_id: str, name: str, color: str | None, permissions: int
) -> None:
    """Add a role just above @everyone."""
    await conn.execute(MAKE_ROOM, guild_id)
    await conn.execute(INSERT, role_id, guild_id, name, color, permissions)


async def edit_name(conn: Connection, role_id: str, name: str) -> None:
    """Rename a role."""
    await conn.execute(EDIT_NAME, role_id, name)


async def edit_color(conn: Connection, role_id: str, color: str | None) -> None:
    """Give a role another colour, or none."""
    await conn.execute(EDIT_COLOR, role_id, color)


async def edit_permissions(conn: Connection, role_id: str, permissions: int) -> None:
    """Let a role's members do other things."""
    await conn.execute(EDIT_PERMISSIONS, role_id, permissions)


async def ranked(conn: Connection, guild_id: str) -> list[str]:
    """Return the ids of the roles but @everyone, lowest first."""
    return [row[0] for row in await conn.fetch(RANKED, guild_id)]


async def place(conn: Connection, guild_id: str, role_ids: Sequence[str]) -> list[Role]:
    """Rank the roles in this order, lowest first; return those that moved."""
    return [role(row) for row in await conn.fetch(PLACE, guild_id, role_ids)]


async def delete(conn: Connection, role_id: str) -> None:
    """Remove a role from everybody and everything."""
    await conn.execute(DELETE, role_id)
