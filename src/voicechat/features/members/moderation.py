"""Kick, time out, ban: always by somebody who stands above."""

from __future__ import annotations

from voicechat.access import find_in_guild, require_bits, require_in_guild, require_outranks
from voicechat.access import queries as access_queries
from voicechat.errors import NotFound
from voicechat.features.members import expiry, queries, rules
from voicechat.features.members.service import no_such_member, require_pair, seen, tell_left, tell_updated
from voicechat.house import House
from voicechat.protocol.guilds import Bans, Member, Timeout
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request


async def kick(house: House, request: Request) -> None:
    """Remove a member, who may come back by an invite (KICK_MEMBERS)."""
    guild_id, user_id = request.path["guild_id"], request.path["user_id"]
    await house.db.transaction(_kick, request.caller.user_id, guild_id, user_id)
    tell_left(house, guild_id, user_id, "kicked")


async def _kick(conn: Connection, caller_id: str, guild_id: str, user_id: str) -> None:
    pair = await require_pair(conn, caller_id, guild_id, user_id)
    require_bits(pair.actor.bits, Permission.KICK_MEMBERS)
    require_outranks(pair.actor.rank, pair.target.rank)
    await queries.delete_member(conn, guild_id, user_id)


async def time_out(house: House, request: Request) -> Member:
    """Let a member only look and read until then, four weeks at most (TIMEOUT_MEMBERS)."""
    return await _change_timeout(house, request, request.body)


async def lift_timeout(house: House, request: Request) -> Member:
    """End a member's timeout (TIMEOUT_MEMBERS)."""
    return await _change_timeout(house, request, None)


async def _change_timeout(house: House, request: Request, body: Timeout | None) -> Member:
    guild_id, user_id = request.path["guild_id"], request.path["user_id"]
    member = await house.db.transaction(_timeout, request.caller.user_id, guild_id, user_id, body)
    tell_updated(house, guild_id, member, access_changed=True)
    if body is not None:
        expiry.watch(house, guild_id, user_id)
    return member


async def _timeout(
    conn: Connection, caller_id: str, guild_id: str, user_id: str, body: Timeout | None
) -> Member:
    pair = await require_pair(conn, caller_id, guild_id, user_id)
    require_bits(pair.actor.bits, Permission.TIMEOUT_MEMBERS)
    require_outranks(pair.actor.rank, pair.target.rank)
    until = reason = None
    if body is not None:
        rules.check_until(body.until, await queries.now(conn))
        until, reason = body.until, body.reason
    await queries.set_timeout(conn, guild_id, user_id, until, reason)
    return await seen(conn, guild_id, user_id)


async def ban(house: House, request: Request) -> None:
    """Remove somebody and keep them out, member or not (BAN_MEMBERS)."""
    guild_id, user_id = request.path["guild_id"], request.path["user_id"]
    was_member = await house.db.transaction(
        _ban, request.caller.user_id, guild_id, user_id, request.body.reason
    )
    if was_member:
        tell_left(house, guild_id, user_id, "banned")


async def _ban(conn: Connection, caller_id: str, guild_id: str, user_id: str, reason: str | None) -> bool:
    await require_in_guild(conn, caller_id, guild_id, Permission.BAN_MEMBERS)
    await access_queries.lock_guild(conn, guild_id)
    actor = await require_in_guild(conn, caller_id, guild_id, Permission.BAN_MEMBERS)
    target = await find_in_guild(conn, user_id, guild_id)
    if target is not None:
        require_outranks(actor.rank, target.rank)
    elif not await queries.user_exists(conn, user_id):
        raise no_such_member()
    await queries.ban(conn, guild_id, user_id, reason, caller_id)
    await queries.delete_member(conn, guild_id, user_id)
    return target is not None


async def unban(house: House, request: Request) -> None:
    """Lift a ban (BAN_MEMBERS)."""
    await house.db.transaction(
        _unban, request.caller.user_id, request.path["guild_id"], request.path["user_id"]
    )


async def _unban(conn: Connection, caller_id: str, guild_id: str, user_id: str) -> None:
    await require_in_guild(conn, caller_id, guild_id, Permission.BAN_MEMBERS)
    if not await queries.unban(conn, guild_id, user_id):
        raise NotFound("there is no such ban")


async def list_bans(house: House, request: Request) -> Bans:
    """List the bans that stand, the newest first (BAN_MEMBERS)."""
    return await house.db.run(_bans, request.caller.user_id, request.path["guild_id"])


async def _bans(conn: Connection, caller_id: str, guild_id: str) -> Bans:
    await require_in_guild(conn, caller_id, guild_id, Permission.BAN_MEMBERS)
    return Bans(items=await queries.bans(conn, guild_id))
