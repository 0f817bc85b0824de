"""The asyncio thread and `call`, the one crossing a unit of work makes.

A unit runs whole on the asyncio side and is crossed into once: a hop costs about as much as a query. When
Trio cancels the caller, the asyncio task is cancelled and *awaited*, so a connection is back in its pool
before the caller unwinds. What the task did then decides: cancelled → Cancelled; completed all the same →
its result, so that "commit, then tell" is never cut in two.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

import trio

from voicechat.bridge.crossing import Crossing
from voicechat.bridge.outlet import Outlet
from voicechat.errors import Unavailable
from voicechat.logs import get_logger

log = get_logger("bridge")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CLOSE_WITHIN_S = 5.0


class Bridge:
    """The asyncio thread; owned by `open_bridge`, or by whoever calls `start` and `stop` in pairs."""

    def __init__(self) -> None:
        self.loop = _new_loop()
        self._thread = threading.Thread(target=self._run, name="asyncio", daemon=True)

    def start(self) -> None:
        """Start the thread; calls may be made at once."""
        self._thread.start()

    def stop(self) -> None:
        """End every task that is left, then the thread; block for a few seconds at most. Idempotent."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(CLOSE_WITHIN_S + 1)
        if self._thread.is_alive():
            log.error("asyncio_thread_left_behind")

    async def call(self, fn: Callable[[Unpack[Ts]], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Run `fn(*args)` as one asyncio task and return its result, or raise what it raised.

        Raises Unavailable when the bridge is closed. A cancellation waits for the task to end (see above).
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        crossing: Crossing[T] = Crossing(self.loop, lambda: fn(*args))
        try:
            self.loop.call_soon_threadsafe(crossing.start)
        except RuntimeError as closed:
            raise Unavailable("the bridge to asyncio is closed") from closed
        result: T = await trio.lowlevel.wait_task_rescheduled(crossing.abort)
        return result

    def call_soon(self, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """Run the plain function `fn(*args)` in the asyncio thread, in order; do not wait for it."""
        self.loop.call_soon_threadsafe(fn, *args)

    def open_outlet(self, bound: int) -> Outlet[Any]:
        """Make a bounded way for values from the asyncio side to the caller's Trio run."""
        return Outlet(self.loop, trio.lowlevel.current_trio_token(), bound)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(_end_all_tasks())
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's loop where it installs (a fifth less CPU per query), else the standard one.

    Never asyncio.new_event_loop(), which libraries are known to replace for the whole process.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _end_all_tasks() -> None:
    """Cancel what still runs and give it time to clean up."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    _, stubborn = await asyncio.wait(tasks, timeout=CLOSE_WITHIN_S)
    for task in stubborn:
        log.error("asyncio_task_left_behind", task=repr(task))


@asynccontextmanager
async def open_bridge() -> AsyncIterator[Bridge]:
    """Run the asyncio thread while the block runs. Whatever lives on it is closed before the block ends."""
    bridge = Bridge()
    bridge.start()
    try:
        yield bridge
    finally:
        with trio.move_on_after(CLOSE_WITHIN_S + 2, shield=True):
            await trio.to_thread.run_sync(bridge.stop, abandon_on_cancel=True)
