"""Who is in the bench's rooms: their keys, and the packets they will send (pure)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import ClassVar

import pylibsrtp

PT = 111
LEVEL_EXTENSION = 1
SRTP_KEY_BYTES = 28  # AES-128 key and salt
PAYLOAD_BYTES = 120  # 48 kbit/s Opus of 20 ms
INTERVAL_US = 20_000
_FRAME_TICKS = 960
VIDEO_PT = 96  # VP8
_PICTURE_TICKS = 3000
_VIDEO_FILLING = 1036  # with the mark 1,158 bytes a packet
_LEVEL_DBOV = 30  # somebody who speaks, so that speech detection works too
_FIRST_SEQ = 1000
SSRC_BASE = 0x4000_0000
_HEADER = struct.Struct("!BBHIIHHBBxx")
_MARK = struct.Struct("!II")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a payload begins with: whose packet it is, and the how manieth of theirs."""

    publisher: int
    number: int


def marked_payload(mark: Mark, filling: bytes) -> bytes:
    """Return a payload of PAYLOAD_BYTES."""
    return (_MARK.pack(mark.publisher, mark.number) + filling)[:PAYLOAD_BYTES]


def read_mark(packet: bytes) -> Mark:
    """Read the mark of a packet in the clear. ValueError when it is not one of ours."""
    start = len(packet) - PAYLOAD_BYTES
    if start < 12:
        raise ValueError(f"expected a packet with {PAYLOAD_BYTES} bytes of payload, got {len(packet)} bytes")
    return Mark(*_MARK.unpack_from(packet, start))


def session(key: bytes, direction: int) -> pylibsrtp.Session:
    """Open an AES-128-GCM session of one direction, with the server's own window."""
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    policy = pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.window_size = 1024
    return pylibsrtp.Session(policy)


@dataclass(frozen=True, slots=True)
class Crowd:
    """People in rooms of one size, of whom the first `talkers` talk all the time."""

    people: int
    room_size: int
    talkers: int

    @staticmethod
    def talking(size: int) -> Crowd:
        """Return one room in which everybody talks."""
        return Crowd(size, size, size)


@dataclass(frozen=True, slots=True)
class Pace:
    """A sender sends `burst` packets every `interval_us`."""

    interval_us: int
    burst: int = 1


@dataclass
class Client:
    """One voice client: what it sends is encrypted with `to_server`, what it hears with `from_server`."""

    port: int
    index: int
    to_server: bytes = field(default_factory=lambda: os.urandom(SRTP_KEY_BYTES))
    from_server: bytes = field(default_factory=lambda: os.urandom(SRTP_KEY_BYTES))

    pace: ClassVar[Pace] = Pace(INTERVAL_US)

    def __post_init__(self) -> None:
        self.ssrc = SSRC_BASE + self.index
        self.sender = session(self.to_server, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.receiver = session(self.from_server, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._filling = os.urandom(PAYLOAD_BYTES)
        self._sent: dict[int, tuple[bytes, bytes]] = {}

    def prepare(self, first_number: int, count: int) -> list[bytes]:
        """Make the next packets as they go over the wire; numbers must go on from one call to the next."""
        self._sent.clear()
        return [self._protected(number) for number in range(first_number, first_number + count)]

    def sent_as(self, seq: int, wire: bytes) -> bytes | None:
        """Return the clear packet of sequence number `seq`; None unless `wire` is its, but for the header."""
        clear, sent = self._sent.get(seq, (b"", b""))
        return clear if clear and wire[12:] == sent[12:] else None

    def _protected(self, number: int) -> bytes:
        seq = (_FIRST_SEQ + number) & 0xFFFF
        clear = self._clear(seq, number) + marked_payload(Mark(self.index, number), self._filling)
        wire = self.sender.protect(clear)
        self._sent[seq] = clear, wire
        return wire

    def _clear(self, seq: int, number: int) -> bytes:
        """Return all of a packet that stands before its mark."""
        return _HEADER.pack(
            0x90, PT, seq, number * _FRAME_TICKS & 0xFFFF_FFFF, self.ssrc,
            0xBEDE, 1, LEVEL_EXTENSION << 4, 0x80 | _LEVEL_DBOV,
        )  # fmt: skip


class Camera(Client):
    """Sends 2.5 Mbit/s of VP8: 30 pictures a second of nine packets each, every sixtieth a keyframe."""

    pace: ClassVar[Pace] = Pace(33_333, 9)
    _MARKER = 0x80
    _KEYFRAME_EVERY = 60

    def _clear(self, seq: int, number: int) -> bytes:
        picture, packet = divmod(number, self.pace.burst)
        marker = self._MARKER if packet == self.pace.burst - 1 else 0
        is_key = picture % self._KEYFRAME_EVERY == 0
        # RFC 7741: the descriptor says where a picture begins, the payload's lowest bit what kind it is.
        descriptor = bytes([0x10 if packet == 0 else 0, 0 if is_key else 1])
        ts = picture * _PICTURE_TICKS & 0xFFFF_FFFF
        header = struct.pack("!BBHII", 0x80, marker | VIDEO_PT, seq, ts, self.ssrc)
        return header + descriptor + bytes(_VIDEO_FILLING)
