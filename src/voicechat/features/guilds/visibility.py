"""What each connection sees: topics to follow, the first snapshot, and the news when either has changed.

The gateway asks for `topics_in` a guild after every AccessChanged, GuildJoined and GuildLeft, leaves the lost
ones at once, and then calls `changed`, which tells the client the difference between what it was shown and
what it would be shown now. So a channel made, renamed, hidden or opened reaches exactly those who may see it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import trio

from voicechat.access import queries, require, view
from voicechat.access.view import Sight
from voicechat.features.guilds import rules
from voicechat.features.guilds.rules import Shown
from voicechat.gateway import Change, Connection, Gathering, Scope
from voicechat.house import Caller, House
from voicechat.protocol import News
from voicechat.protocol.channels import Channel
from voicechat.protocol.guilds import GuildSnapshot
from voicechat.protocol.news import AccessChanged, GuildLeft
from voicechat.protocol.permissions import Permission
from voicechat.protocol.voice import VoiceState
from voicechat.storage import Connection as Database

VoiceStates = Callable[[House, Collection[str]], Sequence[VoiceState]]
"""Who is in the given voice channels; the voice room's, kept in `house.rooms["voice_states"]`."""


_SNAPSHOTS_AT_ONCE = 8
_TOGETHER = 20  # people for whom a guild is looked up at once: more save nothing, and keep others waiting


class Watch:
    """What one connection was shown; written by `connected` and `changed`, one at a time."""

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.guilds: dict[str, Shown] = {}


class Watches:
    """What each connection of this node was shown, by gateway session id; kept in `house.rooms["guilds"]`.

    A change of one channel or of one guild is looked up for all whom it concerns at once. A guild that one
    just joined, and all of somebody's, are looked up for each: some at a time, so that requests still get
    the database.
    """

    def __init__(self, house: House) -> None:
        self.of_session: dict[str, Watch] = {}
        self.channels = Gathering(partial(_channel_of_members, house))
        self.guilds = Gathering(partial(_guild_of_members, house), size=_TOGETHER)
        self.snapshots = trio.CapacityLimiter(_SNAPSHOTS_AT_ONCE)


async def _channel_of_members(house: House, channel_id: str, user_ids: Collection[str]) -> dict[str, Channel]:
    return await house.db.run(view.channel_of_members, channel_id, list(user_ids))


async def _guild_of_members(house: House, guild_id: str, user_ids: Collection[str]) -> dict[str, Sight]:
    return await house.db.run(view.guild_of_members, guild_id, list(user_ids))


def _watches(house: House) -> Watches:
    found = house.rooms.get("guilds")
    if found is None:
        found = house.rooms["guilds"] = Watches(house)
    assert isinstance(found, Watches)
    return found


async def topics(house: House, caller: Caller) -> dict[str, set[str]]:
    """Return what a caller may follow: themselves, their guilds, and the channels they see, by guild."""
    return await house.db.run(_topics, caller.user_id)


async def _topics(conn: Database, user_id: str) -> dict[str, set[str]]:
    guild_ids = await queries.guilds_of_user(conn, user_id)
    found = {"": {f"user:{user_id}"}} | {guild_id: {f"guild:{guild_id}"} for guild_id in guild_ids}
    for place in await queries.channels(conn, user_id, guild_ids):
        if place.bits & Permission.VIEW_CHANNEL:
            found[place.guild_id].add(f"channel:{place.channel_id}")
    return found


async def topics_in(house: House, scope: Scope, user_ids: Collection[str]) -> dict[str, set[str]]:
    """Return what each of the users may follow in a guild, or of one channel; strangers are left out."""
    if scope.channel_id is not None:
        return await house.db.run(_topic_of_channel, scope.channel_id, list(user_ids))
    return await house.db.run(_topics_in_guild, scope.guild_id, list(user_ids))


async def _topic_of_channel(conn: Database, channel_id: str, user_ids: list[str]) -> dict[str, set[str]]:
    places = await queries.channel_of_members(conn, channel_id, user_ids)
    seeing = (user_id for user_id, place in places.items() if place.bits & Permission.VIEW_CHANNEL)
    return {user_id: {f"channel:{channel_id}"} for user_id in seeing}


async def _topics_in_guild(conn: Database, guild_id: str, user_ids: list[str]) -> dict[str, set[str]]:
    members = await queries.members_among(conn, guild_id, user_ids)
    found = {user_id: {f"guild:{guild_id}"} for user_id in members}
    for user_id, place in await queries.channels_of_members(conn, guild_id, members):
        if place.bits & Permission.VIEW_CHANNEL:
            found[user_id].add(f"channel:{place.channel_id}")
    return found


async def may_subscribe(house: House, caller: Caller, channel_id: str) -> None:
    """Raise NotFound when the caller may not see the channel."""
    await require(house, caller, channel_id)


async def ready_guilds(house: House, caller: Caller) -> Mapping[str, Any]:
    """Give the gateway's first frame everything the caller sees."""
    return {"guilds": await snapshots(house, caller.user_id)}


async def snapshots(
    house: House, user_id: str, guild_ids: Sequence[str] | None = None
) -> list[GuildSnapshot]:
    """Return what a user sees of their guilds (or of those given that they are in)."""
    found = await house.db.run(_snapshots, user_id, guild_ids)
    voice_states: VoiceStates | None = house.rooms.get("voice_states")
    if voice_states is None:
        return found
    return [
        msgspec.structs.replace(  # type: ignore[type-var]  # Wire is a Struct; the checker is told otherwise
            snapshot, voice_states=list(voice_states(house, _voice_channels(snapshot)))
        )
        for snapshot in found
    ]


def _voice_channels(snapshot: GuildSnapshot) -> list[str]:
    return [channel.id for channel in snapshot.channels if channel.channel_type == "voice"]


async def _snapshots(conn: Database, user_id: str, only: Sequence[str] | None) -> list[GuildSnapshot]:
    guild_ids = await queries.guilds_of_user(conn, user_id) if only is None else only
    guilds = await view.guilds(conn, user_id, guild_ids)
    mine = [guild.id for guild in guilds]
    channels = await view.channels(conn, user_id, mine)
    categories = await view.categories(conn, user_id, mine, channels)
    roles = await view.roles(conn, mine)
    members = await view.own_members(conn, user_id, mine)
    return [
        GuildSnapshot(
            guild=guild,
            roles=[role for role in roles if role.guild_id == guild.id],
            categories=[category for category in categories if category.guild_id == guild.id],
            channels=[channel for channel in channels if channel.guild_id == guild.id],
            voice_states=[],
            me=members[guild.id],
        )
        for guild in guilds
        if guild.id in members  # left between two of these statements
    ]


async def connected(house: House, connection: Connection) -> None:
    """Remember what a new connection was shown."""
    watch = _watches(house).of_session.setdefault(connection.session_id, Watch())
    async with watch.lock:
        for snapshot in await house.db.run(_snapshots, connection.caller.user_id, None):
            watch.guilds.setdefault(snapshot.guild.id, rules.shown(snapshot))


async def ended(house: House, connection: Connection) -> None:
    """Forget a connection."""
    _watches(house).of_session.pop(connection.session_id, None)


async def changed(house: House, connection: Connection, change: Change) -> None:
    """Tell a connection what has changed for it; `change.news` of None is anything at all."""
    watch = _watches(house).of_session.setdefault(connection.session_id, Watch())
    async with watch.lock:
        if await _channel_changed(house, connection, watch, change.news):
            return
        if await _guild_changed(house, connection, watch, change.news):
            return
        async with _watches(house).snapshots:
            await _guilds_changed(house, connection, watch, change.news)


async def _channel_changed(house: House, connection: Connection, watch: Watch, news: News | None) -> bool:
    """Tell of a change that concerns one channel; False where the whole guild must be looked at."""
    if not isinstance(news, AccessChanged) or news.channel_id is None:
        return False
    before = watch.guilds.get(news.guild_id)
    if before is None:
        return False
    channel = await _watches(house).channels.ask(news.channel_id, connection.caller.user_id)
    if channel is not None and not _is_placed(channel, news.guild_id, before):
        return False
    for event in rules.channel_changes(news.guild_id, news.channel_id, before, channel):
        connection.send(event)
    watch.guilds[news.guild_id] = rules.with_channel(before, news.channel_id, channel)
    return True


def _is_placed(channel: Channel, guild_id: str, before: Shown) -> bool:
    """Tell whether the connection knows the category that the channel is in."""
    return channel.guild_id == guild_id and (
        channel.category_id is None or channel.category_id in before.categories
    )


async def _guild_changed(house: House, connection: Connection, watch: Watch, news: News | None) -> bool:
    """Tell of a change of one guild that the connection knows; False of all else."""
    guild_id: str | None = getattr(news, "guild_id", None)
    before = None if guild_id is None else watch.guilds.get(guild_id)
    if guild_id is None or before is None:
        return False
    after = await _watches(house).guilds.ask(guild_id, connection.caller.user_id)
    if after is None:
        events = rules.changes(guild_id, before, None, _reason(news))
        del watch.guilds[guild_id]
    else:
        events = rules.news(guild_id, before, after)
        watch.guilds[guild_id] = rules.shown(after)
    for event in events:
        connection.send(event)
    return True


def _reason(news: News | None) -> str:
    return news.reason if isinstance(news, GuildLeft) else "left"


async def _guilds_changed(house: House, connection: Connection, watch: Watch, news: News | None) -> None:
    guild_id: str | None = getattr(news, "guild_id", None)
    only = None if guild_id is None else [guild_id]
    seen = {
        snapshot.guild.id: snapshot for snapshot in await snapshots(house, connection.caller.user_id, only)
    }
    for concerned in only or {*watch.guilds, *seen}:
        after = seen.get(concerned)
        for event in rules.changes(concerned, watch.guilds.get(concerned), after, _reason(news)):
            connection.send(event)
        if after is None:
            watch.guilds.pop(concerned, None)
        else:
            watch.guilds[concerned] = rules.shown(after)
