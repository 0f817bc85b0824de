"""Permission overrides: what a role or a member may do differently in a channel or a category.

One may only set overrides of roles and members below one's own rank, and only move bits that one holds there.
"""

from __future__ import annotations

from typing import NamedTuple

from voicechat.access import (
    InChannel,
    find_in_category,
    find_in_guild,
    require_bits,
    require_held,
    require_in_channel,
    require_known,
    require_outranks,
)
from voicechat.access import queries as access_queries
from voicechat.errors import NotFound
from voicechat.features.channels import override_queries as queries
from voicechat.features.channels import rules
from voicechat.features.channels.service import tell_changed
from voicechat.house import House
from voicechat.protocol.channels import Override, Overrides, PutOverride
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request


class Spot(NamedTuple):
    """The channel or category that a request is about."""

    channel_id: str | None
    guild_id: str | None
    category_id: str | None

    @property
    def id(self) -> str:
        return self.channel_id or self.category_id or ""


def _spot(request: Request) -> Spot:
    path = request.path
    return Spot(path.get("channel_id"), path.get("guild_id"), path.get("category_id"))


async def _require(conn: Connection, user_id: str, spot: Spot) -> InChannel:
    """Return a member who may change overrides in a place they see; raises NotFound or Forbidden."""
    if spot.channel_id is not None:
        return await require_in_channel(conn, user_id, spot.channel_id, Permission.MANAGE_ROLES)
    place = await find_in_category(conn, user_id, spot.id)
    if place is None or place.guild_id != spot.guild_id:
        raise NotFound("there is no such category")
    require_bits(place.bits, Permission.MANAGE_ROLES)
    return place


async def list_overrides(house: House, request: Request) -> Overrides:
    """List the overrides of a channel or category (MANAGE_ROLES)."""
    return await house.db.run(_list, request.caller.user_id, _spot(request))


async def _list(conn: Connection, user_id: str, spot: Spot) -> Overrides:
    await _require(conn, user_id, spot)
    return Overrides(items=await queries.overrides(conn, spot.id))


async def put(house: House, request: Request) -> Override:
    """Set what a role or a member may do differently (MANAGE_ROLES)."""
    spot, target_id = _spot(request), request.path["target_id"]
    guild_id, override = await house.db.transaction(
        _put, request.caller.user_id, spot, target_id, request.body
    )
    tell_changed(house, guild_id, spot.channel_id)
    return override


async def _put(
    conn: Connection, user_id: str, spot: Spot, target_id: str, body: PutOverride
) -> tuple[str, Override]:
    rules.check_override(body)
    require_known(body.allow | body.deny)
    place, before = await _require_change(conn, user_id, spot, target_id, body.target_type)
    require_held(place.bits, rules.touched(before, body.allow, body.deny))
    override = Override(target_id=target_id, target_type=body.target_type, allow=body.allow, deny=body.deny)
    await queries.put(conn, place.guild_id, spot.channel_id, spot.category_id, override)
    return place.guild_id, override


async def _require_change(
    conn: Connection, user_id: str, spot: Spot, target_id: str, target_type: str
) -> tuple[InChannel, Override | None]:
    """Return where the actor stands and what stood before, once the target is known to be below them."""
    place = await _require(conn, user_id, spot)
    await access_queries.lock_guild(conn, place.guild_id)
    place = await _require(conn, user_id, spot)
    rank = await _rank(conn, place.guild_id, target_id, target_type)
    if rank is None:
        raise NotFound(f"there is no such {target_type} in this guild")
    require_outranks(place.rank, rank)
    return place, await queries.find(conn, spot.id, target_id)


async def _rank(conn: Connection, guild_id: str, target_id: str, target_type: str) -> int | None:
    if target_type == "role":
        return await queries.role_position(conn, guild_id, target_id)
    member = await find_in_guild(conn, target_id, guild_id)
    return None if member is None else member.rank


async def delete(house: House, request: Request) -> None:
    """Let a role or a member be as everywhere else (MANAGE_ROLES)."""
    spot, target_id = _spot(request), request.path["target_id"]
    guild_id = await house.db.transaction(_delete, request.caller.user_id, spot, target_id)
    tell_changed(house, guild_id, spot.channel_id)


async def _delete(conn: Connection, user_id: str, spot: Spot, target_id: str) -> str:
    await _require(conn, user_id, spot)
    found = await queries.find(conn, spot.id, target_id)
    if found is None:
        raise NotFound("there is no such override")
    place, before = await _require_change(conn, user_id, spot, target_id, found.target_type)
    require_held(place.bits, rules.touched(before, 0, 0))
    await queries.delete(conn, spot.id, target_id)
    return place.guild_id
