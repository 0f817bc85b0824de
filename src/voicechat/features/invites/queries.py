"""Invites, in SQL."""

from __future__ import annotations

from typing import NamedTuple

from voicechat.access.permissions import Overrides, Standing, resolve
from voicechat.protocol.accounts import User
from voicechat.protocol.guilds import Invite, InvitePreview
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection, Row

FORGET_DEAD = """
DELETE FROM invites WHERE guild_id = $1 AND (expires_at <= now() OR uses >= max_uses)
"""

COUNT = "SELECT count(*) FROM invites WHERE guild_id = $1"

INSERT = """
INSERT INTO invites (code, guild_id, channel_id, created_by, max_uses, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
RETURNING code, guild_id, channel_id, created_by, max_uses, uses, expires_at, created_at
"""

ALIVE = """
SELECT code, guild_id, channel_id, created_by, max_uses, uses, expires_at, created_at FROM invites
WHERE guild_id = $1 AND (expires_at IS NULL OR expires_at > now()) AND (max_uses IS NULL OR uses < max_uses)
ORDER BY created_at DESC, code
"""

CREATOR = "SELECT created_by FROM invites WHERE guild_id = $1 AND code = $2"

DELETE = "DELETE FROM invites WHERE guild_id = $1 AND code = $2"

# With what @everyone may do in the channel: a newcomer will be no more than that.
PREVIEW = """
SELECT i.code, i.guild_id, g.name, g.icon_url, g.description, g.member_count, i.expires_at,
       u.id, u.username, u.display_name, u.avatar_url,
       c.id, c.name, everyone.permissions,
       k.everyone_allow, k.everyone_deny, o.everyone_allow, o.everyone_deny
FROM invites i
JOIN guilds g ON g.id = i.guild_id
JOIN roles everyone ON everyone.guild_id = g.id AND everyone.is_default
LEFT JOIN users u ON u.id = i.created_by
LEFT JOIN channels c ON c.id = i.channel_id
CROSS JOIN LATERAL overrides_for(c.category_id, NULL, everyone.id) k
CROSS JOIN LATERAL overrides_for(c.id, NULL, everyone.id) o
WHERE i.code = $1
  AND (i.expires_at IS NULL OR i.expires_at > now()) AND (i.max_uses IS NULL OR i.uses < i.max_uses)
"""


class NewInvite(NamedTuple):
    """An invite to add; `expires_in_s` of None lives for ever."""

    code: str
    guild_id: str
    channel_id: str | None
    created_by: str
    max_uses: int | None
    expires_in_s: int | None


async def forget_dead(conn: Connection, guild_id: str) -> None:
    """Delete the guild's invites that are expired or used up."""
    await conn.execute(FORGET_DEAD, guild_id)


async def count(conn: Connection, guild_id: str) -> int:
    """Count the guild's invites."""
    found: int = await conn.fetchval(COUNT, guild_id)
    return found


async def insert(conn: Connection, invite: NewInvite) -> Invite:
    """Add an invite."""
    row = await conn.fetchrow(INSERT, *invite)
    assert row is not None
    return Invite(**row)


async def alive(conn: Connection, guild_id: str) -> list[Invite]:
    """List the guild's invites that are still good, the newest first."""
    return [Invite(**row) for row in await conn.fetch(ALIVE, guild_id)]


async def creator(conn: Connection, guild_id: str, code: str) -> str | None:
    """Return who made an invite, None when nobody did or they are gone."""
    found: str | None = await conn.fetchval(CREATOR, guild_id, code)
    return found


async def delete(conn: Connection, guild_id: str, code: str) -> bool:
    """Delete an invite of the guild; False when there is none."""
    return await conn.execute(DELETE, guild_id, code) == "DELETE 1"


async def preview(conn: Connection, code: str) -> InvitePreview | None:
    """Return what a good invite leads to, or None."""
    row = await conn.fetchrow(PREVIEW, code)
    return None if row is None else _preview(row)


def _preview(row: Row) -> InvitePreview:
    inviter = None
    if row[7] is not None:
        inviter = User(id=row[7], username=row[8], display_name=row[9], avatar_url=row[10])
    newcomer = Standing(False, False, row[13], 0, 0)
    bits = resolve(newcomer, Overrides(row[14], row[15]), Overrides(row[16], row[17]))
    shows_channel = row[11] is not None and bool(bits & Permission.VIEW_CHANNEL)
    return InvitePreview(
        code=row[0],
        guild_id=row[1],
        guild_name=row[2],
        guild_icon_url=row[3],
        guild_description=row[4],
        member_count=row[5],
        expires_at=row[6],
        inviter=inviter,
        channel_id=row[11] if shows_channel else None,
        channel_name=row[12] if shows_channel else None,
    )
