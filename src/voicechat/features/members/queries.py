"""Members, their roles, timeouts and bans, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from voicechat.protocol.accounts import User
from voicechat.protocol.guilds import Banned
from voicechat.storage import Connection

EDIT_NICKNAME = "UPDATE guild_members SET nickname = $3 WHERE guild_id = $1 AND user_id = $2"

EDIT_MUTED = "UPDATE guild_members SET muted = $3 WHERE guild_id = $1 AND user_id = $2"

EDIT_DEAFENED = "UPDATE guild_members SET deafened = $3 WHERE guild_id = $1 AND user_id = $2"

SET_TIMEOUT = """
UPDATE guild_members SET timed_out_until = $3, timeout_reason = $4 WHERE guild_id = $1 AND user_id = $2
"""

TIMED_OUT = "SELECT guild_id, user_id FROM guild_members WHERE timed_out_until > now()"

TIMEOUT_LEFT_S = """
SELECT extract(epoch FROM timed_out_until - now())::float8 FROM guild_members
WHERE guild_id = $1 AND user_id = $2
"""

DELETE_MEMBER = "DELETE FROM guild_members WHERE guild_id = $1 AND user_id = $2"

ROLE = "SELECT permissions, position, is_default FROM roles WHERE guild_id = $1 AND id = $2"

ASSIGN_ROLE = """
INSERT INTO member_roles (guild_id, user_id, role_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""

TAKE_ROLE = "DELETE FROM member_roles WHERE guild_id = $1 AND user_id = $2 AND role_id = $3"

USER_EXISTS = "SELECT EXISTS (SELECT FROM users WHERE id = $1)"

BAN = """
INSERT INTO bans (guild_id, user_id, reason, banned_by) VALUES ($1, $2, $3, $4)
ON CONFLICT (guild_id, user_id) DO UPDATE SET reason = excluded.reason, banned_by = excluded.banned_by
"""

UNBAN = "DELETE FROM bans WHERE guild_id = $1 AND user_id = $2 RETURNING true"

BANS = """
SELECT u.id, u.username, u.display_name, u.avatar_url, b.reason, b.banned_by, b.created_at
FROM bans b JOIN users u ON u.id = b.user_id WHERE b.guild_id = $1 ORDER BY b.created_at DESC, u.id
"""

NOW = "SELECT now()"


class RoleRank(NamedTuple):
    """What assigning a role comes to."""

    permissions: int
    position: int
    is_default: bool


async def edit_nickname(conn: Connection, guild_id: str, user_id: str, nickname: str | None) -> None:
    """Change what a member is called here."""
    await conn.execute(EDIT_NICKNAME, guild_id, user_id, nickname)


async def edit_muted(conn: Connection, guild_id: str, user_id: str, muted: bool) -> None:
    """Mute a member in every voice channel of the guild, or no more."""
    await conn.execute(EDIT_MUTED, guild_id, user_id, muted)


async def edit_deafened(conn: Connection, guild_id: str, user_id: str, deafened: bool) -> None:
    """Deafen a member in every voice channel of the guild, or no more."""
    await conn.execute(EDIT_DEAFENED, guild_id, user_id, deafened)


async def set_timeout(
    conn: Connection, guild_id: str, user_id: str, until: datetime | None, reason: str | None
) -> None:
    """Let a member only look and read until then; None lifts it."""
    await conn.execute(SET_TIMEOUT, guild_id, user_id, until, reason)


async def delete_member(conn: Connection, guild_id: str, user_id: str) -> None:
    """Remove a member, with their roles and overrides."""
    await conn.execute(DELETE_MEMBER, guild_id, user_id)


async def role(conn: Connection, guild_id: str, role_id: str) -> RoleRank | None:
    """Return a role of the guild, or None."""
    row = await conn.fetchrow(ROLE, guild_id, role_id)
    return None if row is None else RoleRank(*row)


async def assign_role(conn: Connection, guild_id: str, user_id: str, role_id: str) -> None:
    """Give a member a role, once."""
    await conn.execute(ASSIGN_ROLE, guild_id, user_id, role_id)


async def take_role(conn: Connection, guild_id: str, user_id: str, role_id: str) -> None:
    """Take a role from a member, if they have it."""
    await conn.execute(TAKE_ROLE, guild_id, user_id, role_id)


async def user_exists(conn: Connection, user_id: str) -> bool:
    """Tell whether there is such an account."""
    return bool(await conn.fetchval(USER_EXISTS, user_id))


async def ban(conn: Connection, guild_id: str, user_id: str, reason: str | None, banned_by: str) -> None:
    """Ban somebody, or give a standing ban another reason."""
    await conn.execute(BAN, guild_id, user_id, reason, banned_by)


async def unban(conn: Connection, guild_id: str, user_id: str) -> bool:
    """Lift a ban; False when there was none."""
    return bool(await conn.fetchval(UNBAN, guild_id, user_id))


async def bans(conn: Connection, guild_id: str) -> list[Banned]:
    """List the bans that stand, the newest first."""
    return [
        Banned(
            user=User(id=row[0], username=row[1], display_name=row[2], avatar_url=row[3]),
            reason=row[4],
            banned_by=row[5],
            created_at=row[6],
        )
        for row in await conn.fetch(BANS, guild_id)
    ]


async def timed_out(conn: Connection) -> list[tuple[str, str]]:
    """List (guild, user) of everybody who is timed out."""
    return [(row[0], row[1]) for row in await conn.fetch(TIMED_OUT)]


async def timeout_left_s(conn: Connection, guild_id: str, user_id: str) -> float:
    """Return how long a member's timeout lasts yet; 0 or less when there is none."""
    return await conn.fetchval(TIMEOUT_LEFT_S, guild_id, user_id) or 0.0


async def now(conn: Connection) -> datetime:
    """Return the database's clock, which timeouts run by."""
    moment: datetime = await conn.fetchval(NOW)
    return moment
