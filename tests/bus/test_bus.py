"""The bus against a real Redis: values, news between nodes, and Redis going away."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio
import trio

from tests.support.background import in_background
from tests.support.process import wait_ended
from voicechat.bridge import Bridge
from voicechat.bus import Bus, open_bus
from voicechat.embedded import open_redis
from voicechat.errors import Invalid, Unavailable
from voicechat.fanout import Hub, Outbox
from voicechat.protocol.gateway import Error


class Inbox:
    """What a node has heard from the others."""

    def __init__(self) -> None:
        self.news: list[tuple[str, bytes]] = []
        self.gaps = 0
        self._changed = trio.Event()

    def deliver(self, topic: str, payload: bytes) -> None:
        self.news.append((topic, payload))
        self._changed.set()

    def lost(self) -> None:
        self.gaps += 1
        self._changed.set()

    async def wait_news(self, count: int) -> None:
        while len(self.news) < count:
            await self._wait_change()

    async def wait_gap(self) -> None:
        while not self.gaps:
            await self._wait_change()

    async def _wait_change(self) -> None:
        self._changed = trio.Event()
        await self._changed.wait()


async def until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await trio.sleep(0.005)


@asynccontextmanager
async def node(aio: Bridge, url: str, *, prefix: str = "test") -> AsyncIterator[tuple[Bus, Inbox]]:
    inbox = Inbox()
    async with open_bus(aio, url, prefix=prefix) as bus, trio.open_nursery() as nursery:
        await nursery.start(bus.receive, inbox.deliver, inbox.lost)
        yield bus, inbox
        nursery.cancel_scope.cancel()


async def test_values_are_kept_for_their_time_and_taken_once(bus: Bus) -> None:
    assert await bus.get("key") is None
    await bus.set("key", "ü", ttl_s=60)
    assert await bus.get("key") == "ü".encode()
    assert not await bus.add("key", "other")
    assert await bus.getdel("key") == "ü".encode()
    assert await bus.getdel("key") is None
    assert await bus.add("key", b"\x00", ttl_s=60)
    assert await bus.delete("key")
    assert not await bus.delete("key")


async def test_a_value_is_gone_after_its_time(bus: Bus) -> None:
    await bus.set("brief", "x", ttl_s=0.001)
    with trio.fail_after(5):
        while True:
            if await bus.get("brief") is None:
                break
            await trio.sleep(0.001)


async def test_news_reach_the_other_nodes_in_order_and_not_oneself(aio: Bridge, redis_url: str) -> None:
    async with node(aio, redis_url) as (one, own), node(aio, redis_url) as (_, other):
        async with node(aio, redis_url, prefix="another-installation") as (_, stranger):
            for number in range(2000):
                one.publish_nowait(f"channel:{number % 3}", b"%d" % number)
            with trio.fail_after(10):
                await other.wait_news(2000)
    assert other.news == [(f"channel:{number % 3}", b"%d" % number) for number in range(2000)]
    assert own.news == stranger.news == []


async def test_an_event_crosses_from_hub_to_hub(aio: Bridge, redis_url: str) -> None:
    async with open_bus(aio, redis_url) as here, open_bus(aio, redis_url) as there:
        near, far = Hub(here), Hub(there)
        box = Outbox(max_events=10, max_bytes=1000)
        far.follow("user:1", box)
        async with trio.open_nursery() as nursery:
            await nursery.start(there.receive, far.deliver, far.report_gap)
            near.publish("user:1", Error(code="HELLO", message="from the other node"))
            with trio.fail_after(5):
                [encoded] = await box.batch()
            assert encoded.startswith(b'{"type":"error","')
            nursery.cancel_scope.cancel()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test's own, which is started again whenever it ends."""
    with in_background(lambda: open_redis(tmp_path)) as url:
        yield url


def redis_pid(tmp_path: Path) -> int:
    return int((tmp_path / "redis" / "redis.pid").read_text())


async def kill_redis(tmp_path: Path) -> None:
    pid = redis_pid(tmp_path)
    os.kill(pid, signal.SIGKILL)
    await wait_ended(pid)


async def test_after_a_restart_of_redis_news_flow_again_and_the_gap_is_told(
    aio: Bridge, own_redis: str, tmp_path: Path
) -> None:
    with trio.fail_after(20):
        async with node(aio, own_redis) as (one, _), node(aio, own_redis) as (_, other):
            one.publish_nowait("before", b"1")
            await other.wait_news(1)
            await kill_redis(tmp_path)
            await other.wait_gap()
            await until(lambda: one.is_healthy)
            one.publish_nowait("after", b"2")
            await other.wait_news(2)
    assert other.news == [("before", b"1"), ("after", b"2")]
    assert other.gaps == 1


async def test_while_redis_is_away_limits_still_hold_and_the_rest_is_unavailable(
    aio: Bridge, tmp_path: Path
) -> None:
    with trio.fail_after(20):
        async with open_redis(tmp_path) as url:
            bus_context = open_bus(aio, url)
            bus = await bus_context.__aenter__()
        try:
            grants = [await bus.take("login", capacity=3, per_s=0.001) for _ in range(4)]
            assert [grant.allowed for grant in grants] == [True, True, True, False]
            with pytest.raises(Unavailable):
                await bus.get("key")
            await until(lambda: not bus.is_healthy)
            bus.publish_nowait("topic", b"lost")
            await until(lambda: bus.dropped == 1)
        finally:
            await bus_context.__aexit__(None, None, None)


async def test_while_redis_refuses_to_write_limits_still_hold_and_the_rest_is_unavailable(
    aio: Bridge, tmp_path: Path
) -> None:
    with trio.fail_after(20):
        async with open_redis(tmp_path) as url, open_bus(aio, url) as bus:
            await aio.call(_fill, url)
            grants = [await bus.take("login", capacity=3, per_s=0.001) for _ in range(4)]
            assert [grant.allowed for grant in grants] == [True, True, True, False]
            with pytest.raises(Unavailable):
                await bus.set("key", b"value")


@pytest.mark.parametrize("url", ["http://:hunter2@127.0.0.1/0", "redis://:hunter2@127.0.0.1:port/0"])
async def test_an_address_that_is_none_is_named_without_its_password(aio: Bridge, url: str) -> None:
    with pytest.raises(Invalid, match="REDIS_URL") as refusal:
        async with open_bus(aio, url):
            pass
    assert "hunter2" not in str(refusal.value)


async def _fill(url: str) -> None:
    """Let Redis be as one whose memory is full of what it may not forget."""
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.config_set("maxmemory", 1)
