"""What a member sees of a guild: the guild, roles, categories, channels and members as the contract has them.

Read-only, and shared by the rooms that write those tables, since each tells of its changes in these shapes.
Hidden channels are left out before their rows are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from voicechat.access import queries
from voicechat.access.permissions import Standing
from voicechat.protocol.accounts import User
from voicechat.protocol.channels import Category, Channel
from voicechat.protocol.guilds import Guild, Member
from voicechat.protocol.permissions import Permission
from voicechat.protocol.roles import Role
from voicechat.storage import Connection, Row


@dataclass(slots=True)
class Sight:
    """A guild, and those of its categories and channels that one member sees."""

    guild: Guild
    categories: list[Category] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)


UNREAD_AT_MOST = 100
"""Unread messages are counted no further: nobody reads the number beyond."""

_GUILD = """g.id, g.name, g.owner_id, g.description, g.icon_url, g.member_count, g.created_at,
       g.afk_channel_id, g.afk_timeout_s, f.is_owner, f.is_timed_out, f.everyone_bits, f.role_bits, f.rank,
       f.user_id
FROM member_facts f JOIN guilds g ON g.id = f.guild_id"""

GUILD_OF_MEMBERS = f"""
SELECT {_GUILD}
WHERE f.guild_id = $1 AND f.user_id = ANY($2::uuid[])
"""

GUILDS = f"""
SELECT {_GUILD}
WHERE f.user_id = $1 AND f.guild_id = ANY($2::uuid[])
ORDER BY f.joined_at, g.id
"""

ROLES = """
SELECT id, guild_id, name, color, permissions, position, is_default
FROM roles WHERE guild_id = ANY($1::uuid[]) ORDER BY position DESC
"""

CATEGORIES = """
SELECT id, guild_id, name, position FROM categories WHERE guild_id = ANY($1::uuid[]) ORDER BY position, id
"""

_CHANNEL = """c.id, c.guild_id, c.name, c.channel_type, c.category_id, c.topic, c.user_limit, c.position,
       c.created_at, newest.id AS last_message_id, r.last_read_message_id, unread.count AS unread_count,
       c.bitrate_kbps, c.ptime_ms, c.max_screen_shares, m.user_id
FROM channels c
JOIN guild_members m ON m.guild_id = c.guild_id
LEFT JOIN read_states r ON r.channel_id = c.id AND r.user_id = m.user_id
LEFT JOIN LATERAL (
    SELECT id FROM messages WHERE channel_id = c.id AND deleted_at IS NULL ORDER BY id DESC LIMIT 1
) newest ON true
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM messages x
        WHERE x.channel_id = c.id AND x.deleted_at IS NULL AND x.author_id IS DISTINCT FROM m.user_id
          AND x.id > coalesce(r.last_read_message_id, first_id_of(m.joined_at))
        ORDER BY x.id DESC LIMIT $3
    ) counted
) unread"""

CHANNELS = f"""
SELECT {_CHANNEL}
WHERE m.user_id = $1 AND c.id = ANY($2::uuid[])
ORDER BY c.position, c.id
"""

CHANNEL_OF_MEMBERS = f"""
SELECT {_CHANNEL}
WHERE c.id = $1 AND m.user_id = ANY($2::uuid[])
"""

CHANNELS_OF_MEMBERS = f"""
SELECT {_CHANNEL}
WHERE (m.user_id, c.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
ORDER BY c.position, c.id
"""

OWN_MEMBERS = """
SELECT u.id, u.username, u.display_name, u.avatar_url, m.nickname,
       ARRAY(SELECT mr.role_id FROM member_roles mr
             WHERE mr.guild_id = m.guild_id AND mr.user_id = m.user_id ORDER BY mr.role_id),
       m.joined_at, CASE WHEN m.timed_out_until > now() THEN m.timed_out_until END, m.muted, m.deafened,
       m.guild_id
FROM guild_members m JOIN users u ON u.id = m.user_id
WHERE m.user_id = $1 AND m.guild_id = ANY($2::uuid[])
"""

MEMBERS = """
SELECT u.id, u.username, u.display_name, u.avatar_url, m.nickname,
       ARRAY(SELECT mr.role_id FROM member_roles mr
             WHERE mr.guild_id = m.guild_id AND mr.user_id = m.user_id ORDER BY mr.role_id),
       m.joined_at, CASE WHEN m.timed_out_until > now() THEN m.timed_out_until END, m.muted, m.deafened
FROM guild_members m JOIN users u ON u.id = m.user_id
WHERE m.guild_id = $1 AND ($2::uuid IS NULL OR m.user_id > $2)
ORDER BY m.user_id LIMIT $3
"""

USER = "SELECT id, username, display_name, avatar_url FROM users WHERE id = $1"


async def guilds(conn: Connection, user_id: str, guild_ids: Sequence[str]) -> list[Guild]:
    """Return those of the guilds that the user is a member of, in the order they joined them."""
    return [_guild(row) for row in await conn.fetch(GUILDS, user_id, guild_ids)]


async def guild(conn: Connection, user_id: str, guild_id: str) -> Guild | None:
    """Return one guild as a member sees it, or None for strangers."""
    found = await guilds(conn, user_id, [guild_id])
    return found[0] if found else None


async def roles(conn: Connection, guild_ids: Sequence[str]) -> list[Role]:
    """Return the guilds' roles, highest first; every member may see them."""
    return [role(row) for row in await conn.fetch(ROLES, guild_ids)]


async def channels(conn: Connection, user_id: str, guild_ids: Sequence[str]) -> list[Channel]:
    """Return the channels of the guilds that the user may see, by position."""
    places = await queries.channels(conn, user_id, guild_ids)
    bits = {place.channel_id: place.bits for place in places}
    visible = [channel_id for channel_id, own in bits.items() if own & Permission.VIEW_CHANNEL]
    if not visible:
        return []
    rows = await conn.fetch(CHANNELS, user_id, visible, UNREAD_AT_MOST)
    return [_channel(row, bits[row[0]]) for row in rows]


async def channel(conn: Connection, user_id: str, channel_id: str) -> Channel | None:
    """Return one channel as the user sees it, or None when they may not."""
    return (await channel_of_members(conn, channel_id, [user_id])).get(user_id)


async def channel_of_members(
    conn: Connection, channel_id: str, user_ids: Sequence[str]
) -> dict[str, Channel]:
    """Return one channel as each of the users sees it; who may not see it is left out."""
    places = await queries.channel_of_members(conn, channel_id, user_ids)
    bits = {user_id: place.bits for user_id, place in places.items()}
    visible = [user_id for user_id, own in bits.items() if own & Permission.VIEW_CHANNEL]
    if not visible:
        return {}
    rows = await conn.fetch(CHANNEL_OF_MEMBERS, channel_id, visible, UNREAD_AT_MOST)
    return {row[15]: _channel(row, bits[row[15]]) for row in rows}


async def categories(
    conn: Connection, user_id: str, guild_ids: Sequence[str], seen: Sequence[Channel]
) -> list[Category]:
    """Return the categories that the user may see: by their bits there, or for a channel they see in it."""
    bits = await queries.categories(conn, user_id, guild_ids)
    all_of_them = [category(row) for row in await conn.fetch(CATEGORIES, guild_ids)]
    return _visible(all_of_them, bits, seen)


def _visible(
    categories: Iterable[Category], bits: Mapping[str, int], seen: Iterable[Channel]
) -> list[Category]:
    within = {channel.category_id for channel in seen}
    return [
        category
        for category in categories
        if category.id in within or bits.get(category.id, 0) & Permission.VIEW_CHANNEL
    ]


async def guild_of_members(conn: Connection, guild_id: str, user_ids: Sequence[str]) -> dict[str, Sight]:
    """Return what each of the users sees of one guild; strangers are left out. So many statements for all."""
    found = {row[14]: Sight(_guild(row)) for row in await conn.fetch(GUILD_OF_MEMBERS, guild_id, user_ids)}
    places = await queries.channels_of_members(conn, guild_id, list(found))
    bits = {(user_id, place.channel_id): place.bits for user_id, place in places}
    visible = [pair for pair, own in bits.items() if own & Permission.VIEW_CHANNEL]
    users, channels = [pair[0] for pair in visible], [pair[1] for pair in visible]
    for row in await conn.fetch(CHANNELS_OF_MEMBERS, users, channels, UNREAD_AT_MOST):
        found[row[15]].channels.append(_channel(row, bits[row[15], row[0]]))
    own_bits: dict[str, dict[str, int]] = {user_id: {} for user_id in found}
    for user_id, category_id, own in await queries.categories_of_members(conn, guild_id, list(found)):
        own_bits[user_id][category_id] = own
    all_of_them = [category(row) for row in await conn.fetch(CATEGORIES, [guild_id])]
    for user_id, sight in found.items():
        sight.categories += _visible(all_of_them, own_bits[user_id], sight.channels)
    return found


async def own_members(conn: Connection, user_id: str, guild_ids: Sequence[str]) -> dict[str, Member]:
    """Return the user's own membership of each guild, by the guild's id."""
    return {row[10]: _member(row) for row in await conn.fetch(OWN_MEMBERS, user_id, guild_ids)}


async def member(conn: Connection, guild_id: str, user_id: str) -> Member | None:
    """Return one member, or None."""
    return (await own_members(conn, user_id, [guild_id])).get(guild_id)


async def members(conn: Connection, guild_id: str, after: str | None, limit: int) -> list[Member]:
    """Return up to `limit` members whose ids come after `after`."""
    return [_member(row) for row in await conn.fetch(MEMBERS, guild_id, after, limit)]


async def user(conn: Connection, user_id: str) -> User | None:
    """Return somebody as everybody may know them, or None."""
    row = await conn.fetchrow(USER, user_id)
    return None if row is None else _user(row)


def role(row: Row) -> Role:
    """Make a Role of id, guild_id, name, color, permissions, position, is_default."""
    return Role(
        id=row[0],
        guild_id=row[1],
        name=row[2],
        color=row[3],
        permissions=row[4],
        position=row[5],
        is_default=row[6],
    )


def category(row: Row) -> Category:
    """Make a Category of id, guild_id, name, position."""
    return Category(id=row[0], guild_id=row[1], name=row[2], position=row[3])


def _channel(row: Row, bits: int) -> Channel:
    is_voice = row[3] == "voice"
    return Channel(
        id=row[0],
        guild_id=row[1],
        name=row[2],
        channel_type=row[3],
        category_id=row[4],
        topic=row[5],
        user_limit=row[6],
        position=row[7],
        created_at=row[8],
        last_message_id=row[9],
        last_read_message_id=row[10],
        unread_count=row[11],
        bitrate_kbps=row[12] if is_voice else UNSET,
        ptime_ms=row[13] if is_voice else UNSET,
        max_screen_shares=row[14] if is_voice else UNSET,
        my_permissions=bits,
    )


def _guild(row: Row) -> Guild:
    return Guild(
        id=row[0],
        name=row[1],
        owner_id=row[2],
        description=row[3],
        icon_url=row[4],
        member_count=row[5],
        created_at=row[6],
        afk_channel_id=row[7],
        afk_timeout_s=row[8],
        my_permissions=Standing(*row[9:14]).bits,
    )


def _user(row: Row) -> User:
    return User(id=row[0], username=row[1], display_name=row[2], avatar_url=row[3])


def _member(row: Row) -> Member:
    return Member(
        user=_user(row),
        nickname=row[4],
        role_ids=row[5],
        joined_at=row[6],
        timed_out_until=row[7],
        muted=row[8],
        deafened=row[9],
    )
