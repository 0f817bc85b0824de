"""Galene: named here because it was to be measured, and could not be had."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench.peers.exchange import Exchange
from bench.peers.peer import About, Running, Unavailable

_REASON = (
    "the Go module proxy answered 403 Forbidden (this module version is not available) for "
    "github.com/jech/galene, and Debian 12 has no package of it; so no driver could be written and tried"
)


class GalenePeer:
    """A driver that only says why there is none."""

    name = "galene"

    def install(self) -> None:
        """Say why not."""
        raise Unavailable(_REASON)

    def about(self) -> About:
        """Say why not."""
        raise Unavailable(_REASON)

    def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AbstractAsyncContextManager[Running]:
        """Say why not."""
        raise Unavailable(_REASON)
