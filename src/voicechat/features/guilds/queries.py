"""Founding, changing and dissolving guilds, in SQL.

Founding also writes the first row of the tables that the roles, channels and members rooms keep: a guild
without them is none.
"""

from __future__ import annotations

from voicechat.storage import Connection

INSERT_GUILD = "INSERT INTO guilds (id, name, owner_id, description) VALUES ($1, $2, $3, $4)"

INSERT_OWNER = "INSERT INTO guild_members (guild_id, user_id) VALUES ($1, $2)"

INSERT_EVERYONE = """
INSERT INTO roles (id, guild_id, name, permissions, position, is_default)
VALUES ($1, $2, 'everyone', $3, 0, true)
"""

INSERT_CHANNEL = """
INSERT INTO channels (id, guild_id, name, channel_type, position) VALUES ($1, $2, $3, $4, $5)
"""

EDIT_NAME = "UPDATE guilds SET name = $2 WHERE id = $1"

EDIT_DESCRIPTION = "UPDATE guilds SET description = $2 WHERE id = $1"

EDIT_AFK_CHANNEL = "UPDATE guilds SET afk_channel_id = $2 WHERE id = $1"

EDIT_AFK_TIMEOUT = "UPDATE guilds SET afk_timeout_s = $2 WHERE id = $1"

DELETE_GUILD = "DELETE FROM guilds WHERE id = $1 AND owner_id = $2 RETURNING true"

TRANSFER = """
UPDATE guilds g SET owner_id = m.user_id FROM guild_members m
WHERE g.id = $1 AND m.guild_id = g.id AND m.user_id = $2 RETURNING true
"""

FREE_OWNER = """
UPDATE guild_members SET timed_out_until = NULL, timeout_reason = NULL, muted = false, deafened = false
WHERE guild_id = $1 AND user_id = $2
"""


async def insert_guild(
    conn: Connection, guild_id: str, name: str, owner_id: str, description: str | None
) -> None:
    """Add a guild and its owner's membership."""
    await conn.execute(INSERT_GUILD, guild_id, name, owner_id, description)
    await conn.execute(INSERT_OWNER, guild_id, owner_id)


async def insert_everyone(conn: Connection, role_id: str, guild_id: str, permissions: int) -> None:
    """Add the role that every member has."""
    await conn.execute(INSERT_EVERYONE, role_id, guild_id, permissions)


async def insert_channel(
    conn: Connection, channel_id: str, guild_id: str, name: str, channel_type: str, position: int
) -> None:
    """Add one of a guild's first channels."""
    await conn.execute(INSERT_CHANNEL, channel_id, guild_id, name, channel_type, position)


async def edit_name(conn: Connection, guild_id: str, name: str) -> None:
    """Rename a guild."""
    await conn.execute(EDIT_NAME, guild_id, name)


async def edit_description(conn: Connection, guild_id: str, description: str | None) -> None:
    """Describe a guild anew."""
    await conn.execute(EDIT_DESCRIPTION, guild_id, description)


async def edit_afk_channel(conn: Connection, guild_id: str, channel_id: str | None) -> None:
    """Say where those who have fallen silent are put, if anywhere."""
    await conn.execute(EDIT_AFK_CHANNEL, guild_id, channel_id)


async def edit_afk_timeout(conn: Connection, guild_id: str, timeout_s: int) -> None:
    """Say after how much silence."""
    await conn.execute(EDIT_AFK_TIMEOUT, guild_id, timeout_s)


async def delete_guild(conn: Connection, guild_id: str, owner_id: str) -> bool:
    """Delete a guild with all that is in it; False when it is not this owner's."""
    return bool(await conn.fetchval(DELETE_GUILD, guild_id, owner_id))


async def transfer(conn: Connection, guild_id: str, user_id: str) -> bool:
    """Make a member the owner and end what binds them, which nobody then could; False when they are none."""
    done = bool(await conn.fetchval(TRANSFER, guild_id, user_id))
    await conn.execute(FREE_OWNER, guild_id, user_id)
    return done
