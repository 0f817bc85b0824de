"""A publisher of video by hand: VP8 packets that name their layer, and what viewers say about them."""

from __future__ import annotations

import struct

from voicechat.media.engine import UNNAMED_SSRC

from .conftest import Running
from .fake_peer import FakePeer, Rtp
from .test_reports import packets

VP8, VP9, H264, AV1 = 96, 98, 102, 45
RTX = 97
MID_EXT, RID_EXT, TRANSPORT_EXT = 4, 5, 3
PSFB, PLI, FIR = 206, 1, 4


def vp8(
    picture: int, *, key: bool = False, tl0: int = 0, data: bytes = b"picture", starts: bool = True
) -> bytes:
    """One packet of a VP8 frame: descriptor with picture id (15 bits) and TL0PICIDX, then the frame."""
    descriptor = struct.pack("!BBHBB", 0x90 if starts else 0x80, 0xE0, 0x8000 | picture, tl0, 0)
    return descriptor + bytes([0 if key else 1]) + data


def read_vp8(payload: bytes) -> tuple[int, int, bytes]:
    """Return (picture id, TL0PICIDX, data)."""
    return int.from_bytes(payload[2:4], "big") & 0x7FFF, payload[4], payload[7:]


def named(mid: str, rid: str, *, two_byte: bool = False) -> bytes:
    """A header extension with MID and RID, in either form of RFC 8285."""
    pairs = [(MID_EXT, mid.encode()), (RID_EXT, rid.encode())]
    if two_byte:
        body = b"".join(bytes([number, len(text)]) + text for number, text in pairs if text)
    else:
        body = b"".join(bytes([number << 4 | len(text) - 1]) + text for number, text in pairs if text)
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", 0x1000 if two_byte else 0xBEDE, len(body) // 4) + body


class Layer:
    """One encoding of a camera."""

    def __init__(self, peer: FakePeer, track: int, ssrc: int, mid: str, rid: str) -> None:
        self.peer, self.track, self.ssrc, self.mid, self.rid = peer, track, ssrc, mid, rid
        self.seq, self.ts, self.picture = 30_000 + ssrc, ssrc * 10_000, ssrc
        self.is_named = True
        self.two_byte = False

    def packet(
        self, payload: bytes, *, pt: int = VP8, marker: bool = True, seq: int | None = None, padding: int = 0
    ) -> bytes:
        """A protected packet; the next in order unless `seq` is given."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        ext = named(self.mid, self.rid, two_byte=self.two_byte) if self.is_named else b""
        first = 0x80 | (0x10 if ext else 0) | (0x20 if padding else 0)
        header = struct.pack("!BBHII", first, marker << 7 | pt, seq & 0xFFFF, self.ts & 0xFFFFFFFF, self.ssrc)
        tail = bytes(padding - 1) + bytes([padding]) if padding else b""
        return self.peer.tx.protect(header + ext + payload + tail)

    async def show(self, *, key: bool = False, data: bytes = b"picture") -> None:
        """Send the next picture, of one packet."""
        self.ts += 3000
        self.picture = self.picture + 1 & 0x7FFF
        await self.peer.send(self.packet(vp8(self.picture, key=key, tl0=self.picture & 0xFF, data=data)))


async def camera(running: Running, *, rids: tuple[str, ...] = ("h", "l"), mid: str = "v") -> list[Layer]:
    """A peer that publishes one video in layers, none of whose SSRCs the engine knows."""
    peer = await running.peer(publish=False)
    layers = []
    for number, rid in enumerate(rids):
        track = running.engine.video_add(peer.handle, ssrc=UNNAMED_SSRC, mid=mid, rid=rid)
        layers.append(Layer(peer, track, peer.ssrc + number, mid, rid))
    await running.engine.settled()
    return layers


async def viewer(running: Running, ssrc: int = 7000, *, rtx_ssrc: int = 7001) -> tuple[FakePeer, int]:
    """A peer with one slot for video."""
    peer = await running.peer(publish=False)
    slot = running.engine.video_slot_add(peer.handle, ssrc=ssrc, rtx_ssrc=rtx_ssrc, cname="viewer")
    await running.engine.settled()
    return peer, slot


async def watching(running: Running, *, rtx_ssrc: int = 7001) -> tuple[list[Layer], FakePeer, int]:
    """A camera of two layers, and a viewer who has just been sent a keyframe of the first."""
    layers = await camera(running)
    peer, slot = await viewer(running, rtx_ssrc=rtx_ssrc)
    running.engine.route_set(slot, layers[0].track)
    await running.engine.settled()
    await layers[0].show(key=True)
    assert (await peer.hear()).ssrc == 7000
    return layers, peer, slot


def request(kind: int, ssrc: int, fir_seq: int = 0) -> bytes:
    """A PLI or FIR about `ssrc`."""
    body = struct.pack("!II", 4711, ssrc)
    if kind == FIR:
        body = struct.pack("!IIIBxxx", 4711, 0, ssrc, fir_seq)
    return struct.pack("!BBH", 0x80 | kind, PSFB, len(body) // 4) + body


async def requests(peer: FakePeer) -> list[int]:
    """The SSRCs of the next compound that asks for keyframes."""
    while True:
        asked = [
            int.from_bytes(body[4:8], "big")
            for kind, count, body in packets(await peer.hear_rtcp())
            if (kind, count) == (PSFB, PLI)
        ]
        if asked:
            return asked


__all__ = [
    "AV1", "FIR", "H264", "PLI", "RTX", "VP8", "VP9", "Layer", "Rtp", "camera", "named", "read_vp8",
    "request", "requests", "viewer", "vp8", "watching",
]  # fmt: skip
