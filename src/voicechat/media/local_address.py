"""Which of our own addresses a datagram leaves from: what the route chooses, and how to choose otherwise."""

from __future__ import annotations

import ipaddress
import socket
import struct

_IP_PKTINFO = 8  # linux/in.h; the socket module has it from Python 3.12 on

ControlMessage = tuple[int, int, bytes]
"""Level, type and data, as `socket.sendmsg` takes them."""


def chosen_by_route(host: str, port: int) -> str | None:
    """Return the address of ours that packets to `host` leave from by themselves; None without a route.

    The kernel is asked; no packet is sent.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, port))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def leaving_from(local: str, family: int) -> ControlMessage:
    """Return what makes a datagram on a socket of `family` leave from `local` (ip(7), RFC 3542 §6.2)."""
    ip = ipaddress.ip_address(local)
    if family == socket.AF_INET:
        return socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("@i4s4x", 0, ip.packed)
    packed = ip.packed if ip.version == 6 else b"\0" * 10 + b"\xff\xff" + ip.packed
    return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("@16sI", packed, 0)
