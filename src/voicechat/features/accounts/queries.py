"""Accounts and the installation's first one, in SQL."""

from __future__ import annotations

from typing import NamedTuple

from voicechat.protocol.accounts import Me
from voicechat.storage import Connection

SETUP = "SELECT setup_completed_at IS NULL, setup_token_hash FROM installation"

SETUP_LOCKED = "SELECT setup_completed_at IS NULL, setup_token_hash FROM installation FOR UPDATE"

KEEP_SETUP_TOKEN = """
UPDATE installation SET setup_token_hash = $1 WHERE setup_completed_at IS NULL RETURNING true
"""

COMPLETE_SETUP = "UPDATE installation SET setup_completed_at = now(), setup_token_hash = NULL"

INSERT_ADMIN = "INSERT INTO system_admins (user_id) VALUES ($1)"

INSERT_USER = """
INSERT INTO users (id, username, display_name, email, password_hash) VALUES ($1, $2, $3, $4, $5)
"""

CREDENTIALS_BY_NAME = "SELECT id, password_hash FROM users WHERE username = $1"

PASSWORD_HASH = "SELECT password_hash FROM users WHERE id = $1"

REPLACE_PASSWORD_HASH = """
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING true
"""

ME = """
SELECT id, username, display_name, avatar_url, email, created_at,
       EXISTS (SELECT FROM system_admins a WHERE a.user_id = users.id) AS is_admin
FROM users WHERE id = $1
"""

EDIT_DISPLAY_NAME = "UPDATE users SET display_name = $2 WHERE id = $1"

EDIT_EMAIL = "UPDATE users SET email = $2 WHERE id = $1"


class Setup(NamedTuple):
    """Whether the first account is still to be made, and what its set-up token hashes to."""

    is_pending: bool
    token_hash: bytes | None


class Credentials(NamedTuple):
    """What a log-in is checked against."""

    user_id: str
    password_hash: str | None

    def __repr__(self) -> str:
        return f"Credentials(user_id={self.user_id!r})"


async def setup(conn: Connection) -> Setup:
    """Read how far set-up is."""
    return await _setup(conn, SETUP)


async def setup_locked(conn: Connection) -> Setup:
    """Read how far set-up is; while it is pending, registrations take turns from here on."""
    found = await _setup(conn, SETUP)
    return await _setup(conn, SETUP_LOCKED) if found.is_pending else found


async def _setup(conn: Connection, query: str) -> Setup:
    row = await conn.fetchrow(query)
    assert row is not None
    return Setup(*row)


async def keep_setup_token(conn: Connection, token_hash: bytes) -> bool:
    """Let this set-up token, and no earlier one, admit the first account; False when that one exists."""
    return bool(await conn.fetchval(KEEP_SETUP_TOKEN, token_hash))


async def complete_setup(conn: Connection, admin_id: str) -> None:
    """Make the first account system admin."""
    await conn.execute(COMPLETE_SETUP)
    await conn.execute(INSERT_ADMIN, admin_id)


async def insert_user(
    conn: Connection, user_id: str, username: str, display_name: str, email: str | None, password_hash: str
) -> None:
    """Add an account; violates users_username_key or users_email_key when the name or address is taken."""
    await conn.execute(INSERT_USER, user_id, username, display_name, email, password_hash)


async def credentials(conn: Connection, username: str) -> Credentials | None:
    """Return whose name this is, or None."""
    row = await conn.fetchrow(CREDENTIALS_BY_NAME, username)
    return None if row is None else Credentials(*row)


async def password_hash(conn: Connection, user_id: str) -> str | None:
    """Return what a user's password hashes to; None when they have none."""
    found: str | None = await conn.fetchval(PASSWORD_HASH, user_id)
    return found


async def replace_password_hash(conn: Connection, user_id: str, old: str, new: str) -> bool:
    """Keep a new hash unless the password was changed meanwhile."""
    return bool(await conn.fetchval(REPLACE_PASSWORD_HASH, user_id, old, new))


async def me(conn: Connection, user_id: str) -> Me:
    """Return a user's own account."""
    row = await conn.fetchrow(ME, user_id)
    assert row is not None
    return Me(**row)


async def edit_display_name(conn: Connection, user_id: str, display_name: str) -> None:
    """Change what a user is called."""
    await conn.execute(EDIT_DISPLAY_NAME, user_id, display_name)


async def edit_email(conn: Connection, user_id: str, email: str | None) -> None:
    """Change a user's address; violates users_email_key when another has it."""
    await conn.execute(EDIT_EMAIL, user_id, email)
