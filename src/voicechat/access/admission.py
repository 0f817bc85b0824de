"""How somebody comes into a guild: by redeeming an invite.

Registering with an invite code and joining by one are the same act, so it lives here and not in either room.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from voicechat.access import queries, view
from voicechat.errors import Conflict, Forbidden, NotFound
from voicechat.house import House
from voicechat.protocol.guilds import Member, MemberJoined
from voicechat.protocol.news import NEWS_TOPIC, GuildJoined
from voicechat.storage import Connection

_CODE = re.compile(r"[0-9A-Za-z]{1,64}")

USE_INVITE = """
UPDATE invites SET uses = uses + 1
WHERE code = $1 AND (expires_at IS NULL OR expires_at > now()) AND (max_uses IS NULL OR uses < max_uses)
RETURNING guild_id, channel_id
"""

INVITE = """
SELECT guild_id, channel_id FROM invites
WHERE code = $1 AND (expires_at IS NULL OR expires_at > now()) AND (max_uses IS NULL OR uses < max_uses)
"""

RELATION = """
SELECT EXISTS (SELECT FROM guild_members WHERE guild_id = $1 AND user_id = $2) AS is_member,
       EXISTS (SELECT FROM bans WHERE guild_id = $1 AND user_id = $2) AS is_banned
"""

# Held while somebody's guilds are counted and one more is added.
LOCK_USER = "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE"

COUNT_GUILDS = "SELECT count(*) FROM guild_members WHERE user_id = $1"

INSERT_MEMBER = "INSERT INTO guild_members (guild_id, user_id) VALUES ($1, $2)"

MEMBER_COUNT = "SELECT member_count FROM guilds WHERE id = $1"


class Admission(NamedTuple):
    """Where an invite led; `member` is None for who was in already."""

    guild_id: str
    channel_id: str | None
    member: Member | None


async def redeem_invite(
    conn: Connection, code: str, user_id: str, *, guilds_per_user: int, members_per_guild: int
) -> Admission:
    """Make the user a member by an invite; a member's own click uses nothing up.

    Must run in a transaction. Raises NotFound (unknown, expired or used up), Forbidden (banned), Conflict (a
    limit is reached).
    """
    if not is_code(code):
        raise no_such_invite()
    invite = await conn.fetchrow(INVITE, code)
    if invite is None:
        raise no_such_invite()
    guild_id, channel_id = invite
    await queries.lock_guild(conn, guild_id)
    relation = await conn.fetchrow(RELATION, guild_id, user_id)
    assert relation is not None
    if relation["is_banned"]:
        raise Forbidden("you are banned from this guild", code="BANNED")
    if relation["is_member"]:
        return Admission(guild_id, channel_id, None)
    await require_room_for_guild(conn, user_id, guilds_per_user)
    if await conn.fetchrow(USE_INVITE, code) is None:
        raise no_such_invite()
    await conn.execute(INSERT_MEMBER, guild_id, user_id)
    if await conn.fetchval(MEMBER_COUNT, guild_id) > members_per_guild:
        raise Conflict("this guild is full", code="LIMIT_EXCEEDED")
    return Admission(guild_id, channel_id, await view.member(conn, guild_id, user_id))


async def require_room_for_guild(conn: Connection, user_id: str, guilds_per_user: int) -> None:
    """Raise Conflict when the user is in as many guilds as they may be; holds until the transaction ends."""
    await conn.execute(LOCK_USER, user_id)
    if await conn.fetchval(COUNT_GUILDS, user_id) >= guilds_per_user:
        raise Conflict(
            f"you are in {guilds_per_user} guilds already, the most allowed", code="LIMIT_EXCEEDED"
        )


def tell_joined(house: House, admission: Admission) -> None:
    """Tell the members, and let the newcomer's own connections find the guild."""
    member = admission.member
    if member is None:
        return
    guild_id = admission.guild_id
    house.hub.publish(f"guild:{guild_id}", MemberJoined(guild_id=guild_id, member=member))
    house.hub.publish(NEWS_TOPIC, GuildJoined(guild_id=guild_id, user_id=member.user.id))


def is_code(text: str) -> bool:
    """Tell whether `text` could be an invite's code at all."""
    return _CODE.fullmatch(text) is not None


def no_such_invite() -> NotFound:
    """Make the one refusal for unknown, expired and used-up invites, so that none can be told apart."""
    return NotFound("there is no such invite, or it is no longer good")
