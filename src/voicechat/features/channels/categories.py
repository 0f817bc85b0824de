"""Categories: see, make, change and remove them."""

from __future__ import annotations

from msgspec import UNSET

from voicechat.access import find_in_category, require_bits, require_in_guild, view
from voicechat.access import queries as access_queries
from voicechat.errors import Conflict, NotFound
from voicechat.features.channels import queries
from voicechat.features.channels.service import tell_changed
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.protocol.channels import Categories, Category, CreateCategory, EditCategory
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request

CATEGORIES_AT_MOST = 50


async def list_categories(house: House, request: Request) -> Categories:
    """List the guild's categories that the caller may see, by position."""
    return await house.db.run(_list, request.caller.user_id, request.path["guild_id"])


async def _list(conn: Connection, user_id: str, guild_id: str) -> Categories:
    await require_in_guild(conn, user_id, guild_id)
    channels = await view.channels(conn, user_id, [guild_id])
    return Categories(items=await view.categories(conn, user_id, [guild_id], channels))


async def create(house: House, request: Request) -> Category:
    """Make a category below all others (MANAGE_CHANNELS)."""
    guild_id = request.path["guild_id"]
    category = await house.db.transaction(_create, request.caller.user_id, guild_id, request.body)
    tell_changed(house, guild_id, None)
    return category


async def _create(conn: Connection, user_id: str, guild_id: str, body: CreateCategory) -> Category:
    await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_CHANNELS)
    await access_queries.lock_guild(conn, guild_id)
    if await queries.count_categories(conn, guild_id) >= CATEGORIES_AT_MOST:
        raise Conflict(f"a guild has at most {CATEGORIES_AT_MOST} categories", code="LIMIT_EXCEEDED")
    return await queries.insert_category(conn, new_id(), guild_id, body.name.strip())


async def edit(house: House, request: Request) -> Category:
    """Rename or move a category (MANAGE_CHANNELS)."""
    guild_id, category_id = request.path["guild_id"], request.path["category_id"]
    category = await house.db.transaction(_edit, request.caller.user_id, guild_id, category_id, request.body)
    tell_changed(house, guild_id, None)
    return category


async def _edit(
    conn: Connection, user_id: str, guild_id: str, category_id: str, body: EditCategory
) -> Category:
    await _require(conn, user_id, guild_id, category_id)
    if body.name is not UNSET:
        await queries.edit_category_name(conn, category_id, body.name.strip())
    if body.position is not UNSET:
        await queries.edit_category_position(conn, category_id, body.position)
    return await _require(conn, user_id, guild_id, category_id)


async def _require(conn: Connection, user_id: str, guild_id: str, category_id: str) -> Category:
    """Return a category to a member who sees it and manages its channels."""
    place = await find_in_category(conn, user_id, category_id)
    category = await queries.find_category(conn, guild_id, category_id)
    if place is None or category is None:
        raise NotFound("there is no such category")
    require_bits(place.bits, Permission.MANAGE_CHANNELS)
    return category


async def delete(house: House, request: Request) -> None:
    """Remove a category with what it changed; its channels remain, without one (MANAGE_CHANNELS)."""
    guild_id, category_id = request.path["guild_id"], request.path["category_id"]
    await house.db.transaction(_delete, request.caller.user_id, guild_id, category_id)
    tell_changed(house, guild_id, None)


async def _delete(conn: Connection, user_id: str, guild_id: str, category_id: str) -> None:
    await _require(conn, user_id, guild_id, category_id)
    await queries.delete_category(conn, category_id)
