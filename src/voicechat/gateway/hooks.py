"""What the feature rooms teach the gateway, which knows none of them.

connect   topics → connected → ready parts
command   commands[type](house, connection, command)
news      topics_in the guild again → changed(gained, lost)
socket    lost → resumed, or ended when nobody came back within the resume window
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from voicechat.house import Caller, House
from voicechat.protocol import Command, Event, News


class Connection(Protocol):
    """One gateway session: it outlives its socket by the resume window."""

    @property
    def caller(self) -> Caller: ...

    @property
    def session_id(self) -> str:
        """The gateway session's id, as in `ready`."""

    @property
    def topics(self) -> frozenset[str]:
        """What it follows now."""

    @property
    def is_attached(self) -> bool:
        """Whether a socket is open; else it waits for a resume."""

    @property
    def is_ended(self) -> bool:
        """Whether it is over for good: nothing reaches it any more, and the `ended` hooks run."""

    def send(self, event: Event) -> None:
        """Queue an event for this connection alone; never blocks."""

    def follow(self, topic: str) -> None:
        """Receive what is published on `topic`."""

    def leave(self, topic: str) -> None:
        """Receive it no more."""


Authenticate = Callable[[House, str], Awaitable[Caller]]
"""Turns an access token into its Caller; raises Unauthenticated."""

CommandHandler = Callable[[House, Connection, Any], Awaitable[None]]
"""Carries out a command; a Problem raised goes back as an `error` event naming the command."""

ReadyPart = Callable[[House, Caller], Awaitable[Mapping[str, Any]]]
"""Gives some fields of `protocol.gateway.Ready` (`user`, `guilds`, …)."""

Lifecycle = Callable[[House, Connection], Awaitable[None]]


class Scope(NamedTuple):
    """Where something changed: in a guild, or in one channel of it."""

    guild_id: str
    channel_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a connection gained and lost, and the news that made it so (None: some may have been missed)."""

    news: News | None
    gained: frozenset[str]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """All that `open_gateway` needs of the rooms.

    `topics` answers which topics a caller may follow now, by the guild they belong to ("" where to none): it
    is asked at connect and whenever news may have been missed. After each AccessChanged, GuildJoined and
    GuildLeft `topics_in` answers for all whom they concern, in that guild or one channel of it. Lost topics
    are left at once, gained ones followed, then every `changed` is called so that rooms tell the client
    (channel_created, guild_deleted…).
    `may_subscribe` raises a Problem when the caller may not see the channel.
    """

    commands: Mapping[type[Command], CommandHandler]
    ready: Sequence[ReadyPart]
    topics: Callable[[House, Caller], Awaitable[Mapping[str, Collection[str]]]]
    topics_in: Callable[[House, Scope, Collection[str]], Awaitable[Mapping[str, Collection[str]]]]
    may_subscribe: Callable[[House, Caller, str], Awaitable[None]]
    changed: Sequence[Callable[[House, Connection, Change], Awaitable[None]]] = ()
    connected: Sequence[Lifecycle] = ()
    lost: Sequence[Lifecycle] = ()
    resumed: Sequence[Lifecycle] = ()
    ended: Sequence[Lifecycle] = ()
