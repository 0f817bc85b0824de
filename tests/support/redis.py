"""Redis for tests: our own embedded one, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.background import in_background
from voicechat.embedded import open_redis


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Run a server under `folder`; yield its URL."""
    with in_background(lambda: open_redis(folder)) as url:
        yield url


def empty(url: str) -> None:
    """Forget everything the server holds."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
