"""A network that blocks UDP, as offices and hotels have: a client behind a router that drops every datagram.

    client ──── router (drops UDP from the client) ──── this machine
    198.18.x.2     198.18.x.1 · 198.18.x.5                198.18.x.6

Client and router are network namespaces of their own, made of iproute2 alone; nothing of them is left after
the block. The addresses are of the range for such tests (RFC 2544).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWNET = 0x4000_0000  # linux/sched.h


def missing() -> str:
    """Say what such a network would need that is not here; empty when nothing is missing."""
    if shutil.which("ip") is None:
        return "needs the program ip (Debian package iproute2)"
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    name = f"probe-{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"needs to make network namespaces: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


@dataclass(frozen=True)
class BlockedNetwork:
    """A client's place behind the router."""

    namespace: str
    server_address: str  # where this machine is reached from there

    def wrap(self, program: str, folder: Path) -> Path:
        """Write a script into `folder` that runs `program` at the client's place."""
        script = folder / f"{Path(program).name}-in-{self.namespace}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def listen(self) -> socket.socket:
        """Listen on the client's own 127.0.0.1: browsers trust pages from there with a microphone."""
        made: list[socket.socket] = []

        def enter() -> None:
            """Change the namespace of this thread alone; a socket stays where it was made."""
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.namespace}") as there:
                if libc.setns(there.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.create_server(("127.0.0.1", 0)))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert made, "expected to enter the namespace of the client"
        return made[0]


@contextmanager
def network_without_udp() -> Iterator[BlockedNetwork]:
    """Make the network and take it down again; `missing()` says beforehand whether that can be done."""
    tag = secrets.token_hex(3)
    client, router, net = f"client-{tag}", f"router-{tag}", f"198.18.{secrets.randbelow(256)}"
    try:
        for namespace in (client, router):
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("link", "add", f"c{tag}", "netns", client, "type", "veth", "peer", f"d{tag}", "netns", router)
        _ip("link", "add", f"u{tag}", "netns", router, "type", "veth", "peer", f"h{tag}")
        for where, device, address in (
            (("-n", client), f"c{tag}", f"{net}.2/30"),
            (("-n", router), f"d{tag}", f"{net}.1/30"),
            (("-n", router), f"u{tag}", f"{net}.5/30"),
            ((), f"h{tag}", f"{net}.6/30"),
        ):
            _ip(*where, "addr", "add", address, "dev", device)
            _ip(*where, "link", "set", device, "up")
        _ip("-n", client, "route", "add", "default", "via", f"{net}.1")
        _ip("route", "add", f"{net}.0/30", "via", f"{net}.5")
        _ip("netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _ip("-n", router, "rule", "add", "pref", "1", "iif", f"d{tag}", "ipproto", "udp", "blackhole")
        yield BlockedNetwork(client, f"{net}.6")
    finally:
        for namespace in (client, router):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", namespace)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
