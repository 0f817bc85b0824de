"""Roles: see, make, change, rank and remove them — below one's own rank, and with one's own bits only."""

from __future__ import annotations

from msgspec import UNSET

from voicechat.access import InGuild, require_held, require_in_guild, require_known, require_outranks, view
from voicechat.access import queries as access_queries
from voicechat.errors import Conflict, Invalid, NotFound
from voicechat.features.roles import queries, rules
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged
from voicechat.protocol.permissions import Permission
from voicechat.protocol.roles import CreateRole, EditRole, Role, RoleCreated, RoleDeleted, Roles, RoleUpdated
from voicechat.storage import Connection
from voicechat.web import Request

Changed = tuple[Role, list[Role]]
"""The role that was asked for, and all whose rank moved with it."""


async def list_roles(house: House, request: Request) -> Roles:
    """List the guild's roles, highest first."""
    return await house.db.run(_list, request.caller.user_id, request.path["guild_id"])


async def _list(conn: Connection, user_id: str, guild_id: str) -> Roles:
    await require_in_guild(conn, user_id, guild_id)
    return Roles(items=await view.roles(conn, [guild_id]))


async def create(house: House, request: Request) -> Role:
    """Make a role, which starts just above @everyone (MANAGE_ROLES)."""
    guild_id = request.path["guild_id"]
    role, moved = await house.db.transaction(_create, request.caller.user_id, guild_id, request.body)
    house.hub.publish(f"guild:{guild_id}", RoleCreated(role=role))
    _tell_updated(house, guild_id, moved)
    return role


async def _create(conn: Connection, user_id: str, guild_id: str, body: CreateRole) -> Changed:
    actor = await _require_keeper(conn, user_id, guild_id)
    require_outranks(actor.rank, 0)
    require_known(body.permissions)
    require_held(actor.bits, body.permissions)
    if await queries.count(conn, guild_id) >= rules.ROLES_AT_MOST:
        raise Conflict(f"a guild has at most {rules.ROLES_AT_MOST} roles", code="LIMIT_EXCEEDED")
    role_id = new_id()
    await queries.insert(conn, role_id, guild_id, body.name.strip(), body.color, body.permissions)
    everyone_else = await view.roles(conn, [guild_id])
    return await _find(conn, guild_id, role_id), [role for role in everyone_else if role.position > 1]


async def _require_keeper(conn: Connection, user_id: str, guild_id: str) -> InGuild:
    """Return a member with MANAGE_ROLES, after other changes of ranks in the guild are done."""
    await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_ROLES)
    await access_queries.lock_guild(conn, guild_id)
    return await require_in_guild(conn, user_id, guild_id, Permission.MANAGE_ROLES)


async def _find(conn: Connection, guild_id: str, role_id: str) -> Role:
    role = await queries.find(conn, guild_id, role_id)
    if role is None:
        raise NotFound("there is no such role")
    return role


async def edit(house: House, request: Request) -> Role:
    """Change or rank a role below one's own highest (MANAGE_ROLES). Of @everyone only the bits change."""
    path, caller = request.path, request.caller
    guild_id, role_id = path["guild_id"], path["role_id"]
    role, moved = await house.db.transaction(_edit, caller.user_id, guild_id, role_id, request.body)
    _tell_updated(house, guild_id, [role, *(other for other in moved if other.id != role_id)])
    house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id))
    return role


async def _edit(conn: Connection, user_id: str, guild_id: str, role_id: str, body: EditRole) -> Changed:
    actor = await _require_keeper(conn, user_id, guild_id)
    role = await _find(conn, guild_id, role_id)
    require_outranks(actor.rank, role.position)
    if role.is_default and not (body.name is UNSET and body.position is UNSET and body.color is UNSET):
        raise Invalid("@everyone has no other name, colour or rank", code="DEFAULT_ROLE")
    if body.name is not UNSET:
        await queries.edit_name(conn, role_id, body.name.strip())
    if body.color is not UNSET:
        await queries.edit_color(conn, role_id, body.color)
    if body.permissions is not UNSET:
        require_known(body.permissions)
        require_held(actor.bits, role.permissions ^ body.permissions)
        await queries.edit_permissions(conn, role_id, body.permissions)
    moved: list[Role] = []
    if body.position is not UNSET:
        moved = await _rank(conn, actor, role, body.position)
    return await _find(conn, guild_id, role_id), moved


async def _rank(conn: Connection, actor: InGuild, role: Role, position: int) -> list[Role]:
    role_ids = await queries.ranked(conn, role.guild_id)
    require_outranks(actor.rank, min(position, len(role_ids)))
    return await queries.place(conn, role.guild_id, rules.moved(role_ids, role.id, position))


async def delete(house: House, request: Request) -> None:
    """Remove a role below one's own highest (MANAGE_ROLES)."""
    guild_id, role_id = request.path["guild_id"], request.path["role_id"]
    moved = await house.db.transaction(_delete, request.caller.user_id, guild_id, role_id)
    house.hub.publish(f"guild:{guild_id}", RoleDeleted(guild_id=guild_id, role_id=role_id))
    _tell_updated(house, guild_id, moved)
    house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id))


async def _delete(conn: Connection, user_id: str, guild_id: str, role_id: str) -> list[Role]:
    actor = await _require_keeper(conn, user_id, guild_id)
    role = await _find(conn, guild_id, role_id)
    if role.is_default:
        raise Invalid("@everyone cannot be removed", code="DEFAULT_ROLE")
    require_outranks(actor.rank, role.position)
    await queries.delete(conn, role_id)
    return await queries.place(conn, guild_id, await queries.ranked(conn, guild_id))


def _tell_updated(house: House, guild_id: str, roles: list[Role]) -> None:
    for role in roles:
        house.hub.publish(f"guild:{guild_id}", RoleUpdated(role=role))
