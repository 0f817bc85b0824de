"""Channels, categories and how far they were read, in SQL."""

from __future__ import annotations

from typing import NamedTuple

from voicechat.access.view import category
from voicechat.protocol.channels import Category
from voicechat.storage import Connection

COUNT = "SELECT count(*) FROM channels WHERE guild_id = $1"

INSERT = """
INSERT INTO channels
    (id, guild_id, name, channel_type, category_id, topic, user_limit, bitrate_kbps, ptime_ms,
     max_screen_shares, position)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce(max(position) + 1, 0)
FROM channels WHERE guild_id = $2
"""

EDIT_NAME = "UPDATE channels SET name = $2 WHERE id = $1"

EDIT_TOPIC = "UPDATE channels SET topic = $2 WHERE id = $1"

EDIT_USER_LIMIT = "UPDATE channels SET user_limit = $2 WHERE id = $1"

EDIT_BITRATE = "UPDATE channels SET bitrate_kbps = $2 WHERE id = $1"

EDIT_PTIME = "UPDATE channels SET ptime_ms = $2 WHERE id = $1"

EDIT_SCREEN_SHARES = "UPDATE channels SET max_screen_shares = $2 WHERE id = $1"

EDIT_CATEGORY = "UPDATE channels SET category_id = $2 WHERE id = $1"

EDIT_POSITION = "UPDATE channels SET position = $2 WHERE id = $1"

DELETE = "DELETE FROM channels WHERE id = $1"

COUNT_CATEGORIES = "SELECT count(*) FROM categories WHERE guild_id = $1"

INSERT_CATEGORY = """
INSERT INTO categories (id, guild_id, name, position)
SELECT $1, $2, $3, coalesce(max(position) + 1, 0) FROM categories WHERE guild_id = $2
RETURNING id, guild_id, name, position
"""

CATEGORY = "SELECT id, guild_id, name, position FROM categories WHERE guild_id = $1 AND id = $2"

EDIT_CATEGORY_NAME = "UPDATE categories SET name = $2 WHERE id = $1"

EDIT_CATEGORY_POSITION = "UPDATE categories SET position = $2 WHERE id = $1"

EMPTY_CATEGORY = "UPDATE channels SET category_id = NULL WHERE category_id = $1"

DELETE_CATEGORY = "DELETE FROM categories WHERE id = $1"

NEWEST = """
SELECT id FROM messages WHERE channel_id = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT 1
"""

IS_MESSAGE = "SELECT EXISTS (SELECT FROM messages WHERE channel_id = $1 AND id = $2)"

MARK_READ = """
INSERT INTO read_states (user_id, channel_id, last_read_message_id) VALUES ($1, $2, $3)
ON CONFLICT (user_id, channel_id) DO UPDATE
SET last_read_message_id = greatest(read_states.last_read_message_id, excluded.last_read_message_id),
    read_at = now()
"""


class NewChannel(NamedTuple):
    """A channel to add; its place is after all others."""

    id: str
    guild_id: str
    name: str
    channel_type: str
    category_id: str | None
    topic: str | None
    user_limit: int | None
    bitrate_kbps: int
    ptime_ms: int
    max_screen_shares: int


async def count(conn: Connection, guild_id: str) -> int:
    """Count the guild's channels."""
    found: int = await conn.fetchval(COUNT, guild_id)
    return found


async def insert(conn: Connection, channel: NewChannel) -> None:
    """Add a channel."""
    await conn.execute(INSERT, *channel)


async def edit_name(conn: Connection, channel_id: str, name: str) -> None:
    """Rename a channel."""
    await conn.execute(EDIT_NAME, channel_id, name)


async def edit_topic(conn: Connection, channel_id: str, topic: str | None) -> None:
    """Say what a channel is about."""
    await conn.execute(EDIT_TOPIC, channel_id, topic)


async def edit_user_limit(conn: Connection, channel_id: str, user_limit: int | None) -> None:
    """Let this many people into a voice channel, or any number."""
    await conn.execute(EDIT_USER_LIMIT, channel_id, user_limit)


async def edit_bitrate(conn: Connection, channel_id: str, bitrate_kbps: int) -> None:
    """Let voices in a channel use this many kbit/s on average."""
    await conn.execute(EDIT_BITRATE, channel_id, bitrate_kbps)


async def edit_ptime(conn: Connection, channel_id: str, ptime_ms: int) -> None:
    """Have this much speech in one packet."""
    await conn.execute(EDIT_PTIME, channel_id, ptime_ms)


async def edit_screen_shares(conn: Connection, channel_id: str, max_screen_shares: int) -> None:
    """Let this many screens be shared at a time."""
    await conn.execute(EDIT_SCREEN_SHARES, channel_id, max_screen_shares)


async def edit_category(conn: Connection, channel_id: str, category_id: str | None) -> None:
    """Put a channel under a category of its guild, or none."""
    await conn.execute(EDIT_CATEGORY, channel_id, category_id)


async def edit_position(conn: Connection, channel_id: str, position: int) -> None:
    """Put a channel at a place in the list."""
    await conn.execute(EDIT_POSITION, channel_id, position)


async def delete(conn: Connection, channel_id: str) -> None:
    """Delete a channel with its messages."""
    await conn.execute(DELETE, channel_id)


async def count_categories(conn: Connection, guild_id: str) -> int:
    """Count the guild's categories."""
    found: int = await conn.fetchval(COUNT_CATEGORIES, guild_id)
    return found


async def insert_category(conn: Connection, category_id: str, guild_id: str, name: str) -> Category:
    """Add a category below all others."""
    row = await conn.fetchrow(INSERT_CATEGORY, category_id, guild_id, name)
    assert row is not None
    return category(row)


async def find_category(conn: Connection, guild_id: str, category_id: str) -> Category | None:
    """Return a category of the guild, or None."""
    row = await conn.fetchrow(CATEGORY, guild_id, category_id)
    return None if row is None else category(row)


async def edit_category_name(conn: Connection, category_id: str, name: str) -> None:
    """Rename a category."""
    await conn.execute(EDIT_CATEGORY_NAME, category_id, name)


async def edit_category_position(conn: Connection, category_id: str, position: int) -> None:
    """Put a category at a place in the list."""
    await conn.execute(EDIT_CATEGORY_POSITION, category_id, position)


async def delete_category(conn: Connection, category_id: str) -> None:
    """Remove a category; its channels remain, without one."""
    await conn.execute(EMPTY_CATEGORY, category_id)
    await conn.execute(DELETE_CATEGORY, category_id)


async def newest_message(conn: Connection, channel_id: str) -> str | None:
    """Return the id of the channel's newest message, or None."""
    found: str | None = await conn.fetchval(NEWEST, channel_id)
    return found


async def is_message(conn: Connection, channel_id: str, message_id: str) -> bool:
    """Tell whether this was ever a message of the channel."""
    return bool(await conn.fetchval(IS_MESSAGE, channel_id, message_id))


async def mark_read(conn: Connection, user_id: str, channel_id: str, message_id: str) -> None:
    """Note that a user has read up to a message; never goes back."""
    await conn.execute(MARK_READ, user_id, channel_id, message_id)
