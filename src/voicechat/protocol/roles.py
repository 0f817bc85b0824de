"""Roles: named sets of permission bits with a rank."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.base import END, LINE, Answer, Bits, Body, Event, Id

RoleName = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
Color = Annotated[str, Meta(pattern=f"^#[0-9a-fA-F]{{6}}{END}")]


class Role(Answer):
    """A role. The higher `position` outranks the lower; @everyone (`is_default`) is 0."""

    id: Id
    guild_id: Id
    name: str
    color: str | None = None
    permissions: Bits
    position: int
    is_default: bool = False


class Roles(Answer):
    """GET /api/guilds/{id}/roles, highest first."""

    items: list[Role]
    has_more: bool = False
    next_cursor: str | None = None


class CreateRole(Body):
    """POST /api/guilds/{id}/roles (MANAGE_ROLES); it starts just above @everyone."""

    name: RoleName
    color: Color | None = None
    permissions: Bits = 0


class EditRole(Body):
    """PATCH /api/guilds/{id}/roles/{role_id} (MANAGE_ROLES, only below the own rank and with own bits)."""

    name: RoleName | UnsetType = UNSET
    color: Color | None | UnsetType = UNSET
    permissions: Bits | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET


class RoleCreated(Event):
    """A role was made."""

    role: Role


class RoleUpdated(Event):
    """A role changed."""

    role: Role


class RoleDeleted(Event):
    """A role was removed."""

    guild_id: Id
    role_id: Id
