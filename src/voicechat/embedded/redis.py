"""The embedded Redis: a private unix socket, bounded memory, nothing on disk.

    <data>/redis/               mode 700, of the user that runs it
        redis.sock  redis.pid  redis.log

Redis holds what may be forgotten (presence, leases, counters, call streams); the truth is in PostgreSQL. So
it writes no snapshots, and when its memory is full the entries nearest to their expiry go first.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import trio

from voicechat.embedded.account import Account, choose_account
from voicechat.embedded.child import Program
from voicechat.embedded.folder import hold_folder, make_private_folder, server_folder, socket_folder
from voicechat.embedded.orphan import end_orphan
from voicechat.embedded.programs import redis_program
from voicechat.embedded.service import open_service

_SOCKET = "redis.sock"
_STOP_SIGNALS = ((signal.SIGTERM, 3.0),)

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "databases": "1",
    "save": "",
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "volatile-ttl",
    "loglevel": "warning",
}


@asynccontextmanager
async def open_redis(data_dir: Path) -> AsyncIterator[str]:
    """Run Redis on `data_dir`/redis while the block runs; yield its URL.

    Raises Conflict when another server holds the folder and Unavailable with the reason when Redis cannot
    run.
    """
    folder = server_folder(data_dir, "redis")
    with hold_folder(folder.parent, "redis.lock"):
        account = choose_account(folder, redis_program())
        make_private_folder(folder, account)
        pid_file = folder / "redis.pid"
        await end_orphan(pid_file, folder, _STOP_SIGNALS)
        with socket_folder(folder, _SOCKET, account) as sockets:
            socket = sockets / _SOCKET
            server = _server(folder, socket, pid_file, account)
            async with open_service(server, lambda _: _wait_answering(socket)):
                yield f"unix://{quote(str(socket))}"


def _server(folder: Path, socket: Path, pid_file: Path, account: Account) -> Program:
    paths = {"dir": str(folder), "pidfile": str(pid_file), "unixsocket": str(socket)}
    options = [word for name, value in {**_SETTINGS, **paths}.items() for word in (f"--{name}", value)]
    return Program(
        name="redis-server",
        arguments=[str(redis_program()), *options],
        account=account,
        folder=folder,
        log=folder / "redis.log",
        stop_signals=_STOP_SIGNALS,
    )


async def _wait_answering(socket: Path) -> None:
    while True:
        try:
            async with await trio.open_unix_socket(socket) as stream:
                await stream.send_all(b"PING\r\n")
                if (await stream.receive_some(64)).startswith(b"+PONG"):
                    return
        except OSError:
            pass  # not listening yet
        await trio.sleep(0.01)
