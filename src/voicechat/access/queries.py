"""What access asks of PostgreSQL: keys, login sessions, and the facts that permissions are resolved from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from voicechat.access.permissions import Overrides, Standing, resolve
from voicechat.house import Caller
from voicechat.storage import Connection, Row


class StoredKey(NamedTuple):
    """A row of `signing_keys`; retired keys only verify."""

    kid: str
    algorithm: str
    public_pem: str
    sealed_private: bytes
    created_at: datetime
    retired_at: datetime | None


class StoredKeys(NamedTuple):
    """All keys, whose they are, and the database's clock."""

    installation_id: str
    now: datetime
    keys: list[StoredKey]


class Place(NamedTuple):
    """A channel, or with no `channel_id` a category, as it stands before a member."""

    guild_id: str
    channel_id: str | None
    channel_type: str | None
    standing: Standing
    category: Overrides
    channel: Overrides

    @property
    def bits(self) -> int:
        """What the member may do there; 0 when they may not see it."""
        return resolve(self.standing, self.category, self.channel)


HAS_SIGNING_KEYS = "SELECT EXISTS (SELECT FROM signing_keys)"

LOCK_SIGNING_KEYS = "SELECT pg_advisory_xact_lock(hashtext('voicechat.signing_keys'))"

INSTALLATION = "SELECT id, now() FROM installation"

SIGNING_KEYS = """
SELECT kid, algorithm, public_pem, sealed_private, created_at, retired_at
FROM signing_keys ORDER BY created_at
"""

RETIRE_SIGNING_KEY = "UPDATE signing_keys SET retired_at = now() WHERE retired_at IS NULL"

INSERT_SIGNING_KEY = """
INSERT INTO signing_keys (kid, algorithm, public_pem, sealed_private) VALUES ($1, $2, $3, $4)
"""

CALLER = """
SELECT u.id, s.id, u.username, u.display_name, u.avatar_url,
       EXISTS (SELECT FROM system_admins a WHERE a.user_id = u.id)
FROM login_sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
"""

STANDING = """
SELECT is_owner, is_timed_out, everyone_bits, role_bits, rank
FROM member_facts WHERE guild_id = $1 AND user_id = $2
"""

_PLACE = """guild_id, channel_id, channel_type,
       is_owner, is_timed_out, everyone_bits, role_bits, rank,
       c_everyone_allow, c_everyone_deny, c_roles_allow, c_roles_deny, c_member_allow, c_member_deny,
       everyone_allow, everyone_deny, roles_allow, roles_deny, member_allow, member_deny"""

CHANNEL = f"""
SELECT {_PLACE}
FROM channel_facts WHERE channel_id = $1 AND user_id = $2
"""

CHANNELS = f"""
SELECT {_PLACE}
FROM channel_facts WHERE user_id = $1 AND guild_id = ANY($2::uuid[])
"""

CHANNEL_OF_MEMBERS = f"""
SELECT user_id, {_PLACE}
FROM channel_facts WHERE channel_id = $1 AND user_id = ANY($2::uuid[])
"""

CHANNELS_OF_MEMBERS = f"""
SELECT user_id, {_PLACE}
FROM channel_facts WHERE guild_id = $1 AND user_id = ANY($2::uuid[])
"""

MEMBERS_AMONG = "SELECT user_id FROM guild_members WHERE guild_id = $1 AND user_id = ANY($2::uuid[])"

CATEGORY = """
SELECT guild_id, NULL::uuid, NULL::text,
       is_owner, is_timed_out, everyone_bits, role_bits, rank,
       everyone_allow, everyone_deny, roles_allow, roles_deny, member_allow, member_deny,
       0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
FROM category_facts WHERE category_id = $1 AND user_id = $2
"""

_CATEGORY = """category_id, is_owner, is_timed_out, everyone_bits, role_bits, rank,
       everyone_allow, everyone_deny, roles_allow, roles_deny, member_allow, member_deny"""

CATEGORIES = f"""
SELECT {_CATEGORY}
FROM category_facts WHERE user_id = $1 AND guild_id = ANY($2::uuid[])
"""

CATEGORIES_OF_MEMBERS = f"""
SELECT user_id, {_CATEGORY}
FROM category_facts WHERE guild_id = $1 AND user_id = ANY($2::uuid[])
"""

GUILDS_OF_USER = "SELECT guild_id FROM guild_members WHERE user_id = $1 ORDER BY joined_at, guild_id"

LOCK_GUILD = "SELECT id FROM guilds WHERE id = $1 FOR NO KEY UPDATE"


async def has_signing_keys(conn: Connection) -> bool:
    """Tell whether this installation ever made a key."""
    return bool(await conn.fetchval(HAS_SIGNING_KEYS))


async def lock_signing_keys(conn: Connection) -> None:
    """Keep other nodes from making a key until this transaction ends."""
    await conn.execute(LOCK_SIGNING_KEYS)


async def signing_keys(conn: Connection) -> StoredKeys:
    """Read every key, oldest first."""
    installation = await conn.fetchrow(INSTALLATION)
    assert installation is not None
    keys = [StoredKey(*row) for row in await conn.fetch(SIGNING_KEYS)]
    return StoredKeys(installation[0], installation[1], keys)


async def replace_signing_key(
    conn: Connection, kid: str, algorithm: str, public_pem: str, sealed_private: bytes
) -> None:
    """Retire the key that signs, if any, and let another sign from now on."""
    await conn.execute(RETIRE_SIGNING_KEY)
    await conn.execute(INSERT_SIGNING_KEY, kid, algorithm, public_pem, sealed_private)


async def caller(conn: Connection, session_id: str, user_id: str) -> Caller | None:
    """Return whose session it is, or None when it was ended or has expired."""
    row = await conn.fetchrow(CALLER, session_id, user_id)
    return None if row is None else Caller(*row)


async def standing(conn: Connection, guild_id: str, user_id: str) -> Standing | None:
    """Return a member's place in a guild, or None for strangers."""
    row = await conn.fetchrow(STANDING, guild_id, user_id)
    return None if row is None else Standing(*row)


async def channel(conn: Connection, channel_id: str, user_id: str) -> Place | None:
    """Return a channel as it stands before a member of its guild, or None."""
    row = await conn.fetchrow(CHANNEL, channel_id, user_id)
    return None if row is None else _place(row)


async def category(conn: Connection, category_id: str, user_id: str) -> Place | None:
    """Return a category as it stands before a member of its guild, or None."""
    row = await conn.fetchrow(CATEGORY, category_id, user_id)
    return None if row is None else _place(row)


async def channels(conn: Connection, user_id: str, guild_ids: Sequence[str]) -> list[Place]:
    """Return all channels of those of the guilds that the user is a member of, as they stand before them."""
    return [_place(row) for row in await conn.fetch(CHANNELS, user_id, guild_ids)]


async def channel_of_members(conn: Connection, channel_id: str, user_ids: Sequence[str]) -> dict[str, Place]:
    """Return a channel as it stands before each of the users who is a member of its guild."""
    return {row[0]: _place(row[1:]) for row in await conn.fetch(CHANNEL_OF_MEMBERS, channel_id, user_ids)}


async def channels_of_members(
    conn: Connection, guild_id: str, user_ids: Sequence[str]
) -> list[tuple[str, Place]]:
    """Return all channels of a guild as they stand before each of the users who is a member of it."""
    rows = await conn.fetch(CHANNELS_OF_MEMBERS, guild_id, user_ids)
    return [(row[0], _place(row[1:])) for row in rows]


async def members_among(conn: Connection, guild_id: str, user_ids: Sequence[str]) -> list[str]:
    """Return those of the users who are members of a guild."""
    return [row[0] for row in await conn.fetch(MEMBERS_AMONG, guild_id, user_ids)]


async def categories(conn: Connection, user_id: str, guild_ids: Sequence[str]) -> dict[str, int]:
    """Return by id what the user may do in each category of those guilds (what its channels inherit)."""
    rows = await conn.fetch(CATEGORIES, user_id, guild_ids)
    return {row[0]: resolve(Standing(*row[1:6]), Overrides(*row[6:12])) for row in rows}


async def categories_of_members(
    conn: Connection, guild_id: str, user_ids: Sequence[str]
) -> list[tuple[str, str, int]]:
    """Return what each of the users who is a member of a guild may do in each of its categories."""
    rows = await conn.fetch(CATEGORIES_OF_MEMBERS, guild_id, user_ids)
    return [(row[0], row[1], resolve(Standing(*row[2:7]), Overrides(*row[7:13]))) for row in rows]


async def guilds_of_user(conn: Connection, user_id: str) -> list[str]:
    """Return the ids of the guilds that a user is a member of, in the order they joined them."""
    return [row[0] for row in await conn.fetch(GUILDS_OF_USER, user_id)]


async def lock_guild(conn: Connection, guild_id: str) -> None:
    """Let one change of a guild's roles, ranks or places happen at a time."""
    await conn.execute(LOCK_GUILD, guild_id)


def _place(row: Row | tuple[Any, ...]) -> Place:
    guild_id, channel_id, channel_type, *facts = row
    category, channel = Overrides(*facts[5:11]), Overrides(*facts[11:17])
    return Place(guild_id, channel_id, channel_type, Standing(*facts[:5]), category, channel)
