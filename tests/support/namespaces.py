"""Network namespaces for tests: places on this machine with a network of their own, made of iproute2."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_CLONE_NEWNET = 0x4000_0000  # linux/sched.h


def missing() -> str:
    """Say what namespaces would need that is not here; empty when nothing is missing."""
    if shutil.which("ip") is None:
        return "needs the program ip (Debian package iproute2)"
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    name = f"probe-{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"needs to make network namespaces: {made.stderr.strip()}"
    ip("netns", "del", name)
    return ""


def ip(*words: str) -> None:
    """Run iproute2's `ip`; CalledProcessError when it refuses."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Namespace:
    """One such place."""

    name: str

    def ip(self, *words: str) -> None:
        """Run `ip` in there."""
        ip("-n", self.name, *words)

    def wrap(self, program: str, folder: Path) -> Path:
        """Write a script into `folder` that runs `program` in there."""
        script = folder / f"{Path(program).name}-in-{self.name}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def listen(self) -> socket.socket:
        """Listen on its own 127.0.0.1: browsers trust pages from there with a microphone."""
        return self.within(lambda: socket.create_server(("127.0.0.1", 0)))

    def within(self, make: Callable[[], T]) -> T:
        """Call `make` with this network around it; sockets and devices stay where they were made."""
        made: list[T] = []

        def enter() -> None:
            """Change the namespace of this thread alone."""
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.name}") as there:
                if libc.setns(there.fileno(), _CLONE_NEWNET) == 0:
                    made.append(make())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert made, f"expected to enter the namespace {self.name}"
        return made[0]


@contextmanager
def new_namespaces(*names: str) -> Iterator[list[Namespace]]:
    """Make namespaces whose names begin so, with 127.0.0.1 up; nothing of them is left after the block."""
    tag = secrets.token_hex(3)
    made = [Namespace(f"{name}-{tag}") for name in names]
    try:
        for namespace in made:
            ip("netns", "add", namespace.name)
            namespace.ip("link", "set", "lo", "up")
        yield made
    finally:
        for namespace in made:
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("netns", "del", namespace.name)
