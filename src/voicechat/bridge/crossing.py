"""One call on its way to asyncio and back; each method names the thread it runs in."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import outcome
import trio

from voicechat.errors import Unavailable

T = TypeVar("T")


class Crossing(Generic[T]):
    """The state of one call; made by the Trio task that then waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fn: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._loop = loop
        self._fn = fn
        self._context = contextvars.copy_context()  # log lines of the unit carry the caller's request id
        self._waiter = trio.lowlevel.current_task()
        self._token = trio.lowlevel.current_trio_token()
        self._task: asyncio.Task[T] | None = None
        self._raise_cancel: Callable[[], Any] | None = None

    def start(self) -> None:
        """Begin the task (asyncio thread).

        Its end is reported by a callback, not by code wrapped around `fn`: a task that is cancelled before
        its first step never runs any.
        """
        self._task = self._loop.create_task(self._fn(), context=self._context)
        self._task.add_done_callback(self._report)

    def abort(self, raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
        """Ask asyncio to cancel and go on waiting (Trio thread); `start` has been queued before this."""
        self._raise_cancel = raise_cancel
        self._loop.call_soon_threadsafe(self._cancel)
        return trio.lowlevel.Abort.FAILED

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _report(self, task: asyncio.Task[T]) -> None:
        """Carry the result home (asyncio thread)."""
        self._token.run_sync_soon(self._deliver, task)

    def _deliver(self, task: asyncio.Task[T]) -> None:
        """Wake the waiter with what came of it (Trio thread)."""
        trio.lowlevel.reschedule(self._waiter, self._outcome(task))

    def _outcome(self, task: asyncio.Task[T]) -> outcome.Outcome[T]:
        if not task.cancelled():
            return outcome.capture(task.result)
        if self._raise_cancel is not None:
            return outcome.capture(self._raise_cancel)  # type: ignore[no-any-return]
        return outcome.Error(Unavailable("the bridge to asyncio was closed while a call was under way"))
