"""Permission overrides, in SQL."""

from __future__ import annotations

from voicechat.protocol.channels import Override
from voicechat.storage import Connection

OVERRIDES = """
SELECT target_id, CASE WHEN role_id IS NULL THEN 'member' ELSE 'role' END AS target_type, allow, deny
FROM permission_overrides WHERE place_id = $1 ORDER BY target_type DESC, target_id
"""

OVERRIDE = """
SELECT target_id, CASE WHEN role_id IS NULL THEN 'member' ELSE 'role' END AS target_type, allow, deny
FROM permission_overrides WHERE place_id = $1 AND target_id = $2
"""

PUT = """
INSERT INTO permission_overrides (guild_id, channel_id, category_id, role_id, user_id, allow, deny)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (place_id, target_id) DO UPDATE SET allow = excluded.allow, deny = excluded.deny
"""

DELETE = "DELETE FROM permission_overrides WHERE place_id = $1 AND target_id = $2"

ROLE_POSITION = "SELECT position FROM roles WHERE guild_id = $1 AND id = $2"


async def overrides(conn: Connection, place_id: str) -> list[Override]:
    """List what a channel or category changes, roles first."""
    return [Override(**row) for row in await conn.fetch(OVERRIDES, place_id)]


async def find(conn: Connection, place_id: str, target_id: str) -> Override | None:
    """Return what a place changes for a role or member, or None."""
    row = await conn.fetchrow(OVERRIDE, place_id, target_id)
    return None if row is None else Override(**row)


async def put(
    conn: Connection, guild_id: str, channel_id: str | None, category_id: str | None, override: Override
) -> None:
    """Set what a channel or category (one of the two) changes for a role or member of its guild."""
    is_role = override.target_type == "role"
    role_id, user_id = (override.target_id, None) if is_role else (None, override.target_id)
    await conn.execute(
        PUT, guild_id, channel_id, category_id, role_id, user_id, override.allow, override.deny
    )


async def delete(conn: Connection, place_id: str, target_id: str) -> None:
    """Forget what a place changes for a role or member."""
    await conn.execute(DELETE, place_id, target_id)


async def role_position(conn: Connection, guild_id: str, role_id: str) -> int | None:
    """Return a role's rank in its guild, or None."""
    found: int | None = await conn.fetchval(ROLE_POSITION, guild_id, role_id)
    return found
