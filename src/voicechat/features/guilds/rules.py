"""What a connection must be told when what its person sees of a guild has changed. Pure.

A connection is remembered by fingerprints of what it was shown. Counts of unread messages are left out of
them: each client keeps its own from the messages it receives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from voicechat.access.view import Sight
from voicechat.protocol import Event
from voicechat.protocol.channels import (
    Category,
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    Channel,
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
)
from voicechat.protocol.guilds import Guild, GuildCreated, GuildDeleted, GuildSnapshot, GuildUpdated


class Shown(NamedTuple):
    """What a connection was shown of one guild: the person's bits, and fingerprints by id."""

    permissions: int
    categories: Mapping[str, int]
    channels: Mapping[str, int]


def shown(snapshot: GuildSnapshot | Sight) -> Shown:
    """Fingerprint what somebody sees."""
    return Shown(
        snapshot.guild.my_permissions,
        {category.id: _category_print(category) for category in snapshot.categories},
        {channel.id: channel_print(channel) for channel in snapshot.channels},
    )


def changes(guild_id: str, before: Shown | None, after: GuildSnapshot | None, reason: str) -> list[Event]:
    """List the events that turn what was shown into what is seen now, in an order that clients can follow."""
    if after is None:
        return [] if before is None else [GuildDeleted(guild_id=guild_id, reason=reason)]
    if before is None:
        return [GuildCreated(guild=after)]
    return news(guild_id, before, after)


def news(guild_id: str, before: Shown, after: GuildSnapshot | Sight) -> list[Event]:
    """List the events that turn what was shown of a guild into what is seen of it now."""
    now = shown(after)
    return [
        *([] if before.permissions == now.permissions else [_own_bits_changed(after.guild)]),
        *_category_news(before, after.categories),
        *_channel_news(before, after.channels),
        *(
            ChannelDeleted(guild_id=guild_id, channel_id=channel_id)
            for channel_id in before.channels
            if channel_id not in now.channels
        ),
        *(
            CategoryDeleted(guild_id=guild_id, category_id=category_id)
            for category_id in before.categories
            if category_id not in now.categories
        ),
    ]


def channel_changes(guild_id: str, channel_id: str, before: Shown, after: Channel | None) -> list[Event]:
    """List what one channel's change asks to be told; None is a channel that is gone or hidden."""
    if after is not None:
        return _channel_news(before, [after])
    if channel_id in before.channels:
        return [ChannelDeleted(guild_id=guild_id, channel_id=channel_id)]
    return []


def with_channel(before: Shown, channel_id: str, after: Channel | None) -> Shown:
    """Return what has been shown once one channel's change was told."""
    channels = {known: mark for known, mark in before.channels.items() if known != channel_id}
    if after is not None:
        channels[channel_id] = channel_print(after)
    return before._replace(channels=channels)


def channel_print(channel: Channel) -> int:
    """Fingerprint what a client shows of a channel."""
    return hash(
        (
            channel.name,
            channel.channel_type,
            channel.category_id,
            channel.topic,
            channel.user_limit,
            channel.bitrate_kbps,
            channel.ptime_ms,
            channel.max_screen_shares,
            channel.position,
            channel.my_permissions,
        )
    )


def _category_print(category: Category) -> int:
    return hash((category.name, category.position))


def _own_bits_changed(guild: Guild) -> Event:
    return GuildUpdated(
        guild_id=guild.id,
        name=guild.name,
        description=guild.description,
        icon_url=guild.icon_url,
        owner_id=guild.owner_id,
        afk_channel_id=guild.afk_channel_id,
        afk_timeout_s=guild.afk_timeout_s,
        my_permissions=guild.my_permissions,
    )


def _category_news(before: Shown, categories: Iterable[Category]) -> list[Event]:
    return [
        CategoryUpdated(category=category)
        if category.id in before.categories
        else CategoryCreated(category=category)
        for category in categories
        if before.categories.get(category.id) != _category_print(category)
    ]


def _channel_news(before: Shown, channels: Iterable[Channel]) -> list[Event]:
    return [
        ChannelUpdated(channel=channel) if channel.id in before.channels else ChannelCreated(channel=channel)
        for channel in channels
        if before.channels.get(channel.id) != channel_print(channel)
    ]
