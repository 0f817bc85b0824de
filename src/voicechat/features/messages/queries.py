"""Messages, in SQL. Lists run along the ids, whose order is that of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voicechat.protocol.accounts import User
from voicechat.protocol.messages import Message
from voicechat.storage import Connection, Row

TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('voicechat.messages/' || $1::text, 0))"

INSERT = """
INSERT INTO messages
    (id, channel_id, author_id, content, encrypted, nonce, reply_to, mention_type, mentions, idempotency_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (author_id, channel_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING id
"""

REPEATED = """
SELECT id FROM messages
WHERE author_id = $1 AND channel_id = $2 AND idempotency_key = $3 AND created_at > now() - interval '24 hours'
"""

FREE_KEY = """
UPDATE messages SET idempotency_key = NULL
WHERE author_id = $1 AND channel_id = $2 AND idempotency_key = $3
  AND created_at <= now() - interval '24 hours'
"""

MESSAGE = """
SELECT m.id, m.channel_id, m.content, m.encrypted, m.nonce, m.reply_to, m.parent_id, m.mentions,
       m.mention_type, m.pinned, m.edited_at, m.created_at, m.message_type,
       u.id, u.username, u.display_name, u.avatar_url
FROM messages m LEFT JOIN users u ON u.id = m.author_id
WHERE m.id = $1 AND m.deleted_at IS NULL
"""

POSTED = """
SELECT m.id, m.channel_id, m.content, m.encrypted, m.nonce, m.reply_to, m.parent_id, m.mentions,
       m.mention_type, m.pinned, m.edited_at, m.created_at, m.message_type,
       u.id, u.username, u.display_name, u.avatar_url
FROM messages m LEFT JOIN users u ON u.id = m.author_id
WHERE m.id = $1
"""

BEFORE = """
SELECT m.id, m.channel_id, m.content, m.encrypted, m.nonce, m.reply_to, m.parent_id, m.mentions,
       m.mention_type, m.pinned, m.edited_at, m.created_at, m.message_type,
       u.id, u.username, u.display_name, u.avatar_url
FROM messages m LEFT JOIN users u ON u.id = m.author_id
WHERE m.channel_id = $1 AND m.deleted_at IS NULL AND ($2::uuid IS NULL OR m.id < $2)
ORDER BY m.id DESC LIMIT $3
"""

AFTER = """
SELECT m.id, m.channel_id, m.content, m.encrypted, m.nonce, m.reply_to, m.parent_id, m.mentions,
       m.mention_type, m.pinned, m.edited_at, m.created_at, m.message_type,
       u.id, u.username, u.display_name, u.avatar_url
FROM messages m LEFT JOIN users u ON u.id = m.author_id
WHERE m.channel_id = $1 AND m.deleted_at IS NULL AND m.id > $2
ORDER BY m.id LIMIT $3
"""

IS_IN_CHANNEL = """
SELECT EXISTS (SELECT FROM messages WHERE id = $1 AND channel_id = $2 AND deleted_at IS NULL)
"""

MEMBERS_NAMED = """
SELECT u.id FROM users u JOIN guild_members m ON m.user_id = u.id AND m.guild_id = $1
WHERE u.username = ANY($2::text[]) ORDER BY u.id
"""

EDIT = """
UPDATE messages SET content = $2, nonce = $3, mention_type = $4, mentions = $5, edited_at = now()
WHERE id = $1 AND deleted_at IS NULL
"""

DELETE = """
UPDATE messages SET deleted_at = now(), content = '', mentions = '{}', mention_type = 'none'
WHERE id = $1 AND deleted_at IS NULL RETURNING true
"""


class NewMessage(NamedTuple):
    """A message to add."""

    id: str
    channel_id: str
    author_id: str
    content: str
    encrypted: bool
    nonce: str | None
    reply_to: str | None
    mention_type: str
    mentions: Sequence[str]
    idempotency_key: str | None


async def take_turn(conn: Connection, channel_id: str) -> None:
    """Have posts to a channel committed in the order of their ids: hold this until the transaction ends.

    Whoever pages with `after` would miss a message that becomes visible after one with a later id.
    """
    await conn.execute(TAKE_TURN, channel_id)


async def insert(conn: Connection, message: NewMessage) -> bool:
    """Add a message; False when its author used the idempotency key in this channel before."""
    return await conn.fetchval(INSERT, *message) is not None


async def repeated(conn: Connection, author_id: str, channel_id: str, key: str) -> str | None:
    """Return the id of the message that was posted with this key within a day, or None."""
    found: str | None = await conn.fetchval(REPEATED, author_id, channel_id, key)
    return found


async def free_key(conn: Connection, author_id: str, channel_id: str, key: str) -> None:
    """Let a key be used again a day after its message."""
    await conn.execute(FREE_KEY, author_id, channel_id, key)


async def message(conn: Connection, message_id: str) -> Message | None:
    """Return a message, or None when there is none or it was deleted."""
    row = await conn.fetchrow(MESSAGE, message_id)
    return None if row is None else _message(row)


async def posted(conn: Connection, message_id: str) -> Message:
    """Return a message that was posted, whatever became of it."""
    row = await conn.fetchrow(POSTED, message_id)
    assert row is not None
    return _message(row)


async def before(conn: Connection, channel_id: str, message_id: str | None, limit: int) -> list[Message]:
    """List the newest messages that are older than one (or at all), newest first."""
    return [_message(row) for row in await conn.fetch(BEFORE, channel_id, message_id, limit)]


async def after(conn: Connection, channel_id: str, message_id: str, limit: int) -> list[Message]:
    """List the oldest messages that are newer than one, oldest first."""
    return [_message(row) for row in await conn.fetch(AFTER, channel_id, message_id, limit)]


async def is_in_channel(conn: Connection, message_id: str, channel_id: str) -> bool:
    """Tell whether a message stands in a channel."""
    return bool(await conn.fetchval(IS_IN_CHANNEL, message_id, channel_id))


async def members_named(conn: Connection, guild_id: str, usernames: Sequence[str]) -> list[str]:
    """Return the ids of the guild's members with these usernames."""
    return [row[0] for row in await conn.fetch(MEMBERS_NAMED, guild_id, usernames)]


async def edit(
    conn: Connection,
    message_id: str,
    content: str,
    nonce: str | None,
    mention_type: str,
    mentions: Sequence[str],
) -> None:
    """Let a message say something else."""
    await conn.execute(EDIT, message_id, content, nonce, mention_type, mentions)


async def delete(conn: Connection, message_id: str) -> bool:
    """Take a message away and wipe what it said; False when that was done already."""
    return bool(await conn.fetchval(DELETE, message_id))


def _message(row: Row) -> Message:
    author = None
    if row[13] is not None:
        author = User(id=row[13], username=row[14], display_name=row[15], avatar_url=row[16])
    return Message(
        id=row[0],
        channel_id=row[1],
        content=row[2],
        encrypted=row[3],
        nonce=row[4],
        reply_to=row[5],
        parent_id=row[6],
        mentions=row[7],
        mention_type=row[8],
        pinned=row[9],
        edited_at=row[10],
        created_at=row[11],
        message_type=row[12],
        author=author,
    )
