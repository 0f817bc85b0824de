"""Datagrams that strangers may throw at the voice port: garbage, and each protocol it speaks, done wrong."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator

from aioice import stun

from tests.support.dtls_client import DtlsClient

_MAGIC_COOKIE = 0x2112A442


def datagrams(ufrag: str, *, count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield `count` datagrams of every kind in turn; `ufrag` is one that a peer really uses."""
    chance = random.Random(seed)
    hello = DtlsClient().start()
    kinds = (
        lambda: chance.randbytes(chance.randrange(1, 1400)),
        lambda: b"",
        lambda: _binding_request(ufrag, "x" * 22)[: chance.randrange(1, 80)],
        lambda: _binding_request(ufrag, "x" * 22),
        lambda: _binding_request("nobody", "x" * 22),
        lambda: _stun_that_lies(chance),
        lambda: hello[0],
        lambda: hello[0][: chance.randrange(1, len(hello[0]))],
        lambda: bytes([chance.randrange(20, 64)]) + chance.randbytes(60),
        lambda: _rtp(chance, payload_type=111),
        lambda: _rtp(chance, payload_type=111)[: chance.randrange(1, 12)],
        lambda: bytes([0x8F]) + _rtp(chance, payload_type=111)[1:],
        lambda: bytes([0x90]) + _rtp(chance, payload_type=111)[1:14] + b"\xff\xff",
        lambda: _rtcp_bye(chance),
    )
    for number in range(count):
        yield kinds[number % len(kinds)]()


def throw(port: int, ufrag: str, *, count: int, sockets: int = 8) -> None:
    """Send `count` datagrams to the voice port from several addresses."""
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sockets)]
    try:
        for number, datagram in enumerate(datagrams(ufrag, count=count)):
            ends[number % sockets].sendto(datagram, ("127.0.0.1", port))
    finally:
        for end in ends:
            end.close()


def _binding_request(ufrag: str, password: str) -> bytes:
    """Make a connectivity check that is whole, but signed with a password that is not the peer's."""
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={"USERNAME": f"{ufrag}:clnt", "PRIORITY": 1, "USE-CANDIDATE": None, "ICE-CONTROLLING": 1},
    )
    message.add_message_integrity(password.encode())
    return bytes(message)


def _stun_that_lies(chance: random.Random) -> bytes:
    """Make a STUN header whose lengths point past the end."""
    attribute = struct.pack("!HH", 0x0006, 0xFFFF) + b"xxxx"
    return struct.pack("!HHI", 1, 0xFFFC, _MAGIC_COOKIE) + chance.randbytes(12) + attribute


def _rtp(chance: random.Random, *, payload_type: int) -> bytes:
    header = struct.pack("!BBHII", 0x80, payload_type, chance.randrange(65536), 0, chance.randrange(2**32))
    return header + chance.randbytes(80)


def _rtcp_bye(chance: random.Random) -> bytes:
    return struct.pack("!BBHI", 0x81, 203, 1, chance.randrange(2**32))
