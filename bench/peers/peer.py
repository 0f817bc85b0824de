"""The shape of a driver: how a server is named, installed, started, and how people get into its rooms."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.peers.exchange import Exchange
from bench.peers.legs import Member, Room

#: Third-party programs live here, outside of the checkout.
CACHE = Path.home() / ".cache" / "voicechat-bench"


class Unavailable(Exception):
    """A server cannot be started here; the message says why, for the reader of the result."""


@dataclass(frozen=True)
class About:
    """What a reader must know of a server to judge its figures."""

    version: str
    config: str
    protocol: str = "DTLS-SRTP, AES-128-GCM"
    does_more: str = ""
    remarks: list[str] = field(default_factory=list)


class Running(Protocol):
    """A started server."""

    pid: int

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Connect people: `talkers` who also listen where others talk, `listeners` who only listen."""
        ...

    async def join(self, room: Room) -> Member:
        """Connect one more listener, as somebody who comes late; it must hear the talkers who are there."""
        ...

    async def leave(self, room: Room, member: Member) -> None:
        """Let a late listener go."""
        ...


class Peer(Protocol):
    """A driver: one module of this package, one kind of server."""

    name: str

    def install(self) -> None:
        """Fetch or build the server into CACHE unless it is there. Unavailable, with the reason."""
        ...

    def about(self) -> About:
        """Describe the installed server. Unavailable when it is not there."""
        ...

    def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AbstractAsyncContextManager[Running]:
        """Start the server on `cpu` (None: anywhere); nothing of it is left when the block has ended."""
        ...
