"""One TCP connection of the web side, as a bulkhead: whatever a client sends, only its own connection ends.

    run ⊃ reading (cancelled when we close) ⊃ protocol.handle → application tasks
        └ linger: our last words stay readable until the client has closed, or 2 s

Hypercorn 0.18's own TCPServer lets a protocol error of one client end the whole server, and waits for ever in
a send to a client that does not read; neither can happen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import TrioSingleTask, WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr

from voicechat.logs import get_logger
from voicechat.web.http1 import GuardedProtocol, Refused

_log = get_logger("web.connection")

_CHUNK_BYTES = 64 * 1024
_LINGER_S = 2.0
_LINGER_BYTES = 1024 * 1024
"""How much of what a refused client is still sending is read away, so that it gets to read why."""


@dataclass(slots=True)
class Counters:
    """What the web side has seen since the start; written by its connections only."""

    opened: int = 0
    refused_full: int = 0  # over a cap
    refused_malformed: int = 0  # broke HTTP or the WebSocket handshake
    failed: int = 0  # an error nobody foresaw
    too_slow: int = 0  # did not read for `send_timeout_s`


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What every connection shares."""

    app: AppWrapper
    config: Config
    context: WorkerContext
    counters: Counters
    send_timeout_s: float


class GuardedConnection:
    """Speaks HTTP/1.1 over one accepted stream."""

    def __init__(self, server: Server, stream: trio.SocketStream) -> None:
        self._server = server
        self._stream = stream
        self._reading = trio.CancelScope()
        self._send_lock = trio.Lock()
        self._idle = TrioSingleTask()
        self._tasks = TaskGroup()
        self._protocol: GuardedProtocol

    async def run(self) -> None:
        """Serve the connection until one side closes it; raises nothing but Cancelled."""
        try:
            await self._bulkhead()
            await self._linger()
        finally:
            with trio.CancelScope(shield=True):  # closing by force does not wait
                await trio.aclose_forcefully(self._stream)

    async def _bulkhead(self) -> None:
        try:
            await self._serve()
        except* Refused as refusals:
            self._server.counters.refused_malformed += 1
            _log.debug("request_refused", reason=str(_first(refusals)))
        except* OSError:
            pass  # gone while we asked for its address
        except* Exception:
            self._server.counters.failed += 1
            _log.exception("connection_failed")

    async def _serve(self) -> None:
        socket = self._stream.socket
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        async with self._tasks:
            self._protocol = GuardedProtocol(
                self._server.app,
                self._server.config,
                self._server.context,
                self._tasks,
                ConnectionState({}),
                False,
                client,
                server,
                self._send,
            )
            await self._protocol.initiate()
            await self._idle.restart(self._tasks, self._close_when_idle)
            with self._reading:
                await self._read()
            await self._idle.stop()
            await self._protocol.handle(Closed())

    async def _read(self) -> None:
        while True:
            try:
                data = await self._stream.receive_some(_CHUNK_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return
            await self._protocol.handle(RawData(bytes(data)))
            if not data:
                return

    async def _send(self, event: Event) -> None:
        """Do what the protocol asks: send, close, or watch for idleness."""
        if isinstance(event, RawData):
            if not await self._send_data(event.data):
                self._reading.cancel("the client cannot be written to")
        elif isinstance(event, Closed):
            self._reading.cancel("closed by the protocol")
        elif isinstance(event, Updated) and event.idle:
            # Shielded: the sender is a request that is done, which may be cancelled already.
            with trio.CancelScope(shield=True):
                await self._idle.restart(self._tasks, self._close_when_idle)
        elif isinstance(event, Updated):
            await self._idle.stop()

    async def _send_data(self, data: bytes) -> bool:
        """Send whole, even when the sender is cancelled midway (half a frame would spoil the stream).

        False when the client is gone, or took none for `send_timeout_s`.
        """
        async with self._send_lock:
            with trio.move_on_after(self._server.send_timeout_s, shield=True) as patience:
                try:
                    await self._stream.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return False
            if patience.cancelled_caught:
                self._server.counters.too_slow += 1
                _log.info("client_too_slow", waiting_bytes=len(data))
                await trio.aclose_forcefully(self._stream)
                return False
        return True

    async def _close_when_idle(self) -> None:
        """Close when no whole request head came in time, or at shutdown while none is under way."""
        with trio.move_on_after(self._server.config.keep_alive_timeout):
            await self._server.context.terminated.wait()
        self._reading.cancel("idle")

    async def _linger(self) -> None:
        """Let the client read our last words: end our side and read its rest away."""
        with trio.move_on_after(_LINGER_S):
            try:
                await self._stream.send_eof()
                rest = _LINGER_BYTES
                while rest > 0 and (data := await self._stream.receive_some(_CHUNK_BYTES)):
                    rest -= len(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
                pass


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
