"""The WebSocket skin: handshake, ready, seq, resume, heartbeat, limits, dispatch. It knows no feature."""

from __future__ import annotations

from voicechat.gateway.gateway import Gateway, open_gateway
from voicechat.gateway.gathering import Gathering
from voicechat.gateway.hooks import (
    Authenticate,
    Change,
    CommandHandler,
    Connection,
    Hooks,
    Lifecycle,
    ReadyPart,
    Scope,
)

__all__ = [
    "Authenticate",
    "Change",
    "CommandHandler",
    "Connection",
    "Gateway",
    "Gathering",
    "Hooks",
    "Lifecycle",
    "ReadyPart",
    "Scope",
    "open_gateway",
]
