"""The bus as the rest of the house sees it, on the Trio side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
import redis.exceptions
import trio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from voicechat.bridge import Bridge
from voicechat.bus.buckets import TOKEN_BUCKET, Grant, LocalBuckets
from voicechat.bus.news import AWAY, Publisher, Subscriber
from voicechat.errors import Invalid, Unavailable
from voicechat.ids import new_id
from voicechat.logs import get_logger

log = get_logger("bus")

ANSWER_WITHIN_S = 2.0
APPEAR_WITHIN_S = 30.0
CLOSE_WITHIN_S = 3.0
MAX_CONNECTIONS = 16
INBOX_BOUND = 5_000


class Bus:
    """The connections to Redis; made and closed by `open_bus`."""

    def __init__(self, aio: Bridge, url: str, *, node_id: str, prefix: str) -> None:
        """Prepare everything without connecting; runs in the asyncio thread."""
        self._aio = aio
        self._prefix = f"{prefix}:"
        self._client = _client(url)
        self._script = self._client.register_script(TOKEN_BUCKET)
        self._local = LocalBuckets()
        channels = f"{prefix}:news:"
        self._publisher = Publisher(self._client, channels, node_id.encode())
        self._subscriber = Subscriber(self._client, channels, node_id.encode())
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_healthy(self) -> bool:
        """Whether Redis is there, as far as the subscription has noticed."""
        return self._subscriber.is_subscribed

    @property
    def dropped(self) -> int:
        """How many publications were dropped since the start."""
        return self._publisher.dropped

    def publish_nowait(self, topic: str, payload: bytes) -> None:
        """Send `payload` to the other nodes, in order; while Redis is away it is dropped and counted."""
        self._aio.call_soon(self._publisher.add, topic, payload)

    async def receive(
        self,
        deliver: Callable[[str, bytes], None],
        lost: Callable[[], None],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Call `deliver(topic, payload)` for what other nodes publish from now on, in order; run by one task.

        `lost()` is called after every interruption: what was published meanwhile is missing.
        """
        outlet = self._aio.open_outlet(INBOX_BOUND)
        self._subscriber.outlet = outlet
        task_status.started()
        try:
            while True:
                for topic, payload in await outlet.take():
                    if payload is None:
                        lost()
                    else:
                        deliver(topic, payload)
        finally:
            self._subscriber.outlet = None

    async def take(self, bucket: str, *, capacity: int, per_s: float, cost: float = 1) -> Grant:
        """Take `cost` tokens from `bucket`, which holds `capacity` and refills by `per_s`.

        All nodes share the bucket; while Redis is away each counts by itself, so that no limit vanishes.
        """
        if self.is_healthy:
            try:
                grant: Grant = await self._ask(self._take, bucket, capacity, per_s, cost)
                return grant
            except Unavailable:
                log.warning("limit_counted_locally", bucket=bucket)
        return self._local.take(bucket, capacity=capacity, per_s=per_s, cost=cost, now_s=trio.current_time())

    async def get(self, key: str) -> bytes | None:
        """Return the value of `key`, None when it is not there. Raises Unavailable like all below."""
        value: bytes | None = await self._ask(self._client.get, self._prefix + key)
        return value

    async def set(self, key: str, value: bytes | str, *, ttl_s: float | None = None) -> None:
        """Set `key`, for `ttl_s` seconds or for as long as Redis lives."""
        await self._ask(self._set, key, value, ttl_s, False)

    async def add(self, key: str, value: bytes | str, *, ttl_s: float | None = None) -> bool:
        """Set `key` if it is not there; tell whether it was set."""
        return bool(await self._ask(self._set, key, value, ttl_s, True))

    async def getdel(self, key: str) -> bytes | None:
        """Return the value of `key` and remove it, in one step: exactly one caller gets it."""
        value: bytes | None = await self._ask(self._client.getdel, self._prefix + key)
        return value

    async def delete(self, key: str) -> bool:
        """Remove `key`; tell whether it was there."""
        return bool(await self._ask(self._client.delete, self._prefix + key))

    async def ping(self) -> None:
        """Return when Redis answers; raises Unavailable when it does not."""
        await self._ask(self._client.ping)

    async def _ask(self, command: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        async def asked() -> Any:
            return await command(*args)

        try:
            return await self._aio.call(asked)
        except AWAY as problem:
            raise Unavailable("Redis is away; try again shortly") from problem
        except redis.exceptions.ResponseError as problem:  # out of memory, a replica now, no rights…
            log.error("redis_refused", problem=str(problem))
            raise Unavailable("Redis refuses; try again shortly") from problem

    async def _take(self, bucket: str, capacity: int, per_s: float, cost: float) -> Grant:
        answer = await self._script(keys=[f"{self._prefix}bucket:{bucket}"], args=[capacity, per_s, cost])
        allowed, remaining, wait_s = answer
        return Grant(bool(allowed), float(remaining), float(wait_s))

    async def _set(self, key: str, value: bytes | str, ttl_s: float | None, only_new: bool) -> bool:
        ttl_ms = None if ttl_s is None else max(1, round(ttl_s * 1000))
        return bool(await self._client.set(self._prefix + key, value, px=ttl_ms, nx=only_new))

    async def start(self) -> None:
        """Begin publishing and subscribing (asyncio side)."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._publisher.run()), loop.create_task(self._subscriber.run())]

    async def close(self) -> None:
        """End both and close the connections (asyncio side)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()


def _client(url: str) -> redis.asyncio.Redis:
    """Make a client that fails soon: one more try, for connections that Redis has dropped meanwhile.

    Raises Invalid for a URL that is none.
    """
    try:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=ANSWER_WITHIN_S,
            socket_timeout=ANSWER_WITHIN_S,
            socket_connect_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 1),
            protocol=2,
        )
    except ValueError:  # its text may hold a part of the password
        raise Invalid(
            "REDIS_URL: expected redis://, rediss:// or unix:// and a number where a port is given"
        ) from None
    return redis.asyncio.Redis.from_pool(pool)


@asynccontextmanager
async def open_bus(
    aio: Bridge, url: str, *, node_id: str | None = None, prefix: str = "voicechat"
) -> AsyncIterator[Bus]:
    """Connect to Redis while the block runs; enter once it answers.

    `prefix` sets installations apart that share a Redis. Raises Unavailable when there is no answer for half
    a minute; later absences are survived (see `Bus`).
    """

    async def make() -> Bus:
        bus = Bus(aio, url, node_id=node_id or new_id(), prefix=prefix)
        await bus.start()
        return bus

    bus = await aio.call(make)
    try:
        with trio.move_on_after(APPEAR_WITHIN_S) as waiting:
            await _wait_subscribed(bus)
        if waiting.cancelled_caught:
            raise Unavailable(f"Redis did not answer within {APPEAR_WITHIN_S:.0f} s")
        yield bus
    finally:
        with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
            await aio.call(bus.close)


async def _wait_subscribed(bus: Bus) -> None:
    while True:
        if bus.is_healthy:
            return
        await trio.sleep(0.005)
