"""The sockets of the voice port, and the addresses under which clients can reach them."""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from voicechat.errors import Unavailable
from voicechat.media.engine import open_udp
from voicechat.media.local_address import chosen_by_route

_ANY = {"", "*", "0.0.0.0", "::"}
_PORT_TRIES = 16
_BACKLOG = 128
_SIOCGIFADDR = 0x8915  # linux/sockios.h

# Classic BPF (linux/filter.h); negative offsets count from the network header.
_SO_ATTACH_FILTER = 26
_BPF_LD_W_ABS, _BPF_JEQ_K, _BPF_AND_K, _BPF_RET_K = 0x20, 0x15, 0x54, 0x06
_SKF_NET_OFF = 0xFFF0_0000
_IPV4_SOURCE_OFFSET = 12

# Documentation prefixes (RFC 5737, RFC 3849): routed like any public address, and nothing is sent to them.
_FAR_V4, _FAR_V6 = "198.51.100.1", "2001:db8::ff"


@dataclass(frozen=True, slots=True)
class BoundSockets:
    """UDP sockets and TCP listeners on one port, one of each for a family; the addresses to reach them."""

    sockets: tuple[socket.socket, ...]
    listeners: tuple[socket.socket, ...]
    port: int
    interfaces: tuple[str, ...]


@contextmanager
def bound_sockets(host: str, port: int, *, tcp: bool = False) -> Iterator[BoundSockets]:
    """Bind the voice port on `host` (a wildcard binds both families) and close it at the end.

    With `tcp` it listens on the same number as well. Raises Unavailable when the port cannot be had. Port 0
    takes a free one.
    """
    try:
        sockets, listeners = _bind_all(host, port, tcp)
    except OSError as problem:
        raise Unavailable(f"expected to bind the voice port {host or '*'}:{port}: {problem}") from problem
    try:
        chosen = int(sockets[0].getsockname()[1])
        interfaces = tuple(_interfaces(host, sockets))
        yield BoundSockets(tuple(sockets), tuple(listeners), chosen, interfaces)
    finally:
        _close(*sockets, *listeners)


def _close(*sockets: socket.socket) -> None:
    for sock in sockets:
        sock.close()


def _bind_all(host: str, port: int, tcp: bool) -> tuple[list[socket.socket], list[socket.socket]]:
    """Bind all to one number; a free port of one may be taken in another, hence the tries."""
    for attempt in range(_PORT_TRIES):
        sockets: list[socket.socket] = []
        listeners: list[socket.socket] = []
        try:
            _bind(host, port, sockets)
            for sock in sockets if tcp else ():
                _listen_beside(sock, host, listeners)
        except OSError:
            _close(*sockets, *listeners)
            if port != 0 or attempt == _PORT_TRIES - 1:
                raise
        else:
            return sockets, listeners
    raise AssertionError("unreachable")


def _bind(host: str, port: int, into: list[socket.socket]) -> None:
    if host not in _ANY:
        address = _resolved(host)
        into.append(_open_loopback(port) if _is_v4_loopback(address) else open_udp(address, port))
        return
    into.append(open_udp("0.0.0.0", port))
    if _has_ipv6():
        into.append(open_udp("::", into[0].getsockname()[1]))


def _resolved(host: str) -> str:
    """Return the address of a host name, the IPv4 one of several; OSError when it has none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])


def _listen_beside(sock: socket.socket, host: str, into: list[socket.socket]) -> None:
    """Listen for TCP where `sock` receives UDP; for the same machine alone where that does."""
    listener = socket.socket(sock.family, socket.SOCK_STREAM)
    into.append(listener)
    bound = sock.getsockname()
    if sock.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.setsockopt(
        socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
    )  # a restart must not wait for old connections
    listener.setblocking(False)
    listener.bind(bound[:2])
    if bound[0] in _ANY and host not in _ANY:
        own = _own_address(sock.family, _FAR_V4)
        _drop_strangers(listener, own or "127.0.0.1")
    listener.listen(_BACKLOG)


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

    Firefox sends no checks to 127.0.0.1, so the machine's own address must work too, which takes a
    wildcard socket. A packet filter on it drops what others send. Where there is no such address,
    127.0.0.1 must do.
    """
    own = _own_address(socket.AF_INET, _FAR_V4)
    if own is None or not sys.platform.startswith("linux"):
        return open_udp("127.0.0.1", port)
    sock = open_udp("0.0.0.0", port)
    try:
        _drop_strangers(sock, own)
    except OSError:
        sock.close()
        raise
    return sock


def _drop_strangers(sock: socket.socket, own: str) -> None:
    """Attach a packet filter that passes only sources 127.0.0.0/8 and `own`.

    Nobody outside can pretend to those: the kernel refuses packets from the wire that claim to come from
    itself.
    """
    program = b"".join(
        struct.pack("=HBBI", *step)
        for step in (
            (_BPF_LD_W_ABS, 0, 0, _SKF_NET_OFF + _IPV4_SOURCE_OFFSET),
            (_BPF_JEQ_K, 2, 0, int(ipaddress.IPv4Address(own))),
            (_BPF_AND_K, 0, 0, 0xFF00_0000),
            (_BPF_JEQ_K, 0, 1, 0x7F00_0000),
            (_BPF_RET_K, 0, 0, 0xFFFF_FFFF),
            (_BPF_RET_K, 0, 0, 0),
        )
    )
    code = ctypes.create_string_buffer(program, len(program))
    filter_program = struct.pack("HL", len(program) // 8, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_program)


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
    chosen = chosen_by_route(far, 9)
    if chosen is None:  # no default route: a party of machines around one switch
        return _interface_address() if family == socket.AF_INET else None
    return _usable(chosen)


def _interface_address() -> str | None:
    """Return the IPv4 address of the first interface that has a usable one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue
            if usable := _usable(socket.inet_ntoa(answer[20:24])):
                return usable
    return None


def _usable(host: str) -> str | None:
    address = ipaddress.ip_address(host)
    is_local = address.is_loopback or address.is_link_local or address.is_unspecified
    return None if is_local else str(address)
