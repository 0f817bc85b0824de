"""Channels: see, make, change, order, delete and read them.

What changes here is told by AccessChanged: each connection then learns of it as far as its person may see it.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from voicechat.access import (
    find_in_category,
    require_bits,
    require_in_channel,
    require_in_guild,
    view,
)
from voicechat.access import queries as access_queries
from voicechat.errors import Conflict, Invalid, NotFound
from voicechat.features.channels import queries
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.protocol.channels import (
    Channel,
    ChannelRead,
    Channels,
    CreateChannel,
    EditChannel,
    ReorderChannels,
)
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request

DEFAULT_BITRATE_KBPS = 64
DEFAULT_PTIME_MS = 20
DEFAULT_SCREEN_SHARES = 6


async def list_channels(house: House, request: Request) -> Channels:
    """List the guild's channels that the caller may see, by position."""
    return await house.db.run(_list, request.caller.user_id, request.path["guild_id"])


async def _list(conn: Connection, user_id: str, guild_id: str) -> Channels:
    await require_in_guild(conn, user_id, guild_id)
    return Channels(items=await view.channels(conn, user_id, [guild_id]))


async def get(house: House, request: Request) -> Channel:
    """Return one channel."""
    return await house.db.run(_seen, request.caller.user_id, request.path["channel_id"])


async def _seen(conn: Connection, user_id: str, channel_id: str) -> Channel:
    channel = await view.channel(conn, user_id, channel_id)
    if channel is None:
        raise no_such_channel()
    return channel


def no_such_channel() -> NotFound:
    """Make the refusal for channels that are not there, or hidden."""
    return NotFound("there is no such channel")


def tell_changed(house: House, guild_id: str | None, channel_id: str | None) -> None:
    """Let every connection look again at one channel, or at the whole guild."""
    if guild_id is not None:
        house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id, channel_id=channel_id))


async def create(house: House, request: Request) -> Channel:
    """Make a channel below all others (MANAGE_CHANNELS)."""
    limit = house.settings.limits.channels_per_guild
    channel = await house.db.transaction(_create, request.caller.user_id, request.body, limit)
    tell_changed(house, channel.guild_id, channel.id)
    return channel


async def _create(conn: Connection, user_id: str, body: CreateChannel, limit: int) -> Channel:
    await require_in_guild(conn, user_id, body.guild_id, Permission.MANAGE_CHANNELS)
    _check_voice_settings(body.channel_type, body)
    await _check_category(conn, user_id, body.guild_id, body.category_id)
    await access_queries.lock_guild(conn, body.guild_id)
    if await queries.count(conn, body.guild_id) >= limit:
        raise Conflict(f"a guild has at most {limit} channels", code="LIMIT_EXCEEDED")
    channel = queries.NewChannel(
        id=new_id(),
        guild_id=body.guild_id,
        name=body.name.strip(),
        channel_type=body.channel_type,
        category_id=body.category_id,
        topic=body.topic,
        user_limit=body.user_limit,
        bitrate_kbps=DEFAULT_BITRATE_KBPS if body.bitrate_kbps is UNSET else body.bitrate_kbps,
        ptime_ms=DEFAULT_PTIME_MS if body.ptime_ms is UNSET else body.ptime_ms,
        max_screen_shares=(
            DEFAULT_SCREEN_SHARES if body.max_screen_shares is UNSET else body.max_screen_shares
        ),
    )
    await queries.insert(conn, channel)
    return await _seen(conn, user_id, channel.id)


def _check_voice_settings(channel_type: str | None, body: CreateChannel | EditChannel) -> None:
    """Refuse for a text channel what only a voice channel has."""
    given = (body.user_limit, body.bitrate_kbps, body.ptime_ms, body.max_screen_shares)
    if channel_type != "voice" and any(value is not UNSET and value is not None for value in given):
        raise Invalid(
            "only a voice channel has a user limit, a bitrate, a packet time and screens",
            code="NOT_A_VOICE_CHANNEL",
        )


async def _check_category(
    conn: Connection, user_id: str, guild_id: str, category_id: str | None | UnsetType
) -> None:
    """Refuse categories of other guilds, hidden ones, and those where the user manages no channels."""
    if category_id is None or category_id is UNSET:
        return
    place = await find_in_category(conn, user_id, category_id)
    if place is None or place.guild_id != guild_id:
        raise NotFound("there is no such category")
    require_bits(place.bits, Permission.MANAGE_CHANNELS)


async def edit(house: House, request: Request) -> Channel:
    """Change a channel (MANAGE_CHANNELS in it)."""
    channel = await house.db.transaction(
        _edit, request.caller.user_id, request.path["channel_id"], request.body
    )
    tell_changed(house, channel.guild_id, channel.id)
    return channel


async def _edit(conn: Connection, user_id: str, channel_id: str, body: EditChannel) -> Channel:
    place = await require_in_channel(conn, user_id, channel_id, Permission.MANAGE_CHANNELS)
    _check_voice_settings(place.channel_type, body)
    await _check_category(conn, user_id, place.guild_id, body.category_id)
    if body.name is not UNSET:
        await queries.edit_name(conn, channel_id, body.name.strip())
    if body.topic is not UNSET:
        await queries.edit_topic(conn, channel_id, body.topic)
    if body.user_limit is not UNSET:
        await queries.edit_user_limit(conn, channel_id, body.user_limit)
    if body.bitrate_kbps is not UNSET:
        await queries.edit_bitrate(conn, channel_id, body.bitrate_kbps)
    if body.ptime_ms is not UNSET:
        await queries.edit_ptime(conn, channel_id, body.ptime_ms)
    if body.max_screen_shares is not UNSET:
        await queries.edit_screen_shares(conn, channel_id, body.max_screen_shares)
    if body.category_id is not UNSET:
        await queries.edit_category(conn, channel_id, body.category_id)
    if body.position is not UNSET:
        await queries.edit_position(conn, channel_id, body.position)
    return await _seen(conn, user_id, channel_id)


async def delete(house: House, request: Request) -> None:
    """Delete a channel with its messages (MANAGE_CHANNELS in it)."""
    channel_id = request.path["channel_id"]
    guild_id = await house.db.transaction(_delete, request.caller.user_id, channel_id)
    tell_changed(house, guild_id, channel_id)


async def _delete(conn: Connection, user_id: str, channel_id: str) -> str:
    place = await require_in_channel(conn, user_id, channel_id, Permission.MANAGE_CHANNELS)
    await queries.delete(conn, channel_id)
    return place.guild_id


async def reorder(house: House, request: Request) -> Channels:
    """Put several channels in their places at once, all or none (MANAGE_CHANNELS)."""
    guild_id = request.path["guild_id"]
    channels = await house.db.transaction(_reorder, request.caller.user_id, guild_id, request.body)
    tell_changed(house, guild_id, None)
    return channels


async def _reorder(conn: Connection, user_id: str, guild_id: str, body: ReorderChannels) -> Channels:
    await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_CHANNELS)
    await access_queries.lock_guild(conn, guild_id)
    bits = {
        place.channel_id: place.bits for place in await access_queries.channels(conn, user_id, [guild_id])
    }
    for place in body.channels:
        if not bits.get(place.id):
            raise no_such_channel()
        require_bits(bits[place.id], Permission.MANAGE_CHANNELS)
        await queries.edit_position(conn, place.id, place.position)
        if place.category_id is not UNSET:
            await _check_category(conn, user_id, guild_id, place.category_id)
            await queries.edit_category(conn, place.id, place.category_id)
    return Channels(items=await view.channels(conn, user_id, [guild_id]))


async def mark_read(house: House, request: Request) -> None:
    """Note how far the caller has read; their other devices hear of it."""
    user_id, channel_id = request.caller.user_id, request.path["channel_id"]
    channel = await house.db.transaction(_mark_read, user_id, channel_id, request.body.last_read_message_id)
    house.hub.publish(
        f"user:{user_id}",
        ChannelRead(
            channel_id=channel_id,
            last_read_message_id=channel.last_read_message_id,
            unread_count=channel.unread_count,
        ),
    )


async def _mark_read(conn: Connection, user_id: str, channel_id: str, message_id: str | None) -> Channel:
    await require_in_channel(conn, user_id, channel_id)
    if message_id is None:
        message_id = await queries.newest_message(conn, channel_id)
    elif not await queries.is_message(conn, channel_id, message_id):
        raise NotFound("there is no such message in this channel")
    if message_id is not None:
        await queries.mark_read(conn, user_id, channel_id, message_id)
    return await _seen(conn, user_id, channel_id)
