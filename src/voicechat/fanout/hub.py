"""The hub: topic → outboxes of the connections that follow it, and the way to and from the other nodes.

    publish ─┬─ encode once ─┬─ outbox of each local follower
             │               └─ relay ──────────────────────── deliver on each other node ─┬─ outboxes there
             └─ listeners of this node                                                     └─ listeners there

All of it is synchronous, so that nothing comes between a commit and its publication, and so that the order
of a topic's events is the order of their publication for every follower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from voicechat.fanout.codec import decode, encode
from voicechat.fanout.outbox import Outbox
from voicechat.logs import get_logger
from voicechat.protocol import Event, News

log = get_logger("fanout")

Listener = Callable[[str, Event | News], None]
"""Called with the topic and what was published on it; must not block. What it raises is logged."""


class Relay(Protocol):
    """The way to the other nodes; `bus.Bus` is one."""

    def publish_nowait(self, topic: str, payload: bytes) -> None: ...


class Hub:
    """Who follows what on this node; sole owner of that table. Without a relay there are no other nodes."""

    def __init__(self, relay: Relay | None = None) -> None:
        self._relay = relay
        self._followers: dict[str, set[Outbox]] = {}
        self._topics: dict[Outbox, set[str]] = {}
        self._listeners: list[tuple[str, Listener]] = []
        self._gap_listeners: list[Callable[[], None]] = []

    def follow(self, topic: str, outbox: Outbox) -> None:
        """Put the topic's events into `outbox` from now on; once, however often it is asked."""
        self._followers.setdefault(topic, set()).add(outbox)
        self._topics.setdefault(outbox, set()).add(topic)

    def leave(self, topic: str, outbox: Outbox) -> None:
        """Put no more of the topic's events into `outbox`; no error when it did not follow."""
        self._topics.get(outbox, set()).discard(topic)
        followers = self._followers.get(topic, set())
        followers.discard(outbox)
        if not followers:
            self._followers.pop(topic, None)

    def drop(self, outbox: Outbox) -> None:
        """Forget `outbox` on every topic."""
        for topic in self._topics.get(outbox, set()).copy():
            self.leave(topic, outbox)
        self._topics.pop(outbox, None)

    def topics_of(self, outbox: Outbox) -> frozenset[str]:
        """Return what `outbox` follows."""
        return frozenset(self._topics.get(outbox, ()))

    def follower_count(self, topic: str) -> int:
        """Count the local followers of `topic`."""
        return len(self._followers.get(topic, ()))

    def listen(self, topic_prefix: str, listener: Listener) -> None:
        """Let a room of this server hear everything published on topics that begin with `topic_prefix`."""
        self._listeners.append((topic_prefix, listener))

    def listen_gaps(self, listener: Callable[[], None]) -> None:
        """Call `listener` when word from other nodes may have been missed: ask anew what depends on it."""
        self._gap_listeners.append(listener)

    def publish(self, topic: str, event: Event | News) -> None:
        """Give `event` to everyone who follows or hears `topic`, here and on the other nodes."""
        encoded = encode(event)
        if self._relay is not None:  # first, as a listener may publish in turn
            self._relay.publish_nowait(topic, encoded)
        self._spread(topic, encoded, event)

    def deliver(self, topic: str, payload: bytes) -> None:
        """Take in what another node published."""
        if topic not in self._followers and not any(
            topic.startswith(prefix) for prefix, _ in self._listeners
        ):
            return
        try:
            event = decode(payload)
        except msgspec.MsgspecError as problem:  # a node of another version
            log.warning("foreign_event_not_understood", topic=topic, problem=str(problem))
            return
        self._spread(topic, payload, event)

    def report_gap(self) -> None:
        """Tell those who asked that news from other nodes may have been missed."""
        for listener in self._gap_listeners:
            _guarded(listener)

    def _spread(self, topic: str, encoded: bytes, event: Event | News) -> None:
        if isinstance(event, Event):  # news are the server's own affair
            for outbox in self._followers.get(topic, ()):
                outbox.put(encoded, event)
        for prefix, listener in self._listeners:
            if topic.startswith(prefix):
                _guarded(listener, topic, event)


def _guarded(listener: Callable[..., None], *args: object) -> None:
    """The bulkhead between rooms: a listener's bug is its own."""
    try:
        listener(*args)
    except Exception:
        log.exception("listener_failed", listener=repr(listener))
