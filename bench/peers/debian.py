"""Servers from Debian packages, unpacked into the cache: nothing is installed, no service starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from bench.peers.peer import CACHE, Unavailable

ROOT = CACHE / "debian" / "root"
_ARCHIVES = CACHE / "debian" / "archives"


def install(package: str, program: str) -> None:
    """Download a package and the libraries this machine lacks, and unpack them. Unavailable if that fails."""
    if (ROOT / program).exists():
        return
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{package} is taken from Debian's packages, and there is no apt-get here")
    _ARCHIVES.mkdir(parents=True, exist_ok=True)
    wanted = _output("apt-get", "install", "--simulate", "--no-install-recommends", package)
    names = [line.split()[1] for line in wanted.splitlines() if line.startswith("Inst ")]
    _output("apt-get", "download", *(names or [package]))
    for archive in _ARCHIVES.glob("*.deb"):
        _output("dpkg", "-x", str(archive), str(ROOT))
    if not (ROOT / program).exists():
        raise Unavailable(f"the package {package} has no {program}")


def version(package: str) -> str:
    """Return the version that was unpacked. Unavailable when there is none."""
    found = sorted(_ARCHIVES.glob(f"{package}_*.deb"))
    if not found:
        raise Unavailable(f"{package} is not in {CACHE}: run python -m bench.peers --install")
    return f"{_output('dpkg-deb', '--field', str(found[-1]), 'Version').strip()} (Debian)"


def environment() -> dict[str, str]:
    """Let programs find the unpacked libraries."""
    folders = [str(path) for path in (ROOT / "usr" / "lib").glob("*-linux-gnu")]
    plugins = [f"{path}/qt5/plugins" for path in folders]  # Qt's own drivers, as for SQLite
    return {"LD_LIBRARY_PATH": os.pathsep.join(folders), "QT_PLUGIN_PATH": os.pathsep.join(plugins)}


def folder(pattern: str) -> Path:
    """Return the one unpacked folder that matches. Unavailable when it is not there."""
    for path in ROOT.glob(pattern):
        return path
    raise Unavailable(f"there is no {pattern} in {ROOT}")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ARCHIVES)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:3])} …: {done.stderr.strip()[-300:]}")
    return done.stdout
