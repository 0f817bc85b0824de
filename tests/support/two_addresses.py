"""A server with two addresses on one wire, of each family, and a client on the other end of it.

    client ──── veth ──── server
    198.18.x.9 · fd00:x::9     198.18.x.1, 198.18.x.2 · fd00:x::1, fd00:x::2

Both are network namespaces of their own. The addresses are of the ranges for such tests (RFC 2544, RFC 4193).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.namespaces import Namespace, ip, new_namespaces


@dataclass(frozen=True)
class TwoAddresses:
    """Both places; each address of the server by its family, and the client's."""

    server: Namespace
    client: Namespace
    server_hosts: dict[str, tuple[str, str]]
    client_host: dict[str, str]


@contextmanager
def server_with_two_addresses() -> Iterator[TwoAddresses]:
    """Make the wire and take it down again; `namespaces.missing()` says whether that can be done."""
    tag, net = secrets.token_hex(3), secrets.randbelow(256)
    v4, v6 = f"198.18.{net}.", f"fd00:{net:x}::"
    with new_namespaces("one", "other") as (server, client):
        ends = ("netns", server.name, "type", "veth", "peer", f"c{tag}", "netns", client.name)
        ip("link", "add", f"s{tag}", *ends)
        for place, device, numbers in ((server, f"s{tag}", (1, 2)), (client, f"c{tag}", (9,))):
            for number in numbers:
                place.ip("addr", "add", f"{v4}{number}/24", "dev", device)
                place.ip("addr", "add", f"{v6}{number}/64", "dev", device, "nodad")
            place.ip("link", "set", device, "up")
        hosts = {"ipv4": (f"{v4}1", f"{v4}2"), "ipv6": (f"{v6}1", f"{v6}2")}
        yield TwoAddresses(server, client, hosts, {"ipv4": f"{v4}9", "ipv6": f"{v6}9"})
