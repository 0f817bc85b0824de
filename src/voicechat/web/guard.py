"""The front gate: listens, accepts within bounds, serves each connection apart, and drains at shutdown.

Hypercorn's protocols do the HTTP; its Trio worker is not used (`web.connection` says why). The bounds, and
what happens at each:

    connections in all, and by address        the newest is closed at once
    15 s for a request's head                 closed (slow loris, and keep-alive)
    20 s for a body                           408
    16 KiB for a head                         431
    20 s without taking what we send          dropped
    20 s without acknowledging it             dropped by the kernel (TCP_USER_TIMEOUT)
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import wrap_app

from voicechat.errors import Unavailable
from voicechat.logs import get_logger
from voicechat.settings import Settings
from voicechat.web.connection import Counters, GuardedConnection, Server
from voicechat.web.network import Network, is_loopback, open_network, rate_group

_log = get_logger("web.guard")

_HEAD_TIMEOUT_S = 15
_HEAD_BYTES = 16 * 1024
_SEND_TIMEOUT_S = 20.0
_USER_TIMEOUT_MS = 20_000
_BACKLOG = 1024
_LOOPBACK_FACTOR = 20
"""Behind a local proxy that is not configured as trusted, loopback stands for everybody at once."""

Address = tuple[str, int]


async def serve(
    app: Any,
    settings: Settings,
    *,
    shutdown: trio.Event,
    drain: Callable[[], Awaitable[None]] | None = None,
    counters: Counters | None = None,
    task_status: trio.TaskStatus[Sequence[Address]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the ASGI application `app` until `shutdown` is set, then drain.

    Reports the addresses it listens on (port 0 becomes the real one). Draining stops accepting, awaits
    `drain` (which closes the WebSockets), lets requests under way finish and cancels what is left after
    `settings.server.shutdown_grace_s`. Raises Unavailable when it cannot listen.
    """
    config = _configure(settings)
    context = WorkerContext(None)
    server = Server(
        app=wrap_app(app, 0, "asgi"),
        config=config,
        context=context,
        counters=counters or Counters(),
        send_timeout_s=_SEND_TIMEOUT_S,
    )
    gate = _Gate(settings, server)
    listeners = await _listen(settings.server.host, settings.server.port)
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            accepting.start_soon(
                partial(trio.serve_listeners, gate.admit, listeners, handler_nursery=connections)
            )
            task_status.started([listener.socket.getsockname()[:2] for listener in listeners])
            await shutdown.wait()
            accepting.cancel_scope.cancel("shutdown")
        grace_s = settings.server.shutdown_grace_s
        connections.cancel_scope.deadline = trio.current_time() + grace_s
        await context.terminated.set()
        if drain is not None:
            with trio.move_on_after(grace_s):
                await drain()


class _Gate:
    """Counts who is in, and lets in who may be; the sole owner of these counts."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._server = server
        self._network: Network = open_network(settings.server)
        sockets = settings.limits.connections_total
        self._most = sockets + max(64, sockets // 4)  # room for plain requests when all sockets are taken
        self._most_by_address = settings.limits.connections_per_address
        self._inside: Counter[str] = Counter()

    async def admit(self, stream: trio.SocketStream) -> None:
        """Serve one accepted stream; raises nothing but Cancelled."""
        address = _peer(stream)
        if address is None or self._is_full(address):
            self._server.counters.refused_full += 1
            await trio.aclose_forcefully(stream)
            return
        group = rate_group(address)
        self._inside[group] += 1
        self._server.counters.opened += 1
        try:
            await GuardedConnection(self._server, stream).run()
        finally:
            self._inside[group] -= 1
            if not self._inside[group]:
                del self._inside[group]

    def _is_full(self, address: str) -> bool:
        """Tell whether `address` has its share already; a trusted proxy's share is everything."""
        if self._inside.total() >= self._most:
            return True
        factor = _LOOPBACK_FACTOR if is_loopback(address) else 1
        is_over = self._inside[rate_group(address)] >= self._most_by_address * factor
        return is_over and not self._network.is_trusted(address)


def _peer(stream: trio.SocketStream) -> str | None:
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return None  # gone already


def _configure(settings: Settings) -> Config:
    config = Config()
    config.keep_alive_timeout = _HEAD_TIMEOUT_S
    config.h11_max_incomplete_size = _HEAD_BYTES
    config.websocket_max_message_size = max(settings.limits.frame_bytes, settings.limits.answer_bytes)
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("voicechat.web.hypercorn")
    return config


async def _listen(host: str, port: int) -> list[trio.SocketListener]:
    """Open a listener for each address that `host` stands for (`*`: all), on one port; raises Unavailable."""
    try:
        listeners = await trio.open_tcp_listeners(port, host=None if host == "*" else host, backlog=_BACKLOG)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise Unavailable(f"cannot listen on {host} port {port}: {reason}", code="CANNOT_LISTEN") from problem
    for listener in listeners:
        options = listener.socket.setsockopt
        options(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            options(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
    return listeners
