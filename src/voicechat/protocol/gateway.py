"""The WebSocket's own frames: ready, heartbeat, resume, subscriptions, errors, close codes."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.accounts import Me
from voicechat.protocol.base import Command, Event, Id, Ref
from voicechat.protocol.guilds import GuildSnapshot

SUBPROTOCOL = "voicechat.v1"
TOKEN_PREFIX = "access_token."


class CloseCode(IntEnum):
    """Why the server closed a socket."""

    NORMAL = 1000
    GOING_AWAY = 1001
    NOT_JSON = 1007
    TOO_BIG = 1009
    INTERNAL = 1011
    SERVICE_RESTART = 1012
    BAD_TOKEN = 4001
    SESSION_REVOKED = 4003
    TOO_MANY = 4008
    TOO_SLOW = 4009


class Ping(Command):
    """I am alive; answered by `pong`."""


class Resume(Command):
    """First frame on a new socket: go on with the session from after event `seq`."""

    session_id: Id
    seq: Annotated[int, Meta(ge=0)]


class Subscribe(Command):
    """Send me the messages and typing of a channel. Channels you may see are subscribed to at `ready`."""

    channel_id: Id


class Unsubscribe(Command):
    """Send me no more messages and typing of a channel."""

    channel_id: Id


class Ready(Event):
    """The first frame: who you are, and all that you may see.

    `session_id` is the gateway session, for `resume`. Send `ping` each `heartbeat_interval_s`; a connection
    silent for twice that is closed.
    """

    user_id: Id
    session_id: Id
    heartbeat_interval_s: float
    resume_window_s: float
    server_name: str
    server_version: str
    user: Me
    guilds: list[GuildSnapshot]


class Pong(Event):
    """Answers `ping`."""

    ref: Ref | UnsetType = UNSET


class Resumed(Event):
    """All missed frames were sent before this one."""

    session_id: Id
    replayed: int


class ResumeFailed(Event):
    """The session is unknown or too old; a fresh `ready` follows."""

    reason: str


class Subscribed(Event):
    """Answers `subscribe`."""

    channel_id: Id
    ref: Ref | UnsetType = UNSET


class Unsubscribed(Event):
    """Answers `unsubscribe`."""

    channel_id: Id
    ref: Ref | UnsetType = UNSET


class Error(Event):
    """A command was refused; `in_reply_to` is the command's type."""

    code: str
    message: str
    in_reply_to: str | UnsetType = UNSET
    ref: Ref | UnsetType = UNSET
    details: dict[str, Any] | UnsetType = UNSET
