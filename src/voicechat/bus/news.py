"""Pub/sub on the asyncio side: one task that publishes in batches, one that stays subscribed.

A payload travels behind the id of the node that sent it, so that nobody hears itself. There is one
subscription, to all topics of this installation: a node asks its own table what concerns it, and no
follower can miss an event between following and subscribing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import redis.asyncio
import redis.exceptions

from voicechat.bridge import Outlet
from voicechat.logs import get_logger

log = get_logger("bus")

QUEUE_BOUND = 10_000
BATCH_BOUND = 500
QUIET_S = 15.0  # silence after which the connection must prove itself with a PONG in as many seconds
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0

AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)

Delivery = tuple[str, bytes | None]
"""Topic and payload; no payload: some may have been missed."""


class Publisher:
    """Publishes in the order of `add`; belongs to the asyncio thread, but `dropped` is read anywhere."""

    def __init__(self, client: redis.asyncio.Redis, channel_prefix: str, node_id: bytes) -> None:
        self._client = client
        self._channel_prefix = channel_prefix
        self._node_id = node_id
        self._queue: deque[tuple[str, bytes]] = deque()
        self._news = asyncio.Event()
        self.dropped = 0

    def add(self, topic: str, payload: bytes) -> None:
        """Queue for publication; drop when the queue is full."""
        if len(self._queue) >= QUEUE_BOUND:
            self.dropped += 1
            return
        self._queue.append((topic, payload))
        self._news.set()

    async def run(self) -> None:
        """Publish what is queued, for ever; what cannot be is dropped and counted: old news help nobody."""
        while True:
            await self._news.wait()
            batch = [self._queue.popleft() for _ in range(min(BATCH_BOUND, len(self._queue)))]
            if not self._queue:
                self._news.clear()
            try:
                await self._publish(batch)
            except (*AWAY, redis.exceptions.RedisError) as problem:
                self.dropped += len(batch)
                log.warning("news_dropped", count=len(batch), problem=repr(problem))

    async def _publish(self, batch: list[tuple[str, bytes]]) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for topic, payload in batch:
                pipeline.publish(self._channel_prefix + topic, self._node_id + payload)
            await pipeline.execute()


class Subscriber:
    """Stays subscribed to every topic, whatever happens to Redis; knows whether it is there.

    `is_subscribed` is written here alone and read anywhere; `outlet` is set by who wants the deliveries.
    """

    def __init__(self, client: redis.asyncio.Redis, channel_prefix: str, node_id: bytes) -> None:
        self._client = client
        self._channel_prefix = channel_prefix.encode()
        self._node_id = node_id
        self._has_been_subscribed = False
        self.is_subscribed = False
        self.outlet: Outlet[Delivery] | None = None

    async def run(self) -> None:
        """Subscribe and hand over, again after each failure, with growing pauses."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._subscribed()
            except (*AWAY, redis.exceptions.RedisError) as problem:
                if self.is_subscribed:
                    pause_s = FIRST_PAUSE_S
                self.is_subscribed = False
                log.warning("redis_away", problem=repr(problem), retry_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _subscribed(self) -> None:
        pubsub = self._client.pubsub()
        try:
            await pubsub.psubscribe(_escaped(self._channel_prefix) + b"*")
            await self._read(pubsub)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _read(self, pubsub: Any) -> None:
        is_proving = False
        while True:
            message = await pubsub.get_message(timeout=QUIET_S)
            if message is not None:
                is_proving = False
                await self._take(message)
            elif is_proving:
                raise redis.exceptions.ConnectionError("no answer to PING")
            else:
                is_proving = True
                await pubsub.ping()

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            self.is_subscribed = True
            if self._has_been_subscribed:
                log.info("redis_back")
                await self._deliver("", None)
            self._has_been_subscribed = True
        elif message["type"] == "pmessage":
            data: bytes = message["data"]
            if not data.startswith(self._node_id):
                topic = message["channel"].removeprefix(self._channel_prefix).decode()
                await self._deliver(topic, data[len(self._node_id) :])

    async def _deliver(self, topic: str, payload: bytes | None) -> None:
        if self.outlet is not None:
            await self.outlet.put((topic, payload))


def _escaped(prefix: bytes) -> bytes:
    """Escape what means something in a pattern (PSUBSCRIBE's glob)."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\^" else bytes([byte]) for byte in prefix)
