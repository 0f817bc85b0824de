"""The sockets of the voice port, and the addresses under which clients can reach them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from voicechat.errors import Unavailable
from voicechat.media.engine import open_udp

_ANY = {"", "0.0.0.0", "::"}
_PORT_TRIES = 16
# Documentation prefixes (RFC 5737, RFC 3849): routed like any public address, and nothing is sent to them.
_FAR_V4, _FAR_V6 = "192.0.2.255", "2001:db8::ff"


@dataclass(frozen=True, slots=True)
class BoundSockets:
    """Sockets of different families on one port, and the machine's addresses that lead to them."""

    sockets: tuple[socket.socket, ...]
    port: int
    interfaces: tuple[str, ...]


@contextmanager
def bound_sockets(host: str, port: int) -> Iterator[BoundSockets]:
    """Bind the voice port on `host` (a wildcard binds both families) and close it at the end.

    Raises Unavailable when the port cannot be had. Port 0 takes a free one.
    """
    try:
        sockets = _bind(host, port)
    except OSError as problem:
        raise Unavailable(f"expected to bind the voice port {host or '*'}:{port}: {problem}") from problem
    try:
        chosen = int(sockets[0].getsockname()[1])
        yield BoundSockets(tuple(sockets), chosen, tuple(_interfaces(host, sockets)))
    finally:
        for sock in sockets:
            sock.close()


def _bind(host: str, port: int) -> list[socket.socket]:
    if host not in _ANY:
        address = "127.0.0.1" if host == "localhost" else host
        return [_open_loopback(port)] if _is_v4_loopback(address) else [open_udp(address, port)]
    if not _has_ipv6():
        return [open_udp("0.0.0.0", port)]
    return _bind_pair(port)


def _bind_pair(port: int) -> list[socket.socket]:
    """Bind both families to one number; a free port of one may be taken in the other, hence the tries."""
    for attempt in range(_PORT_TRIES):
        first = open_udp("0.0.0.0", port)
        try:
            return [first, open_udp("::", first.getsockname()[1])]
        except OSError:
            first.close()
            if port != 0 or attempt == _PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _has_ipv6() -> bool:
    try:
        open_udp("::", 0).close()
    except OSError:
        return False
    return True


def _is_v4_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback and ":" not in address


def _open_loopback(port: int) -> socket.socket:
    """Bind so that this machine alone reaches us, under its own address as well.

    Firefox sends no checks to 127.0.0.1. Packets from the machine to its own address travel over the
    loopback interface too, so a wildcard socket held to that interface hears both and no stranger. Where
    the system does not allow that, 127.0.0.1 must do.
    """
    device_option = getattr(socket, "SO_BINDTODEVICE", None)
    if device_option is not None and _own_address(socket.AF_INET, _FAR_V4) is not None:
        sock = open_udp("0.0.0.0", port)
        try:
            sock.setsockopt(socket.SOL_SOCKET, device_option, b"lo")
        except OSError:
            sock.close()
        else:
            return sock
    return open_udp("127.0.0.1", port)


def _interfaces(host: str, sockets: list[socket.socket]) -> Iterator[str]:
    """Name the addresses that lead to the sockets, the most useful first."""
    for sock in sockets:
        bound = str(sock.getsockname()[0])
        if bound not in _ANY:
            yield bound
            continue
        is_v4 = sock.family == socket.AF_INET
        own = _own_address(sock.family, _FAR_V4 if is_v4 else _FAR_V6)
        if own is not None:
            yield own
        if host not in _ANY or (own is None and is_v4):
            yield "127.0.0.1"


def _own_address(family: int, far: str) -> str | None:
    """Ask the routing table which of our addresses faces the world; no packet is sent."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return None
        host = ipaddress.ip_address(probe.getsockname()[0])
    return None if host.is_loopback or host.is_link_local or host.is_unspecified else str(host)
