"""The bench's engine process with an engine that is slower: `python -m tests.bench.slow_engine LIBRARY`."""

from __future__ import annotations

import ctypes
import sys

import trio
from bench.voice import engine_process

from voicechat.media import engine


def slow_down(library: str) -> None:
    """Put slow_protect.c between the engine and libsrtp."""
    slow = ctypes.CDLL(library)
    given = engine._srtp_function
    slow.slow_protect_by(ctypes.c_size_t(given("srtp_protect")))
    address = ctypes.cast(slow.slow_protect, ctypes.c_void_p).value
    assert address is not None
    engine._srtp_function = lambda name: address if name == "srtp_protect" else given(name)


if __name__ == "__main__":
    slow_down(sys.argv[1])
    trio.run(engine_process.main)
