"""The wire contract: every body, answer, command and event, declared once.

From these types come validation, dispatch, OpenAPI, docs/protocol.md and the clients' types. One file for
each feature; `AnyCommand` and `AnyEvent` join what travels over the WebSocket.
"""

from __future__ import annotations

from typing import Union

import msgspec

from voicechat.protocol import (
    accounts,
    channels,
    gateway,
    guilds,
    messages,
    roles,
    video,
    voice,
    voice_routes,
)
from voicechat.protocol.base import Answer, Body, Command, Event, News, Wire, encode, fields
from voicechat.protocol.permissions import ALL_PERMISSIONS, EVERYONE_DEFAULT, TIMED_OUT, Permission

_MODULES = (gateway, accounts, guilds, roles, channels, messages, voice, voice_routes, video)


def _declared(kind: type[Wire]) -> tuple[type[Wire], ...]:
    """List the wire types of `kind` in the order of their declaration."""
    return tuple(
        value
        for module in _MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, kind) and value.__module__ == module.__name__
    )


COMMANDS: tuple[type[Command], ...] = _declared(Command)  # type: ignore[assignment]
EVENTS: tuple[type[Event], ...] = _declared(Event)  # type: ignore[assignment]

LARGE_COMMANDS: frozenset[type[Command]] = frozenset({voice.VoiceAnswer})
"""Those whose frame may have 64 KiB, where others have 16: an SDP names every media section."""

AnyCommand = Union[COMMANDS]  # type: ignore[valid-type]  # noqa: UP007 (built from the table)
AnyEvent = Union[EVENTS]  # type: ignore[valid-type]  # noqa: UP007

_COMMAND_DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(AnyCommand)


def decode_command(frame: bytes | str) -> Command:
    """Decode and check a client's frame.

    Raises msgspec.DecodeError when it is not JSON, msgspec.ValidationError (naming the path) when it is no
    command.
    """
    return _COMMAND_DECODER.decode(frame)


def wire_name(kind: type[Wire]) -> str:
    """Return the `type` that a command or event carries on the wire."""
    return str(kind.__struct_config__.tag)


__all__ = [
    "ALL_PERMISSIONS",
    "COMMANDS",
    "EVENTS",
    "EVERYONE_DEFAULT",
    "LARGE_COMMANDS",
    "TIMED_OUT",
    "Answer",
    "AnyCommand",
    "AnyEvent",
    "Body",
    "Command",
    "Event",
    "News",
    "Permission",
    "Wire",
    "decode_command",
    "encode",
    "fields",
    "wire_name",
]
