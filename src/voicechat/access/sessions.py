"""Login sessions: how one is opened, and how it ends everywhere within a moment.

A session is a family of refresh tokens. An access token is good only while its session's row is:
`authenticate` asks each time, so ending a session needs no list of revoked tokens.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from voicechat.access import queries
from voicechat.access.keys import Keys
from voicechat.errors import Unauthenticated
from voicechat.house import Caller, House
from voicechat.ids import new_id
from voicechat.protocol.accounts import Tokens
from voicechat.protocol.news import NEWS_TOPIC, SessionEnded
from voicechat.storage import Connection

INSERT_SESSION = """
INSERT INTO login_sessions (id, user_id, ip, user_agent, expires_at)
VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
"""

INSERT_REFRESH_TOKEN = "INSERT INTO refresh_tokens (token_hash, session_id) VALUES ($1, $2)"

END_SESSION = """
UPDATE login_sessions SET ended_at = now(), end_reason = $3
WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > now() RETURNING id
"""

END_OTHER_SESSIONS = """
UPDATE login_sessions SET ended_at = now(), end_reason = $3
WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL AND expires_at > now() RETURNING id
"""

FORGET_OLD_SESSIONS = """
DELETE FROM login_sessions
WHERE user_id = $1 AND coalesce(ended_at, expires_at) < now() - interval '7 days'
"""


class Opened(NamedTuple):
    """A session just opened, and the one refresh token that continues it."""

    session_id: str
    user_id: str
    refresh_token: str

    def __repr__(self) -> str:
        return f"Opened(session_id={self.session_id!r})"


def new_refresh_token() -> str:
    """Make an opaque token of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Hash a token that has full entropy itself, so that SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def open_session(conn: Connection, user_id: str, ip: str, user_agent: str, ttl_s: int) -> Opened:
    """Open a login session for a user whose credentials were checked."""
    opened = Opened(new_id(), user_id, new_refresh_token())
    await conn.execute(FORGET_OLD_SESSIONS, user_id)
    await conn.execute(INSERT_SESSION, opened.session_id, user_id, ip, user_agent, ttl_s)
    await add_refresh_token(conn, opened.session_id, opened.refresh_token)
    return opened


async def add_refresh_token(conn: Connection, session_id: str, token: str) -> None:
    """Let `token` continue the session."""
    await conn.execute(INSERT_REFRESH_TOKEN, token_hash(token), session_id)


async def end_session(conn: Connection, user_id: str, session_id: str, reason: str) -> bool:
    """End one session of a user; False when it is not theirs or no longer alive."""
    return await conn.fetchval(END_SESSION, session_id, user_id, reason) is not None


async def end_other_sessions(
    conn: Connection, user_id: str, kept_session_id: str | None, reason: str
) -> Sequence[str]:
    """End every session of a user but one; return the ids of those ended."""
    return [row[0] for row in await conn.fetch(END_OTHER_SESSIONS, user_id, kept_session_id, reason)]


def tell_ended(house: House, user_id: str, session_ids: Sequence[str], reason: str) -> None:
    """Let every node close the sockets and voice peers of ended sessions."""
    for session_id in session_ids:
        house.hub.publish(NEWS_TOPIC, SessionEnded(user_id=user_id, session_id=session_id, reason=reason))


def keys_of(house: House) -> Keys:
    """Return the signing keys, which `open_keys` put into the house."""
    keys = house.rooms["keys"]
    assert isinstance(keys, Keys)
    return keys


def tokens_for(house: House, opened: Opened, *, with_refresh_token: bool) -> Tokens:
    """Answer with a session's tokens; browsers get the refresh token as a cookie instead."""
    return Tokens(
        user_id=opened.user_id,
        access_token=keys_of(house).issue(opened.user_id, opened.session_id),
        refresh_token=opened.refresh_token if with_refresh_token else None,
        expires_in=house.settings.auth.access_ttl_s,
    )


async def authenticate(house: House, token: str) -> Caller:
    """Return who calls with an access token.

    Raises Unauthenticated: INVALID_TOKEN, TOKEN_EXPIRED, or SESSION_REVOKED when its session is over.
    """
    claims = await keys_of(house).verify(token)
    caller = await house.db.run(queries.caller, claims.session_id, claims.user_id)
    if caller is None:
        raise Unauthenticated("this login session has ended; log in again", code="SESSION_REVOKED")
    return caller
