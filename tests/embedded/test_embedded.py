"""PostgreSQL and Redis under the data folder: first start, next start, every kind of end and of user."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.process import wait_ended, working_in
from voicechat.bridge import Bridge
from voicechat.bus import open_bus
from voicechat.embedded import hold_folder, launch, open_postgres, open_redis, postgres_program
from voicechat.embedded.account import CAP_DAC_READ_SEARCH, UNCHANGED
from voicechat.errors import Conflict, Unavailable
from voicechat.storage import Connection, open_database

ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes users, which root alone may")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through (pytest keeps its own closed)."""
    with tempfile.TemporaryDirectory(prefix="voicechat-test-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


async def execute(conn: Connection, query: str) -> str:
    return await conn.execute(query)


async def fetch_value(conn: Connection, query: str) -> Any:
    return await conn.fetchval(query)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def query(aio: Bridge, dsn: str, sql: str) -> Any:
    async with open_database(aio, dsn, 2) as database:
        return await database.run(fetch_value, sql)


@asynccontextmanager
async def server_process(
    data_dir: Path, *, uid: int = UNCHANGED
) -> AsyncIterator[tuple[trio.Process, list[str]]]:
    """Run tests.embedded.server as a process (as another user, if asked); yield it and what it said."""
    words = (
        os.getpid(),
        int(signal.SIGKILL),
        uid,
        uid,
        UNCHANGED if uid == UNCHANGED else CAP_DAC_READ_SEARCH,
    )
    # The user needs no capability in life; here, to reach the interpreter and the checkout.
    launcher = [sys.executable, "-I", "-S", launch.__file__, *map(str, words)]
    process = await trio.lowlevel.open_process(
        [*launcher, sys.executable, "-m", "tests.embedded.server", str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with trio.fail_after(30):
            line = b""
            while not line.endswith(b"\n") and (more := await process.stdout.receive_some()):
                line += more
        yield process, line.decode().split()
        await process.stdin.aclose()
        with trio.fail_after(20):
            await process.wait()
    finally:
        process.kill()
        with trio.move_on_after(10, shield=True):
            await process.wait()
            await process.stdout.aclose()


async def test_what_was_written_is_there_at_the_next_start(aio: Bridge, tmp_path: Path) -> None:
    async with open_postgres(tmp_path) as dsn, open_database(aio, dsn, 2) as database:
        await database.run(execute, "CREATE TABLE kept AS SELECT 42 AS value")
    async with open_postgres(tmp_path) as dsn:
        assert await query(aio, dsn, "SELECT value FROM kept") == 42
    assert working_in(tmp_path) == []


async def test_it_is_durable_and_its_role_is_no_superuser(aio: Bridge, data_dir: Path) -> None:
    async with open_postgres(data_dir) as dsn:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await query(aio, dsn, f"SHOW {setting}") == "on"
        assert await query(aio, dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert await query(aio, dsn, "SHOW listen_addresses") == ""


async def test_nobody_else_can_reach_the_sockets(tmp_path: Path) -> None:
    async with open_postgres(tmp_path), open_redis(tmp_path):
        for name in ("postgres", "redis"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


async def test_a_second_server_on_the_folder_is_refused(tmp_path: Path) -> None:
    async with open_redis(tmp_path):
        async with server_process(tmp_path) as (_, said):
            assert said[0] == "refused"
            assert str(os.getpid()) in " ".join(said)
    with (
        hold_folder(tmp_path),
        pytest.raises(Conflict, match="in use by another server"),
        hold_folder(tmp_path),
    ):
        pass
    with hold_folder(tmp_path):
        pass


async def test_a_killed_server_leaves_nothing_and_the_next_starts(aio: Bridge, data_dir: Path) -> None:
    async with server_process(data_dir) as (process, said):
        assert said[0] == "ready"
        children = working_in(data_dir)
        assert len(children) > 2
        async with open_database(aio, said[2], 2) as database:
            await database.run(execute, "CREATE TABLE kept AS SELECT 42 AS value")
        process.kill()
        await process.wait()
        with trio.fail_after(15):
            async with open_postgres(data_dir) as dsn, open_redis(data_dir):
                assert await query(aio, dsn, "SELECT value FROM kept") == 42
            for child in children:
                await wait_ended(child)
    assert working_in(data_dir) == []


async def test_what_a_killed_server_left_running_is_ended_first(aio: Bridge, open_folder: Path) -> None:
    """As where the signal at the server's death has not arrived, or not yet done its work."""
    async with open_postgres(open_folder):
        pass
    orphan = await start_orphan(open_folder / "postgres")
    with trio.fail_after(20):
        async with open_postgres(open_folder) as dsn:
            assert orphan.poll() is not None
            assert await query(aio, dsn, "SELECT 1") == 1


def as_owner_of(folder: Path) -> list[str]:
    """Return the words that go before a command to run it as the folder's owner, for good."""
    if os.geteuid() != 0:
        return []
    owner = folder.stat()
    words = (os.getpid(), 0, owner.st_uid, owner.st_gid, CAP_DAC_READ_SEARCH)
    return [sys.executable, "-I", "-S", launch.__file__, *map(str, words)]


async def start_orphan(folder: Path) -> subprocess.Popen[bytes]:
    """Start PostgreSQL by hand and wait until it is up."""
    options = ["-c", f"unix_socket_directories={folder}", "-c", "listen_addresses="]

    def spawn() -> subprocess.Popen[bytes]:
        command = [str(postgres_program("postgres")), "-D", str(folder / "data"), *options]
        return subprocess.Popen([*as_owner_of(folder), *command], stderr=subprocess.DEVNULL)

    process = await trio.to_thread.run_sync(spawn)
    with trio.fail_after(10):
        while not is_ready(folder / "data" / "postmaster.pid"):
            assert process.poll() is None
            await trio.sleep(0.01)
    return process


def is_ready(pid_file: Path) -> bool:
    return pid_file.exists() and "ready" in pid_file.read_text()


async def test_a_stale_pid_file_naming_someone_else_harms_nobody(aio: Bridge, data_dir: Path) -> None:
    async with open_postgres(data_dir):
        pass
    write(data_dir / "postgres" / "data" / "postmaster.pid", f"{os.getpid()}\n/elsewhere\n")
    async with open_postgres(data_dir) as dsn:
        assert await query(aio, dsn, "SELECT 1") == 1


async def test_servers_that_die_are_started_again(aio: Bridge, data_dir: Path) -> None:
    with trio.fail_after(30):
        async with open_postgres(data_dir) as dsn, open_redis(data_dir) as url:
            async with open_database(aio, dsn, 2) as database, open_bus(aio, url) as bus:
                await database.run(execute, "CREATE TABLE kept AS SELECT 42 AS value")
                for pid_file in ("postgres/data/postmaster.pid", "redis/redis.pid"):
                    pid = int((data_dir / pid_file).read_text().split()[0])
                    os.kill(pid, signal.SIGKILL)
                    await wait_ended(pid)
                await until_available(partial(database.run, fetch_value, "SELECT value FROM kept"))
                await until_available(bus.ping)


async def until_available(attempt: Any) -> None:
    while True:
        try:
            await attempt()
            return
        except Unavailable:
            await trio.sleep(0.02)


async def test_an_unfinished_first_start_is_begun_again(aio: Bridge, tmp_path: Path) -> None:
    write(tmp_path / "postgres" / "data.new" / "PG_VERSION", "18\n")
    async with open_postgres(tmp_path) as dsn:
        assert await query(aio, dsn, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_gets_one_elsewhere(aio: Bridge, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    async with open_postgres(deep) as dsn, open_redis(deep) as url, open_bus(aio, url) as bus:
        assert await query(aio, dsn, "SELECT 1") == 1
        await bus.ping()


async def test_a_start_that_fails_says_why(data_dir: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(Unavailable, match="unrecognized configuration parameter")):
        async with open_postgres(data_dir, settings={"no_such_setting": "1"}):
            pass
    assert working_in(data_dir) == []


async def test_another_major_version_is_refused(data_dir: Path) -> None:
    async with open_postgres(data_dir):
        pass
    write(data_dir / "postgres" / "data" / "PG_VERSION", "17\n")
    with pytest.raises(Unavailable, match="made by PostgreSQL 17"):
        async with open_postgres(data_dir):
            pass


async def test_its_users_can_say_goodbye_when_all_is_cancelled(aio: Bridge, data_dir: Path) -> None:
    goodbyes = []
    with trio.CancelScope() as scope:
        async with open_postgres(data_dir) as dsn, open_database(aio, dsn, 2) as database:
            try:
                scope.cancel()
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(5, shield=True):
                    goodbyes.append(await database.run(fetch_value, "SELECT 1"))
    assert goodbyes == [1]


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """As under /root: the servers' user cannot even enter."""
    tmp_path.chmod(0o700)
    return tmp_path


@needs_root
async def test_as_root_the_servers_run_as_an_unprivileged_user(closed_folder: Path) -> None:
    async with open_postgres(closed_folder), open_redis(closed_folder):
        owners = {os.stat(f"/proc/{pid}").st_uid for pid in working_in(closed_folder)}
    assert owners
    assert 0 not in owners


@needs_root
def test_programs_in_a_closed_folder_are_executable_to_that_user(closed_folder: Path) -> None:
    program = closed_folder / "program"
    write(program, "")
    program.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    words = [os.getpid(), int(signal.SIGKILL), nobody.pw_uid, nobody.pw_gid, CAP_DAC_READ_SEARCH]
    question = "import os, sys; print(os.access(sys.argv[1], os.X_OK))"
    answer = subprocess.run(
        [sys.executable, launch.__file__, *map(str, words), sys.executable, "-c", question, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "True\n"


@needs_root
async def test_a_plain_user_after_root_and_root_after_a_plain_user(aio: Bridge, open_folder: Path) -> None:
    plain, plain_dir, root_dir = pwd.getpwnam("daemon").pw_uid, open_folder / "plain", open_folder / "root"
    plain_dir.mkdir()
    os.chown(plain_dir, plain, plain)

    async with open_postgres(root_dir), open_redis(root_dir):
        pass
    async with server_process(plain_dir, uid=plain) as (_, said):
        assert said[0] == "ready"
        assert (plain_dir / "postgres").stat().st_uid == plain
    async with server_process(root_dir, uid=plain) as (_, said):
        assert said[0] == "refused"
    async with open_postgres(plain_dir) as dsn:  # root runs it as the user it belongs to
        assert await query(aio, dsn, "SELECT 1") == 1
        assert (plain_dir / "postgres").stat().st_uid == plain
