"""The queue of one connection: bounded by events and bytes; a reader too slow for it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from voicechat.protocol import Event


class Overflowed(Exception):
    """The reader was too slow and its events are gone: close it (4009) and let it come back afresh."""


@dataclass(frozen=True)
class OutboxStatistics:
    """What an outbox has seen; `peak_events` is the longest queue so far."""

    queued_events: int
    queued_bytes: int
    peak_events: int
    put_events: int
    refused_events: int
    has_overflowed: bool


class Outbox:
    """Encoded events on their way to one connection; read by one task, filled by anyone, never waiting.

    The bytes are shared by all outboxes an event goes to; they begin with `{"type":`. `accepts` is the
    connection's own say in what it gets (pure and quick: it is called inside `Hub.publish`).
    """

    def __init__(
        self, *, max_events: int, max_bytes: int, accepts: Callable[[Event], bool] | None = None
    ) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._accepts = accepts
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._peak_events = 0
        self._put_events = 0
        self._refused_events = 0
        self._news = trio.Event()
        self.has_overflowed = False

    def put(self, encoded: bytes, event: Event) -> None:
        """Queue `event`, unless it is not wanted here; over a bound, drop all and let the reader know."""
        if self.has_overflowed or (self._accepts is not None and not self._accepts(event)):
            self._refused_events += 1
            return
        self._queue.append(encoded)
        self._queued_bytes += len(encoded)
        self._put_events += 1
        if len(self._queue) > self._max_events or self._queued_bytes > self._max_bytes:
            self._overflow()
        self._peak_events = max(self._peak_events, len(self._queue))
        self._news.set()

    async def batch(self) -> list[bytes]:
        """Wait for events and take all that are queued, in order; nothing is lost when cancelled.

        Raises Overflowed once a bound was passed.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._queue:
            if self.has_overflowed:
                raise Overflowed
            self._news = trio.Event()
            await self._news.wait()
        batch, self._queue = self._queue, []
        self._queued_bytes = 0
        return batch

    def statistics(self) -> OutboxStatistics:
        """Count what is queued and what has passed."""
        return OutboxStatistics(
            queued_events=len(self._queue),
            queued_bytes=self._queued_bytes,
            peak_events=self._peak_events,
            put_events=self._put_events,
            refused_events=self._refused_events,
            has_overflowed=self.has_overflowed,
        )

    def _overflow(self) -> None:
        self.has_overflowed = True
        self._queue.clear()
        self._queued_bytes = 0
