"""Look at members, change what they are called and what they hold, leave."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET

from voicechat.access import (
    InGuild,
    find_in_channel,
    find_in_guild,
    require_bits,
    require_held,
    require_in_channel,
    require_in_guild,
    require_outranks,
    view,
)
from voicechat.access import queries as access_queries
from voicechat.errors import Conflict, Forbidden, Invalid, NotFound
from voicechat.features.members import queries, rules
from voicechat.house import House
from voicechat.protocol.guilds import EditMember, Member, MemberLeft, Members, MemberUpdated
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, GuildLeft, VoiceMove
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request


class Pair(NamedTuple):
    """Who acts on whom, both members of the guild."""

    actor: InGuild
    target: InGuild

    @property
    def is_self(self) -> bool:
        return self.actor.user_id == self.target.user_id


async def require_pair(conn: Connection, actor_id: str, guild_id: str, target_id: str) -> Pair:
    """Return both members, after letting other changes of ranks in the guild finish; raises NotFound."""
    actor = await require_in_guild(conn, actor_id, guild_id)
    await access_queries.lock_guild(conn, guild_id)
    actor = await require_in_guild(conn, actor_id, guild_id)
    target = await find_in_guild(conn, target_id, guild_id)
    if target is None:
        raise no_such_member()
    return Pair(actor, target)


def no_such_member() -> NotFound:
    """Make the refusal for ids of nobody here."""
    return NotFound("there is no such member")


async def list_members(house: House, request: Request) -> Members:
    """List the members by user id; `next_cursor` goes into `after`."""
    query, guild_id = request.query, request.path["guild_id"]
    found = await house.db.run(_list, request.caller.user_id, guild_id, query.after, query.limit)
    items, has_more = found[: query.limit], len(found) > query.limit
    return Members(items=items, has_more=has_more, next_cursor=items[-1].user.id if has_more else None)


async def _list(conn: Connection, user_id: str, guild_id: str, after: str | None, limit: int) -> list[Member]:
    await require_in_guild(conn, user_id, guild_id)
    return await view.members(conn, guild_id, after, limit + 1)


async def get(house: House, request: Request) -> Member:
    """Return one member."""
    return await house.db.run(_get, request.caller.user_id, request.path["guild_id"], request.path["user_id"])


async def _get(conn: Connection, caller_id: str, guild_id: str, user_id: str) -> Member:
    await require_in_guild(conn, caller_id, guild_id)
    return await seen(conn, guild_id, user_id)


async def seen(conn: Connection, guild_id: str, user_id: str) -> Member:
    """Return a member as everybody in the guild sees them; raises NotFound."""
    member = await view.member(conn, guild_id, user_id)
    if member is None:
        raise no_such_member()
    return member


def tell_updated(house: House, guild_id: str, member: Member, *, access_changed: bool) -> None:
    """Tell the guild of a member's new state, and the server when it bears on what they may do."""
    house.hub.publish(f"guild:{guild_id}", MemberUpdated(guild_id=guild_id, member=member))
    if access_changed:
        house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id, user_id=member.user.id))


async def edit(house: House, request: Request) -> Member:
    """Change a nickname (one's own, or MANAGE_GUILD), mute, deafen or move in voice (VOICE_* bits)."""
    guild_id, user_id, body = request.path["guild_id"], request.path["user_id"], request.body
    member = await house.db.transaction(_edit, request.caller.user_id, guild_id, user_id, body)
    switched = body.muted is not UNSET or body.deafened is not UNSET
    if switched or body.nickname is not UNSET:
        tell_updated(house, guild_id, member, access_changed=switched)
    if body.channel_id is not UNSET:
        move = VoiceMove(guild_id=guild_id, user_id=user_id, channel_id=body.channel_id)
        house.hub.publish(NEWS_TOPIC, move)
    return member


async def _edit(conn: Connection, caller_id: str, guild_id: str, user_id: str, body: EditMember) -> Member:
    pair = await require_pair(conn, caller_id, guild_id, user_id)
    if body.nickname is not UNSET:
        if not pair.is_self:
            _require_over(pair, Permission.MANAGE_GUILD)
        nickname = None if body.nickname is None else body.nickname.strip()
        await queries.edit_nickname(conn, guild_id, user_id, nickname)
    if body.muted is not UNSET:
        _require_over(pair, Permission.VOICE_MUTE_OTHERS)
        await queries.edit_muted(conn, guild_id, user_id, body.muted)
    if body.deafened is not UNSET:
        _require_over(pair, Permission.VOICE_DEAFEN_OTHERS)
        await queries.edit_deafened(conn, guild_id, user_id, body.deafened)
    if body.channel_id is not UNSET:
        await _check_move(conn, pair, body.channel_id)
    return await seen(conn, guild_id, user_id)


def _require_over(pair: Pair, permission: Permission) -> None:
    require_bits(pair.actor.bits, permission)
    require_outranks(pair.actor.rank, pair.target.rank)


async def _check_move(conn: Connection, pair: Pair, channel_id: str | None) -> None:
    """Refuse moves to where the mover may not move people, or the moved may not be."""
    if channel_id is None:
        _require_over(pair, Permission.VOICE_MOVE_MEMBERS)
        return
    place = await require_in_channel(conn, pair.actor.user_id, channel_id)
    if place.guild_id != pair.actor.guild_id:
        raise NotFound("there is no such channel")
    require_bits(place.bits, Permission.VOICE_MOVE_MEMBERS)
    require_outranks(pair.actor.rank, pair.target.rank)
    if place.channel_type != "voice":
        raise Invalid("members can only be moved to a voice channel", code="NOT_A_VOICE_CHANNEL")
    destination = await find_in_channel(conn, pair.target.user_id, channel_id)
    if destination is None or not destination.may(Permission.VOICE_CONNECT):
        raise Forbidden("they may not connect to that channel", code="TARGET_MAY_NOT_CONNECT")


async def assign_role(house: House, request: Request) -> Member:
    """Give a member a role below one's own highest, with no bits one lacks (MANAGE_ROLES)."""
    return await _change_role(house, request, is_given=True)


async def take_role(house: House, request: Request) -> Member:
    """Take a role below one's own highest from a member (MANAGE_ROLES)."""
    return await _change_role(house, request, is_given=False)


async def _change_role(house: House, request: Request, *, is_given: bool) -> Member:
    path, caller = request.path, request.caller
    guild_id, user_id, role_id = path["guild_id"], path["user_id"], path["role_id"]
    member = await house.db.transaction(_role, caller.user_id, guild_id, user_id, role_id, is_given)
    tell_updated(house, guild_id, member, access_changed=True)
    return member


async def _role(
    conn: Connection, caller_id: str, guild_id: str, user_id: str, role_id: str, is_given: bool
) -> Member:
    pair = await require_pair(conn, caller_id, guild_id, user_id)
    require_bits(pair.actor.bits, Permission.MANAGE_ROLES)
    role = await queries.role(conn, guild_id, role_id)
    if role is None:
        raise NotFound("there is no such role")
    if role.is_default:
        raise Invalid("everybody has @everyone; it is neither given nor taken", code="DEFAULT_ROLE")
    require_outranks(pair.actor.rank, role.position)
    if not pair.is_self:
        require_outranks(pair.actor.rank, pair.target.rank)
    if is_given:
        require_held(pair.actor.bits, role.permissions)
        await queries.assign_role(conn, guild_id, user_id, role_id)
    else:
        await queries.take_role(conn, guild_id, user_id, role_id)
    return await seen(conn, guild_id, user_id)


async def leave(house: House, request: Request) -> None:
    """Leave the guild; its owner hands it over first."""
    guild_id, user_id = request.path["guild_id"], request.caller.user_id
    await house.db.transaction(_leave, user_id, guild_id)
    tell_left(house, guild_id, user_id, "left")


async def _leave(conn: Connection, user_id: str, guild_id: str) -> None:
    pair = await require_pair(conn, user_id, guild_id, user_id)
    if rules.is_owner(pair.actor):
        raise Conflict("hand the guild to another member first, or delete it", code="OWNER_CANNOT_LEAVE")
    await queries.delete_member(conn, guild_id, user_id)


def tell_left(house: House, guild_id: str, user_id: str, reason: str) -> None:
    """Tell the guild that a member is gone, and the server, which cuts them off."""
    house.hub.publish(f"guild:{guild_id}", MemberLeft(guild_id=guild_id, user_id=user_id, reason=reason))
    house.hub.publish(NEWS_TOPIC, GuildLeft(guild_id=guild_id, user_id=user_id, reason=reason))
