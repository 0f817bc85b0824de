"""The crossing to asyncio: results, errors, cancellation from every side, and values coming back."""

from __future__ import annotations

import asyncio
import threading

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from voicechat.bridge import Bridge, open_bridge
from voicechat.errors import Unavailable
from voicechat.logs import bind_request_id, current_request_id


async def test_a_result_comes_back_from_the_other_thread(aio: Bridge) -> None:
    async def thread_and_sum(one: int, two: int) -> tuple[str, int]:
        return threading.current_thread().name, one + two

    assert await aio.call(thread_and_sum, 2, 3) == ("asyncio", 5)


async def test_an_error_comes_back_as_it_was_raised(aio: Bridge) -> None:
    async def fail() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        await aio.call(fail)


async def test_the_callers_context_goes_along(aio: Bridge) -> None:
    async def request_id() -> str | None:
        return current_request_id()

    bind_request_id("request-7")
    assert await aio.call(request_id) == "request-7"


async def test_cancellation_waits_until_the_task_has_cleaned_up(aio: Bridge) -> None:
    steps: list[str] = []
    started = threading.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            steps.append("clean")

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(aio.call, work)
            await trio.to_thread.run_sync(started.wait)
            scope.cancel()
    assert scope.cancelled_caught
    assert steps == ["clean"]


async def test_a_task_that_finished_all_the_same_gives_its_result(aio: Bridge) -> None:
    started = threading.Event()

    async def commit() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "committed"
        return "never"

    told = []
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def caller() -> None:
                told.append(await aio.call(commit))

            nursery.start_soon(caller)
            await trio.to_thread.run_sync(started.wait)
            nursery.cancel_scope.cancel()
    assert told == ["committed"]
    assert not scope.cancelled_caught


async def test_cancelling_at_any_moment_ends_every_call(aio: Bridge) -> None:
    """Cancelled before the first step, between, and after the last: none may hang or be lost."""
    ended = []

    async def steps(count: int) -> int:
        for _ in range(count):
            await asyncio.sleep(0)
        return count

    async def race(number: int) -> None:
        with trio.move_on_after(number % 20 * 0.0001):
            await aio.call(steps, number % 7)
        ended.append(number)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for number in range(300):
                nursery.start_soon(race, number)
    assert len(ended) == 300


async def test_a_call_in_a_cancelled_scope_never_begins(aio: Bridge) -> None:
    begun = []

    async def begin() -> None:
        begun.append(1)

    with trio.CancelScope() as scope:
        scope.cancel()
        await aio.call(begin)
    assert begun == []


async def test_closing_ends_what_still_runs_and_refuses_what_comes_later() -> None:
    problems: list[str] = []

    async with trio.open_nursery() as nursery:
        async with open_bridge() as aio:

            async def caller() -> None:
                with pytest.raises(Unavailable):
                    await aio.call(asyncio.Event().wait)
                problems.append("told")

            nursery.start_soon(caller)
            await wait_all_tasks_blocked()
    assert problems == ["told"]
    with pytest.raises(Unavailable):
        await aio.call(asyncio.sleep, 0)


async def test_values_come_in_order_and_never_more_than_the_bound_wait(aio: Bridge) -> None:
    outlet = aio.open_outlet(3)
    sent: list[int] = []

    async def produce() -> None:
        for number in range(10):
            await outlet.put(number)
            sent.append(number)

    received: list[int] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(aio.call, produce)
        while len(received) < 10:
            await wait_all_tasks_blocked(0.01)
            assert len(sent) <= len(received) + 3
            received += await outlet.take()
    assert received == list(range(10))
