"""A network that blocks UDP, as offices and hotels have: a client behind a router that drops every datagram.

    client ──── router (drops UDP from the client) ──── this machine
    198.18.x.2     198.18.x.1 · 198.18.x.5                198.18.x.6

Client and router are network namespaces of their own. The addresses are of the range for such tests
(RFC 2544).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.namespaces import Namespace, ip, new_namespaces


@dataclass(frozen=True)
class BlockedNetwork:
    """A client's place behind the router."""

    client: Namespace
    server_address: str  # where this machine is reached from there


@contextmanager
def network_without_udp() -> Iterator[BlockedNetwork]:
    """Make the network and take it down again; `namespaces.missing()` says whether that can be done."""
    tag, net = secrets.token_hex(3), f"198.18.{secrets.randbelow(256)}"
    with new_namespaces("client", "router") as (client, router):
        ip(
            "link",
            "add",
            f"c{tag}",
            "netns",
            client.name,
            "type",
            "veth",
            "peer",
            f"d{tag}",
            "netns",
            router.name,
        )
        ip("link", "add", f"u{tag}", "netns", router.name, "type", "veth", "peer", f"h{tag}")
        for run, device, address in (
            (client.ip, f"c{tag}", f"{net}.2/30"),
            (router.ip, f"d{tag}", f"{net}.1/30"),
            (router.ip, f"u{tag}", f"{net}.5/30"),
            (ip, f"h{tag}", f"{net}.6/30"),
        ):
            run("addr", "add", address, "dev", device)
            run("link", "set", device, "up")
        client.ip("route", "add", "default", "via", f"{net}.1")
        ip("route", "add", f"{net}.0/30", "via", f"{net}.5")
        ip("netns", "exec", router.name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        router.ip("rule", "add", "pref", "1", "iif", f"d{tag}", "ipproto", "udp", "blackhole")
        yield BlockedNetwork(client, f"{net}.6")
