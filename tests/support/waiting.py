"""Waiting for something outside this process to come true, bounded and told apart from sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY_S = 0.05


def eventually(
    look: Callable[[], T], what: str, *, within_s: float = 10.0, pause: Callable[[float], None] = time.sleep
) -> T:
    """Return the first truthy answer of `look`; AssertionError says `what` was missed after `within_s`."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {within_s} s in vain: {what}; last seen: {found!r}"
        pause(_LOOK_EVERY_S)
    return found
