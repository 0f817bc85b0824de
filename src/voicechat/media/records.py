"""What the native engine tells Python: typed records out of its ring, and the address form both share."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

#: 16 bytes of IPv6 address (IPv4 as ::ffff:a.b.c.d) and two of port, network order: one key per address.
Addr = NewType("Addr", bytes)

_HEADER = struct.Struct("@IHHiiiIQ18s6x")


def pack_addr(host: str, port: int) -> Addr:
    """Return the canonical form of an IPv4 or IPv6 address; a zone id is dropped. ValueError for a name."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return Addr(b"\0" * 10 + b"\xff\xff" + ip.packed + port.to_bytes(2, "big"))
    return Addr(ip.packed + port.to_bytes(2, "big"))


def unpack_addr(addr: Addr) -> tuple[str, int]:
    """Return (host, port); a mapped IPv4 address comes out as IPv4."""
    ip = ipaddress.IPv6Address(addr[:16])
    return str(ip.ipv4_mapped or ip), int.from_bytes(addr[16:], "big")


@dataclass(frozen=True, slots=True)
class Ack:
    """The command with `token` was applied; `status` 0, or the engine's error code."""

    token: int
    status: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A command nobody waits for failed: `op` is its number in the engine, `status` the error code."""

    op: int
    status: int
    peer: int


@dataclass(frozen=True, slots=True)
class Stun:
    """A Binding request that names `peer`'s ufrag; nothing about it is authenticated yet."""

    peer: int
    addr: Addr
    is_known_tuple: bool
    data: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class Dtls:
    """A datagram of DTLS records from a validated tuple of `peer`."""

    peer: int
    addr: Addr
    data: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class Speaking:
    """A publisher started or stopped speaking; `level_dbov` is 0 (loudest) to 127 below full scale."""

    peer: int
    track: int
    is_speaking: bool
    level_dbov: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Bye:
    """An authenticated RTCP BYE ended the stream of `track`."""

    peer: int
    track: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Media for `peer` now goes to `addr`, where its newest authenticated packet came from."""

    peer: int
    addr: Addr
    at_us: int


Record = Ack | Refused | Stun | Dtls | Speaking | Bye | Moved


def parse_records(batch: memoryview) -> Iterator[Record]:
    """Yield the records of one batch popped from the ring."""
    offset = 0
    while offset < len(batch):
        size, kind, length, peer, index, status, value, at_us, raw_addr = _HEADER.unpack_from(batch, offset)
        payload = batch[offset + _HEADER.size : offset + _HEADER.size + length]
        addr = Addr(raw_addr)
        offset += size
        match kind:
            case 1:
                yield Ack(value, status)
            case 2:
                yield Refused(index, status, peer)
            case 3:
                yield Stun(peer, addr, index == 1, bytes(payload), at_us)
            case 4:
                yield Dtls(peer, addr, bytes(payload), at_us)
            case 5:
                yield Speaking(peer, index, status == 1, value, at_us)
            case 6:
                yield Bye(peer, index, at_us)
            case 7:
                yield Moved(peer, addr, at_us)
            case _:
                raise ValueError(f"unknown record kind {kind}")
