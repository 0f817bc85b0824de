"""The real server as its own process: started, stopped, killed, started again on the same data and ports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import eventually

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_STARTS_WITHIN_S = 90.0  # the first start makes the database; two shared cores may be busy
_STOPS_WITHIN_S = 30.0


class Server:
    """One data folder and the process that serves it, if any runs now.

    `port` and `media_port` are picked by the first start and kept by later ones. Owned by `running_server`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.log = folder / "server.log"
        self.port = 0
        self.media_port = 0
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start the process and return when it has printed its address."""
        assert self._process is None, "the server is running already"
        words = [
            "--port",
            str(self.port),
            "--media-port",
            str(self.media_port),
            "--data-dir",
            str(self.data_dir),
        ]
        said_before = self._log_bytes()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "voicechat", "serve", *words],
                cwd=self.folder,
                env=self._clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.port = eventually(
            lambda: self._printed_port(said_before),
            "the server prints its address",
            within_s=_STARTS_WITHIN_S,
        )
        self.media_port = self._bound_udp_port()

    def stop(self) -> int:
        """End the process as an operator would (SIGTERM); return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End the process with no chance to clean up."""
        return self._end(signal.SIGKILL)

    def forget(self) -> None:
        """Make sure that nothing of it runs, whatever the test did."""
        if self._process is not None:
            self.kill()

    def processes(self) -> list[str]:
        """List every process that works for this data folder: the server and the stores it starts."""
        return [line for line in map(self._described, Path("/proc").glob("[0-9]*")) if line]

    def lines(self, wanted: str = "") -> list[str]:
        """Return the log's lines that hold `wanted`."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if wanted in line]

    def _end(self, number: signal.Signals) -> int:
        process = self._process
        assert process is not None, "the server is not running"
        process.send_signal(number)
        try:
            return process.wait(_STOPS_WITHIN_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            self._process = None

    def _clean_environment(self) -> dict[str, str]:
        """No setting of the developer's own shell may reach the server."""
        ours = ("VOICECHAT_", "DATABASE_URL", "REDIS_URL", "S3_", "AWS_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "VOICECHAT_LOG_STYLE": "json", "PYTHONUNBUFFERED": "1", **self._environment}

    def _printed_port(self, said_before: int) -> int:
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"the server ended with {code} while starting:\n{self.log.read_text()[-4000:]}"
        said = self.log.read_bytes()[said_before:].decode(errors="replace")
        found = _ADDRESS.search(said)
        return int(found.group(1)) if found else 0

    def _log_bytes(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _bound_udp_port(self) -> int:
        """Find the voice port by asking the kernel which UDP sockets the process holds."""
        inodes = {
            os.readlink(path).removeprefix("socket:[").removesuffix("]")
            for path in Path(f"/proc/{self.pid}/fd").iterdir()
            if os.readlink(path).startswith("socket:")
        }
        ports = set()
        for table in ("/proc/net/udp", "/proc/net/udp6"):
            for row in Path(table).read_text().splitlines()[1:]:
                columns = row.split()
                if columns[9] in inodes:
                    ports.add(int(columns[1].rpartition(":")[2], 16))
        assert len(ports) == 1, f"expected one UDP port for voice, found {sorted(ports)}"
        return ports.pop()

    def _described(self, entry: Path) -> str:
        """Describe the process if it names, or works in, the data folder; a zombie works in nothing."""
        folder = str(self.data_dir)
        try:
            command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            works_in = os.readlink(entry / "cwd")
        except OSError:
            return ""
        is_ours = folder in command or works_in == folder or works_in.startswith(f"{folder}/")
        return f"{entry.name}: {command} (in {works_in})" if is_ours else ""


@contextmanager
def running_server(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server under `folder`; nothing of it is left when the block has ended."""
    server = Server(folder, environment)
    try:
        server.start()
        yield server
    finally:
        server.forget()
