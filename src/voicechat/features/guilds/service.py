"""Found, look at, change, hand over and dissolve guilds."""

from __future__ import annotations

from msgspec import UNSET

from voicechat.access import find_in_channel, require_in_guild, view
from voicechat.access import queries as access_queries
from voicechat.access.admission import require_room_for_guild
from voicechat.errors import Conflict, Forbidden, Invalid, NotFound
from voicechat.features.guilds import queries
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.protocol.guilds import CreateGuild, EditGuild, Guild, Guilds, GuildUpdated
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, GuildJoined, GuildLeft
from voicechat.protocol.permissions import EVERYONE_DEFAULT, Permission
from voicechat.storage import Connection
from voicechat.web import Request

FIRST_CHANNELS = (("general", "text"), ("General", "voice"))


async def create(house: House, request: Request) -> Guild:
    """Found a guild; the caller owns it."""
    user_id, limit = request.caller.user_id, house.settings.limits.guilds_per_user
    guild = await house.db.transaction(_create, user_id, request.body, limit)
    house.hub.publish(NEWS_TOPIC, GuildJoined(guild_id=guild.id, user_id=user_id))
    return guild


async def _create(conn: Connection, user_id: str, body: CreateGuild, limit: int) -> Guild:
    await require_room_for_guild(conn, user_id, limit)
    guild_id = new_id()
    await queries.insert_guild(conn, guild_id, body.name.strip(), user_id, body.description)
    await queries.insert_everyone(conn, new_id(), guild_id, int(EVERYONE_DEFAULT))
    for position, (name, channel_type) in enumerate(FIRST_CHANNELS):
        await queries.insert_channel(conn, new_id(), guild_id, name, channel_type, position)
    return await _seen(conn, user_id, guild_id)


async def list_own(house: House, request: Request) -> Guilds:
    """List the guilds that the caller is a member of, in the order they joined them."""
    return Guilds(items=await house.db.run(_list_own, request.caller.user_id))


async def _list_own(conn: Connection, user_id: str) -> list[Guild]:
    return await view.guilds(conn, user_id, await access_queries.guilds_of_user(conn, user_id))


async def get(house: House, request: Request) -> Guild:
    """Return one guild."""
    return await house.db.run(_seen, request.caller.user_id, request.path["guild_id"])


async def _seen(conn: Connection, user_id: str, guild_id: str) -> Guild:
    guild = await view.guild(conn, user_id, guild_id)
    if guild is None:
        raise NotFound("there is no such guild")
    return guild


async def edit(house: House, request: Request) -> Guild:
    """Rename or describe the guild, choose its AFK channel (MANAGE_GUILD)."""
    user_id, guild_id = request.caller.user_id, request.path["guild_id"]
    before, guild = await house.db.transaction(_edit, user_id, guild_id, request.body)
    house.hub.publish(f"guild:{guild_id}", _updated(guild))
    for channel_id in {before.afk_channel_id, guild.afk_channel_id} - {None}:
        if before.afk_channel_id != guild.afk_channel_id:  # who is in there may speak again, or no more
            house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id, channel_id=channel_id))
    return guild


async def _edit(conn: Connection, user_id: str, guild_id: str, body: EditGuild) -> tuple[Guild, Guild]:
    """Return the guild as it was and as it is."""
    await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_GUILD)
    before = await _seen(conn, user_id, guild_id)
    if body.name is not UNSET:
        await queries.edit_name(conn, guild_id, body.name.strip())
    if body.description is not UNSET:
        await queries.edit_description(conn, guild_id, body.description)
    if body.afk_channel_id is not UNSET:
        await _require_afk_channel(conn, user_id, guild_id, body.afk_channel_id)
        await queries.edit_afk_channel(conn, guild_id, body.afk_channel_id)
    if body.afk_timeout_s is not UNSET:
        await queries.edit_afk_timeout(conn, guild_id, body.afk_timeout_s)
    return before, await _seen(conn, user_id, guild_id)


async def _require_afk_channel(conn: Connection, user_id: str, guild_id: str, channel_id: str | None) -> None:
    """Refuse channels of other guilds, hidden ones, and those without voice."""
    if channel_id is None:
        return
    place = await find_in_channel(conn, user_id, channel_id)
    if place is None or place.guild_id != guild_id:
        raise NotFound("there is no such channel")
    if place.channel_type != "voice":
        raise Invalid("only a voice channel can be the AFK channel", code="NOT_A_VOICE_CHANNEL")


async def delete(house: House, request: Request) -> None:
    """Dissolve the guild with all that is in it (owner)."""
    guild_id = request.path["guild_id"]
    await house.db.transaction(_delete, request.caller.user_id, guild_id)
    house.hub.publish(NEWS_TOPIC, GuildLeft(guild_id=guild_id, user_id=None, reason="deleted"))


async def _delete(conn: Connection, user_id: str, guild_id: str) -> None:
    await require_in_guild(conn, user_id, guild_id)
    if not await queries.delete_guild(conn, guild_id, user_id):
        raise Forbidden("only the owner can delete a guild", code="OWNER_ONLY")


async def transfer(house: House, request: Request) -> Guild:
    """Hand the guild to another member (TRANSFER_OWNERSHIP, which the owner alone can give away)."""
    guild_id = request.path["guild_id"]
    guild = await house.db.transaction(_transfer, request.caller.user_id, guild_id, request.body.user_id)
    house.hub.publish(f"guild:{guild_id}", _updated(guild))
    house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id))
    return guild


async def _transfer(conn: Connection, user_id: str, guild_id: str, new_owner_id: str) -> Guild:
    await access_queries.lock_guild(conn, guild_id)
    await require_in_guild(conn, user_id, guild_id, Permission.TRANSFER_OWNERSHIP)
    if (await _seen(conn, user_id, guild_id)).owner_id == new_owner_id:
        raise Conflict("they own the guild already", code="ALREADY_OWNER")
    if not await queries.transfer(conn, guild_id, new_owner_id):
        raise NotFound("there is no such member")
    return await _seen(conn, user_id, guild_id)


def _updated(guild: Guild) -> GuildUpdated:
    """Tell of a guild's new face, without anybody's own bits."""
    return GuildUpdated(
        guild_id=guild.id,
        name=guild.name,
        description=guild.description,
        icon_url=guild.icon_url,
        owner_id=guild.owner_id,
        afk_channel_id=guild.afk_channel_id,
        afk_timeout_s=guild.afk_timeout_s,
    )
