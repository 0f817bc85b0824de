"""A server reduced to its embedded pair, run as a process of its own: prints a line when both are up.

python -m tests.embedded.server DATA_DIR
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import trio

from voicechat.embedded import open_postgres, open_redis
from voicechat.errors import Problem


async def main(data_dir: Path) -> None:
    async with open_postgres(data_dir) as dsn, open_redis(data_dir) as url:
        print("ready", os.getpid(), dsn, url, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    try:
        trio.run(main, Path(sys.argv[1]))
    except* Problem as problems:
        print("refused", *problems.exceptions, flush=True)
