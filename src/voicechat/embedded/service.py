"""Keep an embedded server running: start it, wait until it answers, restart it when it dies, stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from voicechat.embedded.child import STOP_WITHIN_S, Child, Program, spawn, tail
from voicechat.errors import Unavailable
from voicechat.logs import get_logger

log = get_logger("embedded")

WaitAnswering = Callable[[Child], Awaitable[None]]

READY_WITHIN_S = 60.0  # recovery after a crash may have to replay a whole max_wal_size
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0


@asynccontextmanager
async def open_service(program: Program, wait_answering: WaitAnswering) -> AsyncIterator[None]:
    """Run `program` while the block runs; enter once `wait_answering` returns.

    Raises Unavailable with the end of its log when it cannot be started. A cancellation reaches the block
    first and the program only after the block has ended, so its users can still say goodbye to it.
    """
    async with trio.open_nursery() as nursery:
        keeping: trio.CancelScope = await nursery.start(_keep_running, program, wait_answering)
        try:
            yield
        finally:
            keeping.cancel("no longer needed")


async def _keep_running(
    program: Program,
    wait_answering: WaitAnswering,
    *,
    task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED,
) -> None:
    child = await _start(program, wait_answering)
    with trio.CancelScope(shield=True) as keeping:
        try:
            task_status.started(keeping)
            while True:
                status = await child.wait()
                log.error("embedded_server_died", server=program.name, status=status, log=tail(program.log))
                child.close()
                child = await _start_again(program, wait_answering)
        finally:
            with trio.move_on_after(STOP_WITHIN_S, shield=True):
                await child.stop()


async def _start_again(program: Program, wait_answering: WaitAnswering) -> Child:
    pause_s = FIRST_PAUSE_S
    while True:
        await trio.sleep(pause_s)
        try:
            child = await _start(program, wait_answering)
        except Unavailable as problem:
            log.error("embedded_server_not_back", server=program.name, problem=problem.message)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            log.info("embedded_server_back", server=program.name, pid=child.pid)
            return child


async def _start(program: Program, wait_answering: WaitAnswering) -> Child:
    child = spawn(program)
    is_answering = False
    try:
        with trio.move_on_after(READY_WITHIN_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_at_end, child, nursery.cancel_scope)
                await wait_answering(child)
                is_answering = True
                nursery.cancel_scope.cancel("answering")
    finally:
        if not is_answering:
            with trio.move_on_after(STOP_WITHIN_S, shield=True):
                await child.stop()
    if not is_answering:
        raise Unavailable(
            f"the embedded {program.name} did not start; its log ends with:\n{tail(program.log)}"
        )
    return child


async def _cancel_at_end(child: Child, scope: trio.CancelScope) -> None:
    await child.wait()
    scope.cancel("the process ended")
