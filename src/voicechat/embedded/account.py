"""Which operating system user runs the embedded servers, and what it needs to reach their folders.

PostgreSQL refuses to run as root. Started by root we run both servers as an unprivileged user; started by
anyone else, as that user. Where a folder on the way is closed to that user (a checkout under /root, mode
700), the children keep one capability that lets them pass: reading and searching if we have it, else the
broader one that containers are given (capabilities(7)). Nothing on the machine has its mode changed for
this.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from voicechat.errors import Unavailable

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
UNCHANGED = -1

_NAMES = ("voicechat", "nobody")


@dataclass(frozen=True)
class Account:
    """The user a child runs as; `UNCHANGED` where it is simply ours."""

    uid: int = UNCHANGED
    gid: int = UNCHANGED
    capability: int = UNCHANGED

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.uid != UNCHANGED:
            os.chown(path, self.uid, self.gid)


def choose_account(folder: Path, *programs: Path) -> Account:
    """Choose who runs `programs` on `folder`; raise Unavailable where no user can.

    A folder that already belongs to a user is run by that user.
    """
    if os.geteuid() != 0:
        _require_ours(folder)
        return Account()
    uid, gid = _owner(folder) or _unprivileged()
    closed = [path for path in (folder, *programs) if not _is_reachable(path, uid, gid)]
    return Account(uid, gid, _capability_for(closed[0], uid) if closed else UNCHANGED)


def _require_ours(folder: Path) -> None:
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise Unavailable(
            f"{folder} belongs to the user {_name(folder.stat().st_uid)}, this server runs as "
            f"{_name(os.geteuid())}: start it as root again, choose another --data-dir, or chown the folder"
        )


def _owner(folder: Path) -> tuple[int, int] | None:
    if not folder.exists() or folder.stat().st_uid == 0:
        return None
    return folder.stat().st_uid, folder.stat().st_gid


def _unprivileged() -> tuple[int, int]:
    for name in _NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise Unavailable(f"run as root, the embedded PostgreSQL needs one of the users {', '.join(_NAMES)}")


def _is_reachable(path: Path, uid: int, gid: int) -> bool:
    return all(_may_enter(parent.stat(), uid, gid) for parent in path.resolve().parents if parent.exists())


def _may_enter(entry: os.stat_result, uid: int, gid: int) -> bool:
    if entry.st_uid == uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _capability_for(path: Path, uid: int) -> int:
    held = _held_capabilities()
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            return capability
    raise Unavailable(
        f"the user {_name(uid)}, who runs the embedded servers when VoiceChat runs as root, cannot reach "
        f"{path}: run VoiceChat as a plain user, or choose a --data-dir and a checkout that others may enter"
    )


def _held_capabilities() -> int:
    """Return the capabilities this process may hand on, as bits."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
