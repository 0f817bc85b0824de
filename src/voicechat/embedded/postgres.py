"""The embedded PostgreSQL: made under the data folder on first start, reached by a private unix socket.

    <data>/postgres/            mode 700, of the user that runs it
        data/                   the cluster; made as data.new and renamed when it is whole
        postgres.log            warnings and errors
        .s.PGSQL.5432           the socket (under /tmp when this path is too long for one)

Nobody else can enter the folder, which is the authentication: the socket asks for no password and no TCP
port is opened. The server's role owns its database and is no superuser, so SQL never reaches the file
system.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import trio

from voicechat.embedded.account import Account, choose_account
from voicechat.embedded.child import Child, Program, run_to_end
from voicechat.embedded.folder import hold_folder, make_private_folder, server_folder, socket_folder
from voicechat.embedded.orphan import end_orphan
from voicechat.embedded.programs import POSTGRES_MAJOR, postgres_program
from voicechat.embedded.service import open_service
from voicechat.errors import Unavailable

ROLE = DATABASE = "voicechat"
SUPERUSER = "postgres"

_SOCKET = ".s.PGSQL.5432.lock"  # the longer of the two names PostgreSQL makes there
# Fast shutdown (SIGINT) ends sessions and writes a checkpoint; immediate (SIGQUIT) leaves a recovery to the
# next start.
_STOP_SIGNALS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0))

# Durable, and small while idle: a community's server shares its machine with the voice engine.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "superuser_reserved_connections": "3",
    "shared_buffers": "32MB",
    "effective_cache_size": "256MB",
    "maintenance_work_mem": "32MB",
    "huge_pages": "off",
    "io_method": "sync",  # no I/O worker processes
    "jit": "off",
    "random_page_cost": "1.1",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "autovacuum_worker_slots": "2",
    "autovacuum_max_workers": "2",
    "wal_level": "minimal",  # nobody replicates from here
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}

_BOOTSTRAP = f"""\
CREATE ROLE {ROLE} LOGIN CREATEDB;
CREATE DATABASE {DATABASE} OWNER {ROLE} STRATEGY file_copy;
"""


@asynccontextmanager
async def open_postgres(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Run PostgreSQL on `data_dir`/postgres while the block runs; yield its DSN.

    `settings` are added to the server's own. Raises Conflict when another server holds the folder and
    Unavailable with the reason when PostgreSQL cannot run. Close every connection before leaving the block.
    """
    folder = server_folder(data_dir, "postgres")
    with hold_folder(folder.parent, "postgres.lock"):
        account = choose_account(folder, postgres_program("postgres"))
        make_private_folder(folder, account)
        cluster = folder / "data"
        await end_orphan(cluster / "postmaster.pid", cluster, _STOP_SIGNALS)
        if not cluster.exists():
            await _make_cluster(folder, account)
        _require_version(cluster)
        with socket_folder(folder, _SOCKET, account) as sockets:
            (sockets / _SOCKET).unlink(missing_ok=True)  # stale; its number may have been given away since
            server = _server(folder, sockets, account, settings or {})
            async with open_service(server, _wait_ready):
                yield f"postgresql:///{DATABASE}?user={ROLE}&host={quote(str(sockets), safe='')}"


def _program(name: str, folder: Path, account: Account, *arguments: str) -> Program:
    return Program(
        name=name,
        arguments=[str(postgres_program(name)), *arguments],
        account=account,
        folder=folder,
        log=folder / "postgres.log",
        stop_signals=_STOP_SIGNALS,
    )


def _server(folder: Path, sockets: Path, account: Account, settings: Mapping[str, str]) -> Program:
    options = {**_SETTINGS, "unix_socket_directories": str(sockets), **settings}
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return _program("postgres", folder, account, "-D", str(folder / "data"), *flags)


async def _make_cluster(folder: Path, account: Account) -> None:
    """Make the cluster beside its place and move it there when it is whole and on disk."""
    unfinished = folder / "data.new"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    target = ["-D", str(unfinished)]
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    quick = ["--no-instructions", "--sync-method=syncfs"]
    owner = [f"--username={SUPERUSER}", "--auth=trust"]
    await run_to_end(_program("initdb", folder, account, *target, *locale, *quick, *owner))
    single = ["--single", *target, "-c", "log_min_messages=fatal", SUPERUSER]
    await run_to_end(_program("postgres", folder, account, *single), text=_BOOTSTRAP)
    unfinished.rename(folder / "data")


def _require_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != POSTGRES_MAJOR:
        raise Unavailable(
            f"{cluster} was made by PostgreSQL {found}, this VoiceChat brings {POSTGRES_MAJOR}: "
            "restore a backup into a new --data-dir, or convert the folder with pg_upgrade"
        )


async def _wait_ready(server: Child) -> None:
    """Wait until the server has written `ready` into its pid file, as pg_ctl does (PM_STATUS_READY)."""
    pid_file = server.program.folder / "data" / "postmaster.pid"
    while True:
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return
        await trio.sleep(0.01)
