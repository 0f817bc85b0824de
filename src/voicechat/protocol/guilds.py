"""Guilds, their members, invites and bans."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.accounts import User
from voicechat.protocol.base import LINE, TEXT, Answer, Bits, Body, Event, Id, Instant, Limit, Page

GuildName = Annotated[str, Meta(min_length=2, max_length=100, pattern=LINE)]
Description = Annotated[str, Meta(max_length=1000, pattern=TEXT)]
Nickname = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
Reason = Annotated[str, Meta(max_length=512, pattern=TEXT)]


class Guild(Answer):
    """A community: channels, roles, members. `my_permissions` are the reader's, guild-wide.

    Whoever has not spoken in voice for `afk_timeout_s` is moved to `afk_channel_id`, where nobody is heard.
    """

    id: Id
    name: str
    owner_id: Id
    description: str | None = None
    icon_url: str | None = None
    member_count: int
    my_permissions: Bits
    afk_channel_id: Id | None = None
    afk_timeout_s: int = 300
    created_at: Instant


class Guilds(Answer):
    """GET /api/guilds: those the caller is a member of."""

    items: list[Guild]
    has_more: bool = False
    next_cursor: str | None = None


class CreateGuild(Body):
    """POST /api/guilds; it gets #general and a voice channel."""

    name: GuildName
    description: Description | None = None


class EditGuild(Body):
    """PATCH /api/guilds/{id} (MANAGE_GUILD); the AFK channel is one of its voice channels, or none."""

    name: GuildName | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    afk_channel_id: Id | None | UnsetType = UNSET
    afk_timeout_s: Annotated[int, Meta(ge=60, le=3600)] | UnsetType = UNSET


class TransferGuild(Body):
    """POST /api/guilds/{id}/transfer (owner): hand the guild to another member."""

    user_id: Id


class Member(Answer):
    """A person in a guild, with the ids of the roles they hold (@everyone left out)."""

    user: User
    nickname: str | None = None
    role_ids: list[Id] = []
    joined_at: Instant
    timed_out_until: Instant | None = None
    muted: bool = False
    deafened: bool = False


class Members(Page):
    """GET /api/guilds/{id}/members?after=&limit=, by user id."""

    items: list[Member]


class MembersQuery(Body):
    """Which members to list."""

    after: Id | None = None
    limit: Limit = 100


class EditMember(Body):
    """PATCH /api/guilds/{id}/members/{user_id}: nickname (own or MANAGE_GUILD), voice state (VOICE_* bits).

    `channel_id` moves a connected member to another voice channel, null disconnects them.
    """

    nickname: Nickname | None | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    deafened: bool | UnsetType = UNSET
    channel_id: Id | None | UnsetType = UNSET


class Timeout(Body):
    """POST /api/guilds/{id}/members/{user_id}/timeout (TIMEOUT_MEMBERS), at most 28 days ahead."""

    until: Instant
    reason: Reason | None = None


class Ban(Body):
    """POST /api/guilds/{id}/bans/{user_id} (BAN_MEMBERS)."""

    reason: Reason | None = None


class Banned(Answer):
    """A ban that stands."""

    user: User
    reason: str | None = None
    banned_by: Id | None = None
    created_at: Instant


class Bans(Answer):
    """GET /api/guilds/{id}/bans."""

    items: list[Banned]
    has_more: bool = False
    next_cursor: str | None = None


class CreateInvite(Body):
    """POST /api/guilds/{id}/invites (CREATE_INVITE); without bounds it lives 7 days."""

    max_uses: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    expires_in_s: Annotated[int, Meta(ge=60, le=365 * 86_400)] | None = 7 * 86_400
    channel_id: Id | None = None


class Invite(Answer):
    """A link into a guild."""

    code: str
    guild_id: Id
    channel_id: Id | None = None
    created_by: Id | None = None
    max_uses: int | None = None
    uses: int
    expires_at: Instant | None = None
    created_at: Instant


class Invites(Answer):
    """GET /api/guilds/{id}/invites."""

    items: list[Invite]
    has_more: bool = False
    next_cursor: str | None = None


class InvitePreview(Answer):
    """GET /api/invites/{code}: what the link leads to, for anybody who holds it."""

    code: str
    guild_id: Id
    guild_name: str
    guild_icon_url: str | None = None
    guild_description: str | None = None
    member_count: int
    channel_id: Id | None = None
    channel_name: str | None = None
    inviter: User | None = None
    expires_at: Instant | None = None


class Joined(Answer):
    """POST /api/invites/{code}/join."""

    guild: Guild
    channel_id: Id | None = None
    already_member: bool = False


class GuildCreated(Event):
    """You became a member of a guild (made it, or joined it on some device): its whole snapshot."""

    guild: GuildSnapshot


class GuildUpdated(Event):
    """Something of a guild changed, or its owner; with `my_permissions`, your own bits did too."""

    guild_id: Id
    name: str
    description: str | None
    icon_url: str | None
    owner_id: Id
    afk_channel_id: Id | None
    afk_timeout_s: int
    my_permissions: Bits | UnsetType = UNSET


class GuildDeleted(Event):
    """The guild is gone for you: deleted, left, kicked or banned from."""

    guild_id: Id
    reason: str


class MemberJoined(Event):
    """Somebody joined."""

    guild_id: Id
    member: Member


class MemberUpdated(Event):
    """A member's nickname, roles, timeout or server mute changed."""

    guild_id: Id
    member: Member


class MemberLeft(Event):
    """Somebody left, or was removed."""

    guild_id: Id
    user_id: Id
    reason: str


# At the end: a guild's snapshot holds channels and roles, whose files know nothing of guilds.
from voicechat.protocol.channels import Category, Channel  # noqa: E402
from voicechat.protocol.roles import Role  # noqa: E402
from voicechat.protocol.voice import VoiceState  # noqa: E402


class GuildSnapshot(Answer):
    """All of a guild that the reader may see, but for its member list (GET …/members)."""

    guild: Guild
    roles: list[Role]
    categories: list[Category]
    channels: list[Channel]
    voice_states: list[VoiceState]
    me: Member
