"""What the native engine tells Python: typed records out of its ring, and the address form both share."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

from voicechat.rtc.ice import Address

#: 16 bytes of IPv6 address (IPv4 as ::ffff:a.b.c.d), two of port, network order, and one of transport.
Addr = NewType("Addr", bytes)

_HEADER = struct.Struct("@IHHiiiIQ19s5x")

_TRANSPORTS = {"udp": 0, "tcp": 1}
_FIRST_LOCAL = 2


def pack_addr(host: str, port: int, transport: str | int = "udp") -> Addr:
    """Return the canonical form of an IPv4 or IPv6 address; a zone id is dropped. ValueError for a name.

    `transport` is "udp", "tcp", or the number by which the engine knows the address of ours it sends to.
    """
    ip = ipaddress.ip_address(host.partition("%")[0])
    mapped = b"\0" * 10 + b"\xff\xff" + ip.packed if isinstance(ip, ipaddress.IPv4Address) else ip.packed
    last = _FIRST_LOCAL + transport if isinstance(transport, int) else _TRANSPORTS[transport]
    return Addr(mapped + port.to_bytes(2, "big") + bytes([last]))


def unpack_addr(addr: Addr) -> Address:
    """Return (host, port), and as a third "tcp" for a TCP flow or the number of our address it came to.

    A mapped IPv4 address comes out as IPv4.
    """
    ip = ipaddress.IPv6Address(addr[:16])
    host, port = str(ip.ipv4_mapped or ip), int.from_bytes(addr[16:18], "big")
    if is_tcp(addr):
        return host, port, "tcp"
    return (host, port, addr[18] - _FIRST_LOCAL) if names_local(addr) else (host, port)


def is_tcp(addr: Addr) -> bool:
    """Tell whether `addr` is a TCP flow."""
    return addr[18] == _TRANSPORTS["tcp"]


def names_local(addr: Addr) -> bool:
    """Tell whether `addr` says to which of our own addresses it sends."""
    return addr[18] >= _FIRST_LOCAL


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


@dataclass(frozen=True, slots=True)
class FlowClosed:
    """The TCP flow from `addr` is gone; `peer` had it as a validated tuple, -1 when nobody had."""

    peer: int
    addr: Addr
    at_us: int


@dataclass(frozen=True, slots=True)
class LayerSwitched:
    """The video slot `slot` of the viewer `peer` is sent `track` from the keyframe that just went out."""

    peer: int
    slot: int
    track: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Estimated:
    """The path to `peer` carries about `bits_per_s`; told on changes of 5 %, four times a second at most."""

    peer: int
    bits_per_s: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Limited:
    """`peer` says that it takes `bits_per_s` (REMB); told four times a second at most."""

    peer: int
    bits_per_s: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Losses:
    """Of `packets` of audio to `peer` so far `lost` did not arrive, by its reports; `resent` were sent again.

    Told each second in which either grew, or in which packets are to carry earlier ones.
    """

    peer: int
    packets: int
    resent: int
    lost: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Stray:
    """An authentic packet of `peer` came from `addr`, which has not proved itself."""

    peer: int
    addr: Addr


Record = (
    Ack | Refused | Stun | Dtls | Speaking | Bye | Moved | Stray | FlowClosed | LayerSwitched | Estimated
    | Limited | Losses
)  # fmt: skip


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
            case 8:
                yield FlowClosed(peer, addr, at_us)
            case 9:
                yield LayerSwitched(peer, index, status, at_us)
            case 10:
                yield Estimated(peer, value, at_us)
            case 11:
                yield Stray(peer, addr)
            case 12:
                yield Limited(peer, value, at_us)
            case 13:
                yield Losses(peer, value, index, status, at_us)
            case _:
                raise ValueError(f"unknown record kind {kind}")
