"""What a client needs for video: layers that send real VP8, and the reports of a viewer."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Collection

from tests.support.rtc_client import RtcClient, RtpPacket
from tests.support.vp8 import FRAME_TICKS, Encoder, Frame, colours, is_keyframe, payloads
from voicechat.rtc.negotiation import MID_EXTENSION, RID_EXTENSION

VP8, VP8_RTX = 96, 97
_NO_FEEDBACK_SSRC = 1


class Layer:
    """One stream of pictures a client sends under an SSRC of its own.

    Unless `says_mid`, its packets do not name their section, so the answer must name the SSRC.
    """

    def __init__(
        self,
        client: RtcClient,
        mid: str,
        rid: str = "",
        *,
        ssrc: int | None = None,
        width: int = 160,
        says_mid: bool = True,
    ) -> None:
        self.client, self.mid, self.rid, self.says_mid = client, mid, rid, says_mid
        self.pt = VP8
        self.ssrc = ssrc or 1 + secrets.randbelow(0xFFFF_FFFE)
        self.encoder = Encoder(width, width * 9 // 16)
        self.seq, self.timestamp = secrets.randbelow(1 << 15), secrets.randbelow(1 << 31)
        self.picture_id, self.tl0 = secrets.randbelow(1 << 15), secrets.randbelow(256)
        self.sent: list[bytes] = []  # encrypted, in order

    async def show(self, colour: int, *, key: bool = False, lose: Collection[int] = ()) -> Frame:
        """Send one picture; the packets with the numbers `lose` are kept back."""
        frame = self.encoder.encode(colour, key=key)
        pieces = payloads(frame, self.picture_id, self.tl0)
        for number, piece in enumerate(pieces):
            wire = self._packet(piece, is_last=number == len(pieces) - 1)
            self.sent.append(wire)
            if number not in lose:
                await self.client.send(wire)
        self.timestamp = (self.timestamp + FRAME_TICKS) & 0xFFFF_FFFF
        self.picture_id, self.tl0 = (self.picture_id + 1) & 0x7FFF, (self.tl0 + 1) & 0xFF
        return frame

    def _packet(self, payload: bytes, *, is_last: bool) -> bytes:
        named = b""
        if self.says_mid:
            named += bytes([MID_EXTENSION << 4 | len(self.mid) - 1]) + self.mid.encode()
        if self.rid:
            named += bytes([RID_EXTENSION << 4 | len(self.rid) - 1]) + self.rid.encode()
        named += bytes(-len(named) % 4)
        header = struct.pack("!BBHII", 0x90, self.pt | is_last << 7, self.seq, self.timestamp, self.ssrc)
        self.seq = (self.seq + 1) & 0xFFFF
        return self.client.protect(header + struct.pack("!HH", 0xBEDE, len(named) // 4) + named + payload)

    def keyframes_asked(self) -> int:
        """Count the picture loss indications that came for this layer (RFC 4585 §6.3.1)."""
        wanted = struct.pack("!I", self.ssrc)
        return sum(
            packet[0] & 31 == 1 and packet[1] == 206 and packet[8:12] == wanted
            for compound in self.client.rtcp
            for packet in split_rtcp(compound)
        )


def split_rtcp(compound: bytes) -> list[bytes]:
    """Split a compound packet (RFC 3550 §6.1)."""
    packets = []
    while compound:
        length = 4 * (struct.unpack_from("!H", compound, 2)[0] + 1)
        packets.append(compound[:length])
        compound = compound[length:]
    return packets


def picture_loss(client: RtcClient, mid: str) -> bytes:
    """Ask for a keyframe in the section `mid`."""
    return struct.pack("!BBHII", 0x81, 206, 2, _NO_FEEDBACK_SSRC, client.server.slot_ssrcs[mid])


def missing(client: RtcClient, mid: str, seq: int) -> bytes:
    """Ask for the packet `seq` of the section `mid` again (RFC 4585 §6.2.1)."""
    ssrc = client.server.slot_ssrcs[mid]
    return struct.pack("!BBHIIHH", 0x81, 205, 3, _NO_FEEDBACK_SSRC, ssrc, seq, 0)


def losses(client: RtcClient, mid: str, fraction: float, highest_seq: int) -> bytes:
    """Report the share of a section's packets that was lost (RFC 3550 §6.4.2)."""
    ssrc = client.server.slot_ssrcs[mid]
    block = struct.pack("!IIIIII", ssrc, int(fraction * 256) << 24, highest_seq, 0, 0, 0)
    return struct.pack("!BBHI", 0x81, 201, 7, _NO_FEEDBACK_SSRC) + block


def receiver_limit(client: RtcClient, mid: str, bits_per_s: int) -> bytes:
    """Say how much may be sent to this client (draft-alvestrand-rmcat-remb-03)."""
    exponent = max(0, bits_per_s.bit_length() - 18)
    body = struct.pack("!II", _NO_FEEDBACK_SSRC, 0) + b"REMB"
    body += struct.pack("!I", 1 << 24 | exponent << 18 | bits_per_s >> exponent)
    return struct.pack("!BBH", 0x8F, 206, 5) + body + struct.pack("!I", client.server.slot_ssrcs[mid])


def limits_told(client: RtcClient) -> list[int]:
    """Return how much the client was told so far that it may send, in bits per second."""
    found = [
        packet for compound in client.rtcp for packet in split_rtcp(compound) if packet[12:16] == b"REMB"
    ]
    rates = [struct.unpack_from("!I", packet, 16)[0] for packet in found]
    return [(rate & 0x3FFFF) << (rate >> 18 & 0x3F) for rate in rates]


def seen(packets: list[RtpPacket]) -> list[int]:
    """Decode what came in a section; return the colours of the pictures."""
    return colours((packet.payload, packet.marker) for packet in packets)


def begins_with_keyframe(packets: list[RtpPacket]) -> bool:
    """Tell whether the first packet begins a keyframe."""
    return is_keyframe(packets[0].payload)
