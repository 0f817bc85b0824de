"""A gateway session as the rooms see it: it has a socket now, or waits for one within the resume window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping
from enum import Enum, auto

import trio

from voicechat.fanout import Hub, Outbox
from voicechat.gateway.hooks import Scope
from voicechat.gateway.session import Replay
from voicechat.house import Caller
from voicechat.ids import new_id
from voicechat.protocol import Event, News, encode
from voicechat.protocol.accounts import SessionRevoked
from voicechat.protocol.gateway import CloseCode
from voicechat.settings import GatewaySettings


class Occasion(Enum):
    """What happens to a session besides news."""

    LOST = auto()  # its socket is gone
    RESUMED = auto()  # another socket took it up
    REFRESH = auto()  # news may have been missed


class Socket:
    """One WebSocket's end, as whoever wants it closed sees it; `code` is set once, by the first to ask."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.code: int | None = None
        self.reason = ""
        self.last_event: Event | None = None

    def close(self, code: int, reason: str, *, last_event: Event | None = None) -> None:
        """Have the socket's task close it with `code`, after one last event."""
        if self.code is None:
            self.code, self.reason, self.last_event = code, reason, last_event
            self.scope.cancel(reason)


class GatewayConnection:
    """One gateway session, `gateway.Connection` to the rooms.

    Its socket's task owns the socket; its keeper (`gateway.keeper`) owns what happens to it: news to act on,
    the loss and return of sockets, its end. `introduced` is set once the rooms know it, or never will.
    """

    def __init__(self, hub: Hub, settings: GatewaySettings, caller: Caller) -> None:
        self.caller = caller
        self.session_id = new_id()
        self.outbox = Outbox(max_events=settings.outbox_events, max_bytes=settings.outbox_bytes)
        self.replay = Replay(max_events=settings.replay_events, max_bytes=settings.outbox_bytes)
        self.socket: Socket | None = None
        self.opened = trio.Event()
        self.introduced = trio.Event()
        self.is_ended = False
        self.end_code: int = CloseCode.NORMAL
        self.expires_at_s = math.inf
        self.visible: frozenset[str] = frozenset()
        self._by_guild: dict[str, frozenset[str]] = {}
        self.unsubscribed: set[str] = set()
        self.occasions: deque[News | Occasion] = deque()
        self.stirred = trio.Event()
        self._hub = hub
        self._resume_window_s = settings.resume_window_s

    @property
    def topics(self) -> frozenset[str]:
        """What it follows now."""
        return self._hub.topics_of(self.outbox)

    @property
    def is_attached(self) -> bool:
        """Whether a socket is open; else it waits for a resume."""
        return self.socket is not None

    @property
    def is_opened(self) -> bool:
        """Whether `ready` was made, so that news can be told as changes to it."""
        return self.opened.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether it is without a socket and may be resumed."""
        return self.is_opened and self.socket is None and not self.is_ended

    def send(self, event: Event) -> None:
        """Queue an event for this connection alone; dropped once the session has ended."""
        if not self.is_ended:
            self.outbox.put(encode(event), event)

    def follow(self, topic: str) -> None:
        """Receive what is published on `topic`."""
        if not self.is_ended:
            self._hub.follow(topic, self.outbox)

    def leave(self, topic: str) -> None:
        """Receive it no more."""
        self._hub.leave(topic, self.outbox)

    def see(self, topics: Mapping[str, Collection[str]]) -> tuple[frozenset[str], frozenset[str]]:
        """Follow exactly those of the caller's `topics` not unsubscribed from; return gained and lost ones.

        They come by guild. Topics that rooms had it follow by themselves are left alone.
        """
        self._by_guild = {guild_id: frozenset(those) for guild_id, those in topics.items()}
        now = frozenset().union(*self._by_guild.values())
        return self._show(now - self.visible, self.visible - now)

    def see_in(self, scope: Scope, topics: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Do so for one guild, or for one channel of it: what else the caller sees is as it was."""
        before = self._by_guild.get(scope.guild_id, frozenset())
        now = frozenset(topics)
        if scope.channel_id is not None:
            now |= before - {f"channel:{scope.channel_id}"}
        self._by_guild[scope.guild_id] = now
        return self._show(now - self.visible, before - now)

    def _show(self, gained: frozenset[str], lost: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        self.visible = (self.visible | gained) - lost
        self.unsubscribed &= self.visible
        for topic in lost:
            self.leave(topic)
        for topic in gained - self.unsubscribed:
            self.follow(topic)
        return gained, lost

    def subscribe(self, topic: str) -> None:
        """Follow a topic that the caller may see, until it is no longer visible."""
        self.unsubscribed.discard(topic)
        self.follow(topic)
        if topic not in self.visible:  # just gained; or just lost, after the caller was found to see it
            self.visible |= {topic}
            self.add_occasion(Occasion.REFRESH)

    def unsubscribe(self, topic: str) -> None:
        """Leave a topic until it is subscribed to again."""
        if topic in self.visible:
            self.unsubscribed.add(topic)
        self.leave(topic)

    def attach(self, socket: Socket) -> None:
        """Give it `socket`; one that it still had is closed, as is `socket` when the session has ended."""
        if self.is_ended:
            socket.close(self.end_code, "the session has ended")
            return
        if self.socket is not None:
            self.socket.close(CloseCode.GOING_AWAY, "the session goes on on another socket")
        self.socket = socket
        self.expires_at_s = math.inf

    def detach(self, socket: Socket, *, now_s: float) -> None:
        """Note that `socket` is gone; unless another took its place, the resume window begins."""
        if self.socket is socket:
            self.socket = None
            self.expires_at_s = now_s + self._resume_window_s
            self.add_occasion(Occasion.LOST)

    def resume(self, caller: Caller) -> None:
        """Note that the caller came back; what they are called may have changed meanwhile."""
        self.caller = caller
        if self.socket is None:
            self.add_occasion(Occasion.RESUMED)

    def end(self, code: int, reason: str, *, last_event: Event | None = None) -> None:
        """End the session for good: its socket closes, nothing reaches it any more, its keeper finishes."""
        if self.is_ended:
            return
        self.is_ended = True
        self.end_code = code
        self._hub.drop(self.outbox)
        if self.socket is not None:
            self.socket.close(code, reason, last_event=last_event)
        self.opened.set()
        self.stirred.set()

    def revoke(self, reason: str) -> None:
        """End the session because its login has ended: the client is told, its socket closed with 4003."""
        event = SessionRevoked(session_id=self.caller.session_id, reason=reason)
        self.end(CloseCode.SESSION_REVOKED, reason, last_event=event)

    def add_occasion(self, occasion: News | Occasion) -> None:
        """Give the keeper something to act on; the same news again while they wait add nothing."""
        is_lifecycle = occasion in (Occasion.LOST, Occasion.RESUMED)
        if is_lifecycle or occasion not in self.occasions:
            self.occasions.append(occasion)
        self.stirred.set()

    async def next_occasion(self) -> News | Occasion | None:
        """Wait for the next one; None when the session has ended or the resume window is over."""
        while not self.is_ended:
            if self.occasions:
                return self.occasions.popleft()
            if trio.current_time() >= self.expires_at_s:
                return None
            self.stirred = trio.Event()
            with trio.move_on_at(self.expires_at_s):
                await self.stirred.wait()
        return None

    async def collect(self) -> list[bytes]:
        """Number all that is queued and return it as frames; raises Overflowed.

        Does not wait, so nothing comes between the queue and the memory for a resume.
        """
        frames: list[bytes] = []
        while self.outbox.statistics().queued_events or self.outbox.has_overflowed:
            frames += [self.replay.number(payload) for payload in await self.outbox.batch()]
        return frames
