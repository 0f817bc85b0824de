"""The WebSocket skin: handshake, ready, seq, resume, heartbeat, limits, dispatch. It knows no feature."""

from __future__ import annotations

from voicechat.gateway.hooks import Change, CommandHandler, Connection, Hooks, Lifecycle, ReadyPart

__all__ = ["Change", "CommandHandler", "Connection", "Hooks", "Lifecycle", "ReadyPart"]
