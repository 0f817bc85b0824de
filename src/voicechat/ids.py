"""Identifiers: UUIDv7 as text, ordered by time (RFC 9562 §5.7)."""

from __future__ import annotations

import os
import re
import threading
import time

_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class _Clock:
    """Hands out strictly increasing 60-bit stamps: 48 bits of milliseconds, 12 bits of counter.

    Shared by all threads of the process, hence the lock (RFC 9562 §6.2, method 1).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def tick(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1_000_000 << 12)
            return self._last


_clock = _Clock()


def new_id() -> str:
    """Make a new id, greater than every one made before by this process."""
    stamp = _clock.tick()
    milliseconds, counter = stamp >> 12, stamp & 0xFFF
    random = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    value = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Tell whether `text` is a UUID in its canonical lower-case form."""
    return _TEXT.fullmatch(text) is not None
