"""The subprotocols a WebSocket handshake offers, one of which is the access token; which one to select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicechat.protocol.gateway import SUBPROTOCOL, TOKEN_PREFIX


@dataclass(frozen=True, slots=True)
class Offer:
    """The token that was offered (if any), and the subprotocol to select.

    `voicechat.v1` is selected where it is offered. A client that offers the token alone gets that one back,
    since browsers refuse any other answer. The repr keeps the token to itself.
    """

    token: str | None
    selected: str | None

    def __repr__(self) -> str:
        return f"Offer(token={'***' if self.token else None})"


def read_offer(subprotocols: Sequence[str]) -> Offer:
    """Read the offered subprotocols; the first token counts."""
    tokens = [name for name in subprotocols if name.startswith(TOKEN_PREFIX)]
    token = tokens[0].removeprefix(TOKEN_PREFIX) if tokens else None
    if SUBPROTOCOL in subprotocols:
        return Offer(token or None, SUBPROTOCOL)
    return Offer(token or None, tokens[0] if tokens else None)
