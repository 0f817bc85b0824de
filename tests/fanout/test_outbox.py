"""The queue of one connection: order, bounds, filter, and a reader that comes and goes."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from voicechat.fanout import Outbox, Overflowed
from voicechat.fanout.codec import encode
from voicechat.protocol.gateway import Pong

EVENT = Pong()


def outbox(*, max_events: int = 10, max_bytes: int = 10_000) -> Outbox:
    return Outbox(max_events=max_events, max_bytes=max_bytes)


async def test_a_batch_is_all_that_is_queued_in_order() -> None:
    box = outbox()
    for number in range(3):
        box.put(b"%d" % number, EVENT)
    assert await box.batch() == [b"0", b"1", b"2"]
    assert box.statistics().queued_events == box.statistics().queued_bytes == 0


async def test_a_waiting_reader_is_woken(nursery: trio.Nursery) -> None:
    box = outbox()
    received: list[bytes] = []

    async def read() -> None:
        received.extend(await box.batch())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    box.put(b"late", EVENT)
    await wait_all_tasks_blocked()
    assert received == [b"late"]


async def test_too_many_events_overflow_it_and_wake_the_reader() -> None:
    box = outbox(max_events=3)

    async def fill() -> None:
        await wait_all_tasks_blocked()
        for _ in range(4):
            box.put(b"x", EVENT)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fill)
        with pytest.raises(Overflowed):
            await box.batch()

    box.put(b"more", EVENT)
    assert (box.statistics().queued_events, box.statistics().has_overflowed) == (0, True)


async def test_too_many_bytes_overflow_it() -> None:
    box = outbox(max_bytes=100)
    box.put(b"x" * 100, EVENT)
    assert not box.has_overflowed
    box.put(b"x", EVENT)
    assert box.has_overflowed


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    box = outbox()
    with trio.move_on_after(0):
        await box.batch()
    box.put(b"kept", EVENT)
    with trio.move_on_after(0):
        await box.batch()
    assert await box.batch() == [b"kept"]


async def test_the_owner_may_refuse_events() -> None:
    box = Outbox(max_events=10, max_bytes=1000, accepts=lambda event: not isinstance(event, Pong))
    box.put(encode(EVENT), EVENT)
    assert (box.statistics().queued_events, box.statistics().refused_events) == (0, 1)
