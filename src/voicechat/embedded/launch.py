"""Become a child that dies with its parent and runs as the right user, then exec the program.

Run by path with `python -I -S` between fork and exec of an embedded server, so it imports the standard
library alone. What it does cannot be done by subprocess: the parent-death signal and the ambient capability
must be set after the change of user, which clears both (prctl(2), capabilities(7)).

    launch.py PARENT_PID DEATH_SIGNAL UID GID CAPABILITY PROGRAM [ARGUMENT...]      (-1: leave as it is)
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 4
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(status: int, what: str) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), what)


def _prctl(option: int, argument: int, second: int = 0) -> None:
    words = [ctypes.c_ulong(word) for word in (argument, second, 0, 0)]
    _checked(_libc.prctl(option, *words), f"prctl({option})")


def _hold_only(capability: int) -> None:
    """Hold exactly `capability`, in a way that survives the exec of a plain program."""
    bits = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(*[bits & 0xFFFFFFFF] * 3, *[bits >> 32] * 3)
    _checked(_libc.capset(header, sets), "capset")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def become(uid: int, gid: int, capability: int) -> None:
    """Change to the user for good; keep `capability` (-1: none) and nothing else of root's."""
    if capability >= 0:
        # Else access(2), which PostgreSQL asks about its programs, leaves capabilities out (capabilities(7)).
        # Where we may not set it, a closed data folder works all the same; closed programs do not.
        _libc.prctl(PR_SET_SECUREBITS, ctypes.c_ulong(SECBIT_NO_SETUID_FIXUP), *[ctypes.c_ulong(0)] * 3)
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability >= 0:
        _hold_only(capability)


def main(arguments: list[str]) -> None:
    """Change user, tie this process to its parent, and become the program."""
    parent, death_signal, uid, gid, capability = (int(word) for word in arguments[:5])
    os.umask(0o077)
    if uid >= 0:
        become(uid, gid, capability)
    _prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("the server went away before its child had started")
    os.execv(arguments[5], arguments[5:])


if __name__ == "__main__":
    main(sys.argv[1:])
