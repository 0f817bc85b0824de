"""Members: who is in a guild, their nicknames, roles and voice switches; kick, timeout, ban; leaving."""

from voicechat.features.members import expiry, moderation, service
from voicechat.protocol.guilds import Ban, Bans, EditMember, Member, Members, MembersQuery, Timeout
from voicechat.web import Route

_GUILD = "/api/guilds/{guild_id}"
_MEMBER = f"{_GUILD}/members/{{user_id}}"
_ROLE = f"{_MEMBER}/roles/{{role_id}}"
_BAN = f"{_GUILD}/bans/{{user_id}}"

ROUTES = (
    Route(
        "GET",
        f"{_GUILD}/members",
        service.list_members,
        query=MembersQuery,
        answer=Members,
        limit="read",
        tag="members",
    ),
    Route("GET", _MEMBER, service.get, answer=Member, limit="read", tag="members"),
    Route("PATCH", _MEMBER, service.edit, body=EditMember, answer=Member, limit="write", tag="members"),
    Route("DELETE", _MEMBER, moderation.kick, status=204, limit="write", tag="members"),
    Route("POST", _ROLE, service.assign_role, answer=Member, limit="write", tag="members"),
    Route("DELETE", _ROLE, service.take_role, answer=Member, limit="write", tag="members"),
    Route(
        "POST",
        f"{_MEMBER}/timeout",
        moderation.time_out,
        body=Timeout,
        answer=Member,
        limit="write",
        tag="members",
    ),
    Route(
        "DELETE", f"{_MEMBER}/timeout", moderation.lift_timeout, answer=Member, limit="write", tag="members"
    ),
    Route("GET", f"{_GUILD}/bans", moderation.list_bans, answer=Bans, limit="read", tag="members"),
    Route("POST", _BAN, moderation.ban, body=Ban, status=204, limit="write", tag="members"),
    Route("DELETE", _BAN, moderation.unban, status=204, limit="write", tag="members"),
    Route("POST", f"{_GUILD}/leave", service.leave, status=204, limit="write", tag="members"),
)

SERVICES = (expiry.run,)
