"""What the bench and its engine process say to each other, a JSON object a line."""

from __future__ import annotations

import msgspec


class Keys(msgspec.Struct, frozen=True):
    """A client as the engine must know it; keys in hex."""

    port: int
    ssrc: int
    to_server: str
    from_server: str


class Join(msgspec.Struct, frozen=True, tag="join"):
    """Connect all clients, the first `room_size` in one room, the next in another; answered by Joined."""

    clients: list[Keys]
    room_size: int


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Connect clients of whom the first shows the others a video; answered by Figures."""

    clients: list[Keys]


class Disturb(msgspec.Struct, frozen=True, tag="disturb"):
    """Make Python and chat busy, or quiet again; answered by Figures."""

    is_on: bool
    messages_per_s: int = 5000


class Report(msgspec.Struct, frozen=True, tag="report"):
    """Say the figures; answered by Figures."""


Command = Join | Watch | Disturb | Report


class Joined(msgspec.Struct, frozen=True):
    """The engine runs and everybody is connected."""

    port: int
    media_thread: int
    scheduling: str
    bytes_per_peer: int
    ufrags: list[str]  # of every client, by which its checks name it


class Figures(msgspec.Struct, frozen=True):
    """Counters since the start; the histogram as (smallest nanoseconds, count)."""

    counters: dict[str, int]
    residence: list[tuple[int, int]]
    chat_messages: int
    chat_seconds: float
