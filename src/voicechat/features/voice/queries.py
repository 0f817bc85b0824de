"""What voice asks of PostgreSQL: somebody's place in a voice channel."""

from __future__ import annotations

from typing import NamedTuple

from voicechat.access import InChannel, find_in_channel
from voicechat.errors import NotFound
from voicechat.house import House
from voicechat.media import OpusSettings
from voicechat.protocol import Permission
from voicechat.protocol.accounts import User
from voicechat.storage import Connection

OCCUPANT = """
SELECT c.user_limit, c.bitrate_kbps, c.ptime_ms, m.muted, m.deafened,
       u.id, u.username, u.display_name, u.avatar_url
FROM channels c
JOIN guild_members m ON m.guild_id = c.guild_id
JOIN users u ON u.id = m.user_id
WHERE c.id = $1 AND m.user_id = $2
"""


class Place(NamedTuple):
    """A channel as it stands before a person, and how moderators have set them."""

    here: InChannel
    user_limit: int | None
    opus: OpusSettings
    server_muted: bool
    server_deafened: bool
    user: User

    def may(self, permission: Permission) -> bool:
        """Tell whether the person has this bit here."""
        return self.here.may(permission)


async def find_place(house: House, user_id: str, channel_id: str) -> Place:
    """Find a person's place in a channel they may see; raises NotFound where they may not."""
    place = await house.db.run(_place, user_id, channel_id)
    if place is None:
        raise NotFound("there is no such channel")
    return place


async def _place(conn: Connection, user_id: str, channel_id: str) -> Place | None:
    here = await find_in_channel(conn, user_id, channel_id)
    row = await conn.fetchrow(OCCUPANT, channel_id, user_id)
    if here is None or row is None:
        return None
    user_limit, bitrate_kbps, ptime_ms, muted, deafened, *person = row
    user = User(id=person[0], username=person[1], display_name=person[2], avatar_url=person[3])
    return Place(here, user_limit, OpusSettings(bitrate_kbps, ptime_ms), muted, deafened, user)
