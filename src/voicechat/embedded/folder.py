"""The folders of the embedded servers: made private, locked by one server, with room for a socket's path."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicechat.embedded.account import UNCHANGED, Account
from voicechat.errors import Conflict, Unavailable

LOCK_NAME = "server.lock"
SUN_PATH_BYTES = 107  # unix(7): 108 with the closing zero


@contextmanager
def hold_folder(folder: Path, lock_name: str = LOCK_NAME) -> Iterator[None]:
    """Keep `folder` (made if missing) for this process alone; each `lock_name` is a lock of its own.

    Raises Conflict naming the other process when a living one holds it. The kernel lets go of the lock with
    the process, however that ends.
    """
    descriptor = _opened_lock(folder, lock_name)
    try:
        _lock(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _opened_lock(folder: Path, lock_name: str) -> int:
    try:
        make_folder(folder)
        return os.open(folder / lock_name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise Unavailable(
            f"the data folder {folder} cannot be used ({problem.strerror}: {problem.filename}): "
            "start the server as the user it belongs to, or choose another --data-dir"
        ) from problem


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise Conflict(
            f"the data folder {folder} is in use by another server (process {holder}): "
            "stop that one or choose another --data-dir",
            code="DATA_FOLDER_IN_USE",
        ) from busy


def server_folder(data_dir: Path, name: str) -> Path:
    """Return the folder of the server `name`, without links in its path."""
    return Path(data_dir).resolve() / name


def make_folder(folder: Path) -> None:
    """Make `folder`; as root let others pass through it (not list it), for the user that runs the servers."""
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def make_private_folder(folder: Path, account: Account) -> None:
    """Make `folder` with no way in for anyone but `account` (and root)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    account.own(folder)
    folder.chmod(0o700)


@contextmanager
def socket_folder(folder: Path, socket_name: str, account: Account) -> Iterator[Path]:
    """Say where the socket goes: `folder`, or a private one under /tmp while that path would be too long."""
    if len(os.fsencode(folder / socket_name)) <= SUN_PATH_BYTES:
        yield folder
        return
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path("/tmp") / f"voicechat-{digest}"
    _make_private_among_strangers(short, account)
    try:
        yield short
    finally:
        with suppress(OSError):  # not empty: a server that could not be stopped
            short.rmdir()


def _make_private_among_strangers(folder: Path, account: Account) -> None:
    """Make a private folder where anyone may write: refuse what another user has put there before us."""
    owner = os.geteuid() if account.uid == UNCHANGED else account.uid
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except FileExistsError:
        entry = folder.lstat()
        if folder.is_symlink() or not folder.is_dir() or entry.st_uid != owner:
            raise Unavailable(
                f"{folder}, meant for the sockets of this server, belongs to someone else: remove it, "
                "or choose a --data-dir with a shorter path"
            ) from None
        folder.chmod(0o700)
