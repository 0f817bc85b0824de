"""Guilds: found and keep them, and what of them each connection sees."""

from voicechat.features.guilds import service
from voicechat.features.guilds.visibility import (
    changed,
    connected,
    ended,
    may_subscribe,
    ready_guilds,
    snapshots,
    topics,
    topics_in,
)
from voicechat.protocol.guilds import CreateGuild, EditGuild, Guild, Guilds, TransferGuild
from voicechat.web import Route

_GUILD = "/api/guilds/{guild_id}"

ROUTES = (
    Route(
        "POST",
        "/api/guilds",
        service.create,
        body=CreateGuild,
        answer=Guild,
        status=201,
        limit="write",
        tag="guilds",
    ),
    Route("GET", "/api/guilds", service.list_own, answer=Guilds, limit="read", tag="guilds"),
    Route("GET", _GUILD, service.get, answer=Guild, limit="read", tag="guilds"),
    Route("PATCH", _GUILD, service.edit, body=EditGuild, answer=Guild, limit="write", tag="guilds"),
    Route("DELETE", _GUILD, service.delete, status=204, limit="write", tag="guilds"),
    Route(
        "POST",
        f"{_GUILD}/transfer",
        service.transfer,
        body=TransferGuild,
        answer=Guild,
        limit="write",
        tag="guilds",
    ),
)
READY = (ready_guilds,)
CONNECTED = (connected,)
CHANGED = (changed,)
ENDED = (ended,)

__all__ = [
    "CHANGED",
    "CONNECTED",
    "ENDED",
    "READY",
    "ROUTES",
    "may_subscribe",
    "snapshots",
    "topics",
    "topics_in",
]
