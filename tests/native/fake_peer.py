"""A client for the engine's tests: a UDP socket, a pair of pylibsrtp sessions, and packets by hand."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass, field

import pylibsrtp
import trio

from voicechat.media.engine import Addr, Engine, pack_addr

PROFILE = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
LEVEL_EXT = 1
PT = 111


def policy(key: bytes, direction: int, window: int = 1024) -> pylibsrtp.Policy:
    """What a session of one direction is made of, as the media room does."""
    made = pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=PROFILE)
    made.window_size = window
    made.allow_repeat_tx = True
    return made


def session(key: bytes, direction: int, window: int = 1024) -> pylibsrtp.Session:
    """A session of one direction."""
    return pylibsrtp.Session(policy(key, direction, window))


def rtp(
    ssrc: int,
    seq: int,
    ts: int,
    payload: bytes = b"opus",
    *,
    pt: int = PT,
    marker: bool = False,
    level: int | None = None,
) -> bytes:
    """One RTP packet, with an RFC 6464 level when given."""
    first, ext = 0x80, b""
    if level is not None:
        first, ext = 0x90, struct.pack("!HHBBxx", 0xBEDE, 1, LEVEL_EXT << 4, 0x80 | level)
    header = struct.pack("!BBHII", first, marker << 7 | pt, seq & 0xFFFF, ts & 0xFFFFFFFF, ssrc)
    return header + ext + payload


@dataclass(frozen=True)
class Rtp:
    """A received packet, parsed."""

    pt: int
    marker: bool
    seq: int
    ts: int
    ssrc: int
    payload: bytes
    level: int | None

    @classmethod
    def parse(cls, data: bytes) -> Rtp:
        first, second, seq, ts, ssrc = struct.unpack_from("!BBHII", data)
        assert first & 0xEF == 0x80, f"version, padding or CSRCs: {first:#x}"
        level, start = None, 12
        if first & 0x10:
            profile, words = struct.unpack_from("!HH", data, 12)
            assert (profile, words, data[16]) == (0xBEDE, 1, LEVEL_EXT << 4)
            level, start = data[17], 20
        return cls(second & 0x7F, bool(second >> 7), seq, ts, ssrc, data[start:], level)


@dataclass
class FakePeer:
    """One client; `join()` makes it known to the engine as if ICE and DTLS were done."""

    engine: Engine
    sock: trio.socket.SocketType
    server: tuple[str, int]
    ssrc: int
    local: int | None = None  # the engine's number of the address it sends to, on a socket bound to all
    handle: int = -1
    track: int = -1
    to_server: bytes = field(default_factory=lambda: os.urandom(28))
    from_server: bytes = field(default_factory=lambda: os.urandom(28))

    def __post_init__(self) -> None:
        self.tx = session(self.to_server, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.rx = session(self.from_server, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self.seq, self.ts = 1000, 50_000

    @property
    def addr(self) -> Addr:
        host, port = self.sock.getsockname()[:2]
        return pack_addr(host, port, "udp" if self.local is None else self.local)

    async def join(self, *, publish: bool = True) -> FakePeer:
        """Add peer, tuple, keys and a track; wait until they hold."""
        self.handle = self.engine.peer_add()
        self.engine.tuple_add(self.handle, self.addr)
        self.install_keys()
        if publish:
            self.track = self.engine.track_add(self.handle, ssrc=self.ssrc, pt=PT, level_ext=LEVEL_EXT)
        await self.engine.settled()
        return self

    def install_keys(self) -> None:
        """Hand the engine its half of the keys."""
        rx = session(self.to_server, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        tx = session(self.from_server, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        amid = policy(self.to_server, pylibsrtp.Policy.SSRC_SPECIFIC)
        alone = policy(self.from_server, pylibsrtp.Policy.SSRC_SPECIFIC)
        self.engine.peer_keys(self.handle, rx, tx, amid, alone)

    def slot(self, ssrc: int, *, level_ext: int = LEVEL_EXT) -> int:
        """Add a slot of this peer."""
        return self.engine.slot_add(self.handle, ssrc=ssrc, pt=96, cname="cname", level_ext=level_ext)

    def next_packet(self, payload: bytes = b"opus", **fields: int | bool) -> bytes:
        """The next packet of the publisher's stream, protected."""
        self.seq += 1
        self.ts += 960
        return self.tx.protect(rtp(self.ssrc, self.seq, self.ts, payload, **fields))  # type: ignore[arg-type]

    async def send(self, data: bytes) -> None:
        await self.sock.sendto(data, self.server)

    def send_nowait(self, data: bytes) -> None:
        """Send without a checkpoint, so that no other task of this thread runs."""
        with socket.fromfd(self.sock.fileno(), self.sock.family, socket.SOCK_DGRAM) as sock:
            sock.sendto(data, self.server)

    async def speak(self, payload: bytes = b"opus", **fields: int | bool) -> None:
        """Send the next packet."""
        await self.send(self.next_packet(payload, **fields))

    async def receive(self) -> bytes:
        """The next datagram, still protected."""
        with trio.fail_after(5):
            return (await self.sock.recvfrom(2048))[0]

    async def hear(self) -> Rtp:
        """The next RTP packet, opened; RTCP in between is skipped."""
        while True:
            data = await self.receive()
            if not 192 <= data[1] <= 223:
                return Rtp.parse(self.rx.unprotect(data))

    async def hear_rtcp(self) -> bytes:
        """The next RTCP compound, opened; RTP in between is skipped."""
        while True:
            data = await self.receive()
            if 192 <= data[1] <= 223:
                return self.rx.unprotect_rtcp(data)
