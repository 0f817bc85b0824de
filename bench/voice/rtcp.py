"""The little RTCP a bench client speaks: it reads sender reports and NACKs, and writes RR and NACK (pure)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SR, _RR, _RTPFB, _GENERIC_NACK = 200, 201, 205, 1
_HEADER = struct.Struct("!BBH")
_BLOCK_REST = struct.Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class SenderReport:
    """Whose, and the middle of its NTP time, which a report refers to."""

    ssrc: int
    middle: int


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers somebody misses of a stream."""

    ssrc: int
    seqs: tuple[int, ...]


def read(compound: bytes) -> Iterator[SenderReport | Nack]:
    """Yield what a bench client heeds; the rest is passed over."""
    while len(compound) >= 8:
        flags, kind, words = _HEADER.unpack_from(compound)
        packet, compound = compound[: 4 * (words + 1)], compound[4 * (words + 1) :]
        if kind == _SR:
            ssrc, seconds, fraction = struct.unpack_from("!III", packet, 4)
            yield SenderReport(ssrc, (seconds & 0xFFFF) << 16 | fraction >> 16)
        elif kind == _RTPFB and flags & 0x1F == _GENERIC_NACK:
            yield _nack(packet)


def _nack(packet: bytes) -> Nack:
    seqs = []
    for at in range(12, len(packet) - 3, 4):
        first, following = struct.unpack_from("!HH", packet, at)
        seqs += [first, *(first + 1 + bit & 0xFFFF for bit in range(16) if following >> bit & 1)]
    return Nack(struct.unpack_from("!I", packet, 8)[0], tuple(seqs))


def nack(own_ssrc: int, ssrc: int, seqs: Sequence[int]) -> bytes:
    """Return a generic NACK, an item for each number."""
    items = b"".join(struct.pack("!HH", seq, 0) for seq in seqs)
    header = _HEADER.pack(0x80 | _GENERIC_NACK, _RTPFB, 2 + len(seqs))
    return header + struct.pack("!II", own_ssrc, ssrc) + items


def receiver_report(own_ssrc: int, report: SenderReport, ext_seq: int) -> bytes:
    """Return a receiver report, sent as soon as `report` came, by which its sender learns the round trip."""
    block = _BLOCK_REST.pack(report.ssrc, 0, ext_seq, 0, report.middle, 0)
    return _HEADER.pack(0x81, _RR, 7) + struct.pack("!I", own_ssrc) + block
