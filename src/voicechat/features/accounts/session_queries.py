"""Rotating refresh tokens, listing and finding login sessions, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from voicechat.storage import Connection

# Of any number of parallel attempts one finds the token unspent: PostgreSQL asks again once it has the row.
SPEND = """
UPDATE refresh_tokens t SET spent_at = now() FROM login_sessions s
WHERE t.token_hash = $1 AND t.spent_at IS NULL
  AND s.id = t.session_id AND s.ended_at IS NULL AND s.expires_at > now()
RETURNING s.id, s.user_id
"""

EXTEND = """
UPDATE login_sessions
SET last_used_at = now(), ip = $2, user_agent = $3, expires_at = now() + make_interval(secs => $4)
WHERE id = $1 AND ended_at IS NULL RETURNING true
"""

FORGET_SPENT = """
DELETE FROM refresh_tokens WHERE session_id = $1 AND spent_at < now() - make_interval(secs => $2)
"""

FAMILY = """
SELECT s.id, s.user_id, t.spent_at IS NOT NULL
FROM refresh_tokens t JOIN login_sessions s ON s.id = t.session_id WHERE t.token_hash = $1
"""

ALIVE = """
SELECT id, user_agent, ip, created_at, last_used_at FROM login_sessions
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now() ORDER BY last_used_at DESC
"""


class Family(NamedTuple):
    """The login session that a refresh token belongs to."""

    session_id: str
    user_id: str
    is_spent: bool


class AliveSession(NamedTuple):
    """A device that is logged in."""

    id: str
    user_agent: str
    ip: str
    created_at: datetime
    last_used_at: datetime


async def spend(conn: Connection, token_hash: bytes) -> Family | None:
    """Spend an unspent token of a living session; None when it is no such token."""
    row = await conn.fetchrow(SPEND, token_hash)
    return None if row is None else Family(row[0], row[1], True)


async def extend(conn: Connection, session_id: str, ip: str, user_agent: str, ttl_s: int) -> bool:
    """Let a session live on from now; False when it was ended meanwhile. Long-spent tokens are forgotten."""
    await conn.execute(FORGET_SPENT, session_id, ttl_s)
    return bool(await conn.fetchval(EXTEND, session_id, ip, user_agent, ttl_s))


async def family(conn: Connection, token_hash: bytes) -> Family | None:
    """Return the session a token belongs to, whatever became of either."""
    row = await conn.fetchrow(FAMILY, token_hash)
    return None if row is None else Family(*row)


async def alive(conn: Connection, user_id: str) -> list[AliveSession]:
    """List a user's living sessions, the one used last first."""
    return [AliveSession(*row) for row in await conn.fetch(ALIVE, user_id)]
