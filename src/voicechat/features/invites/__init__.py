"""Invites: links into a guild."""

from voicechat.features.invites import service
from voicechat.protocol.guilds import CreateInvite, Invite, InvitePreview, Invites, Joined
from voicechat.web import Route

_INVITES = "/api/guilds/{guild_id}/invites"
_INVITE = "/api/invites/{code}"

ROUTES = (
    Route(
        "POST",
        _INVITES,
        service.create,
        body=CreateInvite,
        answer=Invite,
        status=201,
        limit="write",
        tag="invites",
    ),
    Route("GET", _INVITES, service.list_invites, answer=Invites, limit="read", tag="invites"),
    Route("DELETE", f"{_INVITES}/{{code}}", service.delete, status=204, limit="write", tag="invites"),
    Route("GET", _INVITE, service.preview, answer=InvitePreview, auth="none", limit="public", tag="invites"),
    Route("POST", f"{_INVITE}/join", service.join, answer=Joined, limit="write", tag="invites"),
)
