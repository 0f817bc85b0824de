"""libsrtp as the engine has it: sessions of one key as bare pointers, and its functions' addresses."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from pylibsrtp import Policy, _binding

from bench.voice.room import SRTP_KEY_BYTES, session


class SrtpPair:
    """One that sends and one that hears it; both live as long as this object."""

    def __init__(self) -> None:
        key = os.urandom(SRTP_KEY_BYTES)
        self._sessions = session(key, Policy.SSRC_ANY_OUTBOUND), session(key, Policy.SSRC_ANY_INBOUND)
        self.tx, self.rx = (ctypes.c_void_p(_address(found._srtp[0])) for found in self._sessions)
        self.protect, self.unprotect = (
            ctypes.c_size_t(_address(_binding.ffi.addressof(_binding.lib, name)))
            for name in ("srtp_protect", "srtp_unprotect")
        )
        self._next = 0

    def next_number(self, count: int) -> int:
        """Take `count` packet numbers, which no session may see twice; return the first."""
        first, self._next = self._next, self._next + count
        return first


def _address(pointer: Any) -> int:
    return int(_binding.ffi.cast("uintptr_t", pointer))
