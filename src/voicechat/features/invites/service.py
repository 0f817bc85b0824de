"""Invites: make and withdraw them, look where one leads, go there."""

from __future__ import annotations

from typing import NamedTuple

from voicechat.access import find_in_channel, forbidden, require_bits, require_in_guild, view
from voicechat.access import queries as access_queries
from voicechat.access.admission import Admission, is_code, no_such_invite, redeem_invite, tell_joined
from voicechat.errors import Conflict, NotFound
from voicechat.features.invites import queries, rules
from voicechat.house import House
from voicechat.protocol.guilds import CreateInvite, Guild, Invite, InvitePreview, Invites, Joined
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request


class Arrival(NamedTuple):
    """Where an invite led, and how the guild looks from inside."""

    admission: Admission
    guild: Guild


async def create(house: House, request: Request) -> Invite:
    """Make an invite (CREATE_INVITE, in the channel when one is named)."""
    guild_id, limit = request.path["guild_id"], house.settings.limits.invites_per_guild
    return await house.db.transaction(_create, request.caller.user_id, guild_id, request.body, limit)


async def _create(conn: Connection, user_id: str, guild_id: str, body: CreateInvite, limit: int) -> Invite:
    member = await require_in_guild(conn, user_id, guild_id)
    if body.channel_id is None:
        require_bits(member.bits, Permission.CREATE_INVITE)
    else:
        place = await find_in_channel(conn, user_id, body.channel_id)
        if place is None or place.guild_id != guild_id:
            raise NotFound("there is no such channel")
        require_bits(place.bits, Permission.CREATE_INVITE)
    await access_queries.lock_guild(conn, guild_id)
    await queries.forget_dead(conn, guild_id)
    if await queries.count(conn, guild_id) >= limit:
        raise Conflict(f"a guild has at most {limit} invites at a time", code="LIMIT_EXCEEDED")
    invite = queries.NewInvite(
        code=rules.new_code(),
        guild_id=guild_id,
        channel_id=body.channel_id,
        created_by=user_id,
        max_uses=body.max_uses,
        expires_in_s=body.expires_in_s,
    )
    return await queries.insert(conn, invite)


async def list_invites(house: House, request: Request) -> Invites:
    """List the guild's invites that are still good, the newest first (MANAGE_INVITES)."""
    return await house.db.run(_list, request.caller.user_id, request.path["guild_id"])


async def _list(conn: Connection, user_id: str, guild_id: str) -> Invites:
    await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_INVITES)
    return Invites(items=await queries.alive(conn, guild_id))


async def delete(house: House, request: Request) -> None:
    """Withdraw an invite (one's own, or MANAGE_INVITES)."""
    guild_id, code = request.path["guild_id"], request.path["code"]
    await house.db.transaction(_delete, request.caller.user_id, guild_id, code)


async def _delete(conn: Connection, user_id: str, guild_id: str, code: str) -> None:
    member = await require_in_guild(conn, user_id, guild_id)
    is_own = await queries.creator(conn, guild_id, code) == user_id
    if not is_own and not member.may(Permission.MANAGE_INVITES):
        raise forbidden(Permission.MANAGE_INVITES)
    if not await queries.delete(conn, guild_id, code):
        raise no_such_invite()


async def preview(house: House, request: Request) -> InvitePreview:
    """Tell whoever holds an invite where it leads."""
    code = request.path["code"]
    found = await house.db.run(queries.preview, code) if is_code(code) else None
    if found is None:
        raise no_such_invite()
    return found


async def join(house: House, request: Request) -> Joined:
    """Join the guild that an invite leads to. For a member it changes nothing and uses nothing up."""
    arrival = await house.db.transaction(_join, house, request.path["code"], request.caller.user_id)
    tell_joined(house, arrival.admission)
    return Joined(
        guild=arrival.guild,
        channel_id=arrival.admission.channel_id,
        already_member=arrival.admission.member is None,
    )


async def _join(conn: Connection, house: House, code: str, user_id: str) -> Arrival:
    limits = house.settings.limits
    admission = await redeem_invite(
        conn,
        code,
        user_id,
        guilds_per_user=limits.guilds_per_user,
        members_per_guild=limits.members_per_guild,
    )
    guild = await view.guild(conn, user_id, admission.guild_id)
    assert guild is not None
    return Arrival(admission, guild)
