"""Roles: named sets of permission bits, ranked."""

from voicechat.features.roles import service
from voicechat.protocol.roles import CreateRole, EditRole, Role, Roles
from voicechat.web import Route

_ROLES = "/api/guilds/{guild_id}/roles"
_ROLE = f"{_ROLES}/{{role_id}}"

ROUTES = (
    Route("GET", _ROLES, service.list_roles, answer=Roles, limit="read", tag="roles"),
    Route(
        "POST", _ROLES, service.create, body=CreateRole, answer=Role, status=201, limit="write", tag="roles"
    ),
    Route("PATCH", _ROLE, service.edit, body=EditRole, answer=Role, limit="write", tag="roles"),
    Route("DELETE", _ROLE, service.delete, status=204, limit="write", tag="roles"),
)
