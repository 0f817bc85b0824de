"""Finds the public addresses of a server behind NAT by asking a STUN server, once, at the start.

Only the address is learnt: the voice port must be forwarded under its own number. Without an answer in time
the server starts all the same, with the addresses of its interfaces.
"""

from __future__ import annotations

import ipaddress
import re
import socket

import trio

from voicechat.errors import Invalid
from voicechat.logs import get_logger
from voicechat.rtc.ice import HostPort
from voicechat.rtc.reflexive import MAX_BYTES, new_query, read_answer

log = get_logger("media")

DEADLINE_S = 3.0
DEFAULT_PORT = 3478  # RFC 8489 §9
_SERVER = re.compile(
    r"(?:stun:)?(?:\[(?P<bracketed>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?"
)
_FIRST_PATIENCE_S = 0.25  # doubled with each repetition


async def ask_stun(server: str, *, deadline_s: float = DEADLINE_S) -> tuple[str, ...]:
    """Return the addresses, one of each family, under which the STUN server `host[:port]` sees us.

    Takes `deadline_s` at most; a family that is not answered by then, or cannot be asked, is left out.
    Raises Invalid where `server` names none.
    """
    host, port = split_server(server)
    found: dict[int, str] = {}
    with trio.move_on_after(deadline_s):
        targets = await _resolve(host, port)
        async with trio.open_nursery() as nursery:
            for family, target in targets.items():
                nursery.start_soon(_ask, family, target, found)
    if found:
        log.info("public_address_found", stun_server=server, addresses=sorted(found.values()))
    else:
        log.warning("public_address_not_found", stun_server=server, waited_s=deadline_s)
    return tuple(found[family] for family in sorted(found))


def split_server(server: str) -> HostPort:
    """Read `host`, `host:port` or `[IPv6]:port`; raises Invalid."""
    matched = _SERVER.fullmatch(server.strip())
    port = int(matched["port"] or DEFAULT_PORT) if matched else 0
    if matched is None or not 0 < port < 65536:
        raise Invalid(f"expected host or host:port in the media setting stun_server, got {server!r}")
    return matched["bracketed"] or matched["host"], port


async def _resolve(host: str, port: int) -> dict[int, HostPort]:
    """Find one address of each family; none where the name leads nowhere."""
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as problem:  # no such name, or none that could be one (IDNA)
        log.warning("stun_server_unknown", host=host, problem=str(problem))
        return {}
    targets: dict[int, HostPort] = {}
    for family, _, _, _, address in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            targets.setdefault(int(family), (str(address[0]), int(address[1])))
    return targets


async def _ask(family: int, target: HostPort, found: dict[int, str]) -> None:
    """Ask until answered, twice as patiently each time; the caller's deadline ends it."""
    transaction_id, query = new_query()
    with trio.socket.socket(family, socket.SOCK_DGRAM) as udp:
        try:
            await udp.connect(target)  # the kernel then drops what others send
            patience_s = _FIRST_PATIENCE_S
            while family not in found:
                await udp.send(query)
                with trio.move_on_after(patience_s):
                    found[family] = await _answer(udp, transaction_id)
                patience_s *= 2
        except OSError as problem:  # no route in this family, or nobody listens there
            log.info("stun_server_unreachable", target=target[0], problem=str(problem))


async def _answer(udp: trio.socket.SocketType, transaction_id: bytes) -> str:
    """Wait for the answer that names an address one can be reached at."""
    while True:
        host = read_answer(await udp.recv(MAX_BYTES + 1), transaction_id)
        if host is not None and _is_reachable(host):
            return host


def _is_reachable(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (
        address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    )
