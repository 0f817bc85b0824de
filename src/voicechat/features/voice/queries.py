"""What voice asks of PostgreSQL: somebody's place in a voice channel."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from voicechat.access import InChannel, find_all_in_channel
from voicechat.access import queries as access_queries
from voicechat.errors import NotFound
from voicechat.features.voice.rules import AfkPlace
from voicechat.house import House
from voicechat.media import OpusSettings
from voicechat.protocol import Permission
from voicechat.protocol.accounts import User
from voicechat.storage import Connection, Row

OCCUPANTS = """
SELECT c.user_limit, c.bitrate_kbps, c.ptime_ms, c.max_screen_shares,
       c.id IS NOT DISTINCT FROM g.afk_channel_id,
       m.muted, m.deafened, u.id, u.username, u.display_name, u.avatar_url
FROM channels c
JOIN guilds g ON g.id = c.guild_id
JOIN guild_members m ON m.guild_id = c.guild_id
JOIN users u ON u.id = m.user_id
WHERE c.id = $1 AND m.user_id = ANY($2::uuid[])
"""


AFK_PLACES = """
SELECT id, afk_channel_id, afk_timeout_s FROM guilds WHERE id = ANY($1::uuid[]) AND afk_channel_id IS NOT NULL
"""


CHANNEL_EXISTS = "SELECT EXISTS (SELECT FROM channels WHERE id = $1)"


class Place(NamedTuple):
    """A channel as it stands before a person, and how moderators have set them."""

    here: InChannel
    user_limit: int | None
    opus: OpusSettings
    max_screen_shares: int
    is_afk: bool
    server_muted: bool
    server_deafened: bool
    user: User

    def may(self, permission: Permission) -> bool:
        """Tell whether the person has this bit here."""
        return self.here.may(permission)

    @property
    def imposed(self) -> dict[str, bool]:
        """The switches that moderators and permissions set, by their names in `Switches`."""
        return {
            "suppressed": self.is_afk or not self.may(Permission.VOICE_SPEAK),
            "push_to_talk": not self.may(Permission.USE_VOICE_ACTIVITY),
            "server_muted": self.server_muted,
            "server_deafened": self.server_deafened,
        }


class Sight(NamedTuple):
    """A channel as somebody sees it: what it is and what they may do there."""

    channel_type: str | None
    bits: int


async def find_place(house: House, user_id: str, channel_id: str) -> Place:
    """Find a person's place in a channel they may see; raises NotFound where they may not."""
    place = (await find_places(house, channel_id, [user_id])).get(user_id)
    if place is None:
        raise NotFound("there is no such channel")
    return place


async def find_places(house: House, channel_id: str, user_ids: Collection[str]) -> dict[str, Place]:
    """Return the place of each of these people in a channel; who may not see it is left out."""
    return await house.db.run(_places, channel_id, list(user_ids))


async def channel_exists(house: House, channel_id: str) -> bool:
    """Tell a channel that is hidden from one that is gone."""
    return await house.db.run(_channel_exists, channel_id)


async def _channel_exists(conn: Connection, channel_id: str) -> bool:
    return bool(await conn.fetchval(CHANNEL_EXISTS, channel_id))


async def afk_places(house: House, guild_ids: Collection[str]) -> dict[str, AfkPlace]:
    """Return where each of these guilds puts the silent; guilds without such a place are left out."""
    return await house.db.run(_afk_places, list(guild_ids))


async def _afk_places(conn: Connection, guild_ids: list[str]) -> dict[str, AfkPlace]:
    return {row[0]: AfkPlace(row[1], row[2]) for row in await conn.fetch(AFK_PLACES, guild_ids)}


async def sights(house: House, user_id: str, guild_id: str) -> dict[str, Sight]:
    """Return what a person may do in each channel of a guild, by the channel's id."""
    return await house.db.run(_sights, user_id, guild_id)


async def _sights(conn: Connection, user_id: str, guild_id: str) -> dict[str, Sight]:
    places = await access_queries.channels(conn, user_id, [guild_id])
    return {place.channel_id: Sight(place.channel_type, place.bits) for place in places if place.channel_id}


async def _places(conn: Connection, channel_id: str, user_ids: list[str]) -> dict[str, Place]:
    seeing = await find_all_in_channel(conn, user_ids, channel_id)
    rows = await conn.fetch(OCCUPANTS, channel_id, list(seeing))
    places = (_place(seeing[row[7]], row) for row in rows)
    return {place.user.id: place for place in places}


def _place(here: InChannel, row: Row) -> Place:
    user_limit, bitrate_kbps, ptime_ms, max_screen_shares, is_afk, muted, deafened, *person = row
    user = User(id=person[0], username=person[1], display_name=person[2], avatar_url=person[3])
    opus = OpusSettings(bitrate_kbps, ptime_ms)
    return Place(here, user_limit, opus, max_screen_shares, is_afk, muted, deafened, user)
