"""Channels, categories and permission overrides."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.base import LINE, TEXT, Answer, Bits, Body, Event, Id, Instant

ChannelName = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
ChannelType = Literal["text", "voice"]
Topic = Annotated[str, Meta(max_length=1024, pattern=TEXT)]
UserLimit = Annotated[int, Meta(ge=1, le=99)]
BitrateKbps = Annotated[int, Meta(ge=8, le=510)]
"""What Opus may use on average; 510 is the most it knows (RFC 7587 §3.1.1)."""
PtimeMs = Literal[10, 20, 40, 60]
"""How much speech goes into one packet: 10 ms arrive the soonest and cost the most packets."""
ScreenShareLimit = Annotated[int, Meta(ge=1, le=16)]
"""How many screens may be shared in a channel at a time."""
Position = Annotated[int, Meta(ge=0, le=10_000)]


class Channel(Answer):
    """A text or voice channel as its reader may see it; `my_permissions` are the reader's in it.

    `unread_count` counts the messages of others, and stops at 100. Voice channels alone have `bitrate_kbps`
    and `ptime_ms`, how those who join from now on are asked to encode their voice, and `max_screen_shares`.
    """

    id: Id
    guild_id: Id | None
    name: str
    channel_type: str
    category_id: Id | None = None
    topic: str | None = None
    user_limit: int | None = None
    bitrate_kbps: int | UnsetType = UNSET
    ptime_ms: int | UnsetType = UNSET
    max_screen_shares: int | UnsetType = UNSET
    position: int
    my_permissions: Bits
    unread_count: int = 0
    last_message_id: Id | None = None
    last_read_message_id: Id | None = None
    created_at: Instant


class Channels(Answer):
    """GET /api/guilds/{id}/channels: those the caller may see."""

    items: list[Channel]
    has_more: bool = False
    next_cursor: str | None = None


class CreateChannel(Body):
    """POST /api/channels (MANAGE_CHANNELS).

    The last four are a voice channel's; unless said, it is 64 kbit/s in packets of 20 ms for any number, who
    share six screens at most.
    """

    guild_id: Id
    name: ChannelName
    channel_type: ChannelType = "text"
    category_id: Id | None = None
    topic: Topic | None = None
    user_limit: UserLimit | None = None
    bitrate_kbps: BitrateKbps | UnsetType = UNSET
    ptime_ms: PtimeMs | UnsetType = UNSET
    max_screen_shares: ScreenShareLimit | UnsetType = UNSET


class EditChannel(Body):
    """PATCH /api/channels/{id} (MANAGE_CHANNELS).

    `bitrate_kbps` and `ptime_ms` hold for those who join afterwards; whoever is in keeps what was negotiated.
    `max_screen_shares` ends none that are shared already.
    """

    name: ChannelName | UnsetType = UNSET
    topic: Topic | None | UnsetType = UNSET
    user_limit: UserLimit | None | UnsetType = UNSET
    bitrate_kbps: BitrateKbps | UnsetType = UNSET
    ptime_ms: PtimeMs | UnsetType = UNSET
    max_screen_shares: ScreenShareLimit | UnsetType = UNSET
    category_id: Id | None | UnsetType = UNSET
    position: Position | UnsetType = UNSET


class ChannelPlace(Body):
    """Where a channel stands in the list."""

    id: Id
    position: Position
    category_id: Id | None | UnsetType = UNSET


class ReorderChannels(Body):
    """POST /api/guilds/{id}/channels/reorder (MANAGE_CHANNELS)."""

    channels: Annotated[list[ChannelPlace], Meta(min_length=1, max_length=500)]


class MarkRead(Body):
    """POST /api/channels/{id}/read; without an id, up to the newest message."""

    last_read_message_id: Id | None = None


class Category(Answer):
    """A heading that groups channels."""

    id: Id
    guild_id: Id
    name: str
    position: int


class Categories(Answer):
    """GET /api/guilds/{id}/categories."""

    items: list[Category]
    has_more: bool = False
    next_cursor: str | None = None


class CreateCategory(Body):
    """POST /api/guilds/{id}/categories (MANAGE_CHANNELS)."""

    name: ChannelName


class EditCategory(Body):
    """PATCH /api/guilds/{id}/categories/{category_id} (MANAGE_CHANNELS)."""

    name: ChannelName | UnsetType = UNSET
    position: Position | UnsetType = UNSET


class Override(Answer):
    """What a role or a member may do differently in a channel or category."""

    target_id: Id
    target_type: str
    allow: Bits
    deny: Bits


class Overrides(Answer):
    """GET /api/channels/{id}/overrides, and the same for a category."""

    items: list[Override]
    has_more: bool = False
    next_cursor: str | None = None


class PutOverride(Body):
    """PUT /api/channels/{id}/overrides/{target_id} (MANAGE_ROLES); the target is a role unless said."""

    allow: Bits = 0
    deny: Bits = 0
    target_type: Literal["role", "member"] = "role"


class ChannelCreated(Event):
    """A channel appeared for you: made, or now visible."""

    channel: Channel


class ChannelUpdated(Event):
    """A channel you see changed, or your own bits in it did."""

    channel: Channel


class ChannelDeleted(Event):
    """A channel is gone for you: deleted, or no longer visible."""

    guild_id: Id | None
    channel_id: Id


class CategoryCreated(Event):
    """A category was made."""

    category: Category


class CategoryUpdated(Event):
    """A category was renamed or moved."""

    category: Category


class CategoryDeleted(Event):
    """A category was removed; its channels remain, without one."""

    guild_id: Id
    category_id: Id


class ChannelRead(Event):
    """You read a channel on another device."""

    channel_id: Id
    last_read_message_id: Id | None
    unread_count: int
