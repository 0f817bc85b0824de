"""From a client's frame to the command's handler, and from a refusal to the `error` event that names it."""

from __future__ import annotations

from typing import Any

import msgspec
import trio
from msgspec import UNSET, UnsetType

from voicechat.errors import Invalid, Problem, Unavailable
from voicechat.gateway.connection import GatewayConnection
from voicechat.gateway.keeper import Desk
from voicechat.logs import get_logger
from voicechat.protocol import COMMANDS, LARGE_COMMANDS, Command, decode_command, wire_name
from voicechat.protocol.decoding import holds_nul
from voicechat.protocol.gateway import (
    Error,
    Ping,
    Pong,
    Resume,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)

_log = get_logger("gateway")

_PATIENCE_S = 15.0
_KNOWN = frozenset(map(wire_name, COMMANDS))
_LARGE = frozenset(map(wire_name, LARGE_COMMANDS))


class NotJson(Exception):
    """The frame is no JSON at all: the socket is closed with 1007."""


def decode(frame: bytes) -> Command | Error:
    """Read a frame; what is JSON but no command becomes the `error` to answer with. Raises NotJson."""
    try:
        if holds_nul(frame):
            raise Invalid("expected text without NUL characters, got \\u0000")
        return decode_command(frame)
    except (msgspec.ValidationError, Invalid) as problem:
        return _refusal_of(frame, str(problem))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise NotJson from problem


def _refusal_of(frame: bytes, problem: str) -> Error:
    """Answer a frame that is no command, naming its type and `ref` where they can be read."""
    try:
        value: Any = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as garbage:
        raise NotJson from garbage
    fields = value if isinstance(value, dict) else {}
    name, ref = fields.get("type"), fields.get("ref")
    in_reply_to: str | UnsetType = name[:64] if isinstance(name, str) else UNSET
    if isinstance(name, str) and name not in _KNOWN:
        code, message = "UNKNOWN_COMMAND", f"expected a known command type, got {name[:64]!r}"
    else:
        code, message = "INVALID", problem
    readable: str | UnsetType = ref if isinstance(ref, str) and 1 <= len(ref) <= 64 else UNSET
    return Error(code=code, message=message, in_reply_to=in_reply_to, ref=readable)


def is_large(command: Command | Error) -> bool:
    """Tell whether this is of a kind whose frame may be larger than others, or was meant to be."""
    name = command.in_reply_to if isinstance(command, Error) else wire_name(type(command))
    return name in _LARGE


async def dispatch(desk: Desk, connection: GatewayConnection, command: Command) -> None:
    """Carry out one command; a refusal, or a bug of ours, becomes an `error` event (a bulkhead)."""
    try:
        with trio.move_on_after(_PATIENCE_S) as patience:
            await _run(desk, connection, command)
        if patience.cancelled_caught:
            raise Unavailable(f"this took more than {_PATIENCE_S:g} s")
    except Problem as problem:
        connection.send(error_of(command, problem))
    except Exception:
        _log.exception("command_failed", command=wire_name(type(command)), session=connection.session_id)
        bug = Problem("the server failed at this; its log knows why", code="INTERNAL")
        connection.send(error_of(command, bug))


def error_of(command: Command, problem: Problem) -> Error:
    """Turn a refusal into its event."""
    details = UNSET if problem.details is None else dict(problem.details)
    return Error(
        code=problem.code,
        message=problem.message,
        in_reply_to=wire_name(type(command)),
        ref=command.ref,
        details=details,
    )


async def _run(desk: Desk, connection: GatewayConnection, command: Command) -> None:
    if isinstance(command, Ping):
        connection.send(Pong(ref=command.ref))
    elif isinstance(command, Resume):
        raise Invalid("expected resume as the first frame on a socket only")
    elif isinstance(command, Subscribe):
        await desk.hooks.may_subscribe(desk.house, connection.caller, command.channel_id)
        connection.subscribe(f"channel:{command.channel_id}")
        connection.send(Subscribed(channel_id=command.channel_id, ref=command.ref))
    elif isinstance(command, Unsubscribe):
        connection.unsubscribe(f"channel:{command.channel_id}")
        connection.send(Unsubscribed(channel_id=command.channel_id, ref=command.ref))
    else:
        await desk.hooks.commands[type(command)](desk.house, connection, command)
