"""Keep an async context manager open in a thread of its own, for session-scoped (synchronous) fixtures."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

import trio

T = TypeVar("T")


@contextmanager
def in_background(open_resource: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Open the resource in a Trio run of its own and close it with the block; errors of opening come out."""
    results: queue.SimpleQueue[tuple[trio.lowlevel.TrioToken | None, trio.Event, T | BaseException]]
    results = queue.SimpleQueue()

    async def hold() -> None:
        finish = trio.Event()
        async with open_resource() as resource:
            results.put((trio.lowlevel.current_trio_token(), finish, resource))
            await finish.wait()

    def run() -> None:
        try:
            trio.run(hold)
        except Exception as problem:
            results.put((None, trio.Event(), problem))

    thread = threading.Thread(target=run, name=getattr(open_resource, "__name__", "background"))
    thread.start()
    token, finish, resource = results.get()
    if token is None:
        assert isinstance(resource, BaseException)
        raise resource
    try:
        yield resource  # type: ignore[misc]
    finally:
        token.run_sync_soon(finish.set)
        thread.join()
