"""Real VP8: pictures of one colour, encoded, cut into RTP payloads and decoded again (RFC 7741)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

FRAME_TICKS = 3000  # thirty a second
_MTU = 1100


@dataclass(frozen=True)
class Frame:
    """An encoded picture, by its colour (luma 16 to 235)."""

    colour: int
    data: bytes

    @property
    def is_key(self) -> bool:
        """Whether it can be decoded without those before (RFC 7741 §4.3)."""
        return not self.data[0] & 1


class Encoder:
    """Encodes pictures; each is a keyframe when asked for."""

    def __init__(self, width: int = 160, height: int = 90) -> None:
        self._size = width, height
        self._context = av.CodecContext.create("libvpx", "w")
        assert isinstance(self._context, av.VideoCodecContext)
        self._context.width, self._context.height, self._context.pix_fmt = width, height, "yuv420p"
        self._context.time_base = Fraction(1, 30)
        self._context.bit_rate = 200_000
        self._context.options = {"deadline": "realtime", "lag-in-frames": "0", "g": "100000"}
        self._pts = 0

    def encode(self, colour: int, *, key: bool = False) -> Frame:
        """Encode one picture of one colour with a little noise, so that frames have some size."""
        width, height = self._size
        noise = np.random.default_rng(self._pts).integers(-3, 4, (height, width))
        luma = np.clip(noise + colour, 16, 235).astype(np.uint8)
        planes = np.concatenate([luma.reshape(-1), np.full(width * height // 2, 128, np.uint8)])
        picture = av.VideoFrame.from_ndarray(planes.reshape(height * 3 // 2, width), format="yuv420p")
        picture.pts, self._pts = self._pts, self._pts + 1
        picture.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        (packet,) = self._context.encode(picture)
        return Frame(colour, bytes(packet))


def payloads(frame: Frame, picture_id: int, tl0: int) -> list[bytes]:
    """Cut a frame into RTP payloads, with a descriptor that has all its fields: 15 bits of picture id."""
    pieces = [frame.data[at : at + _MTU] for at in range(0, len(frame.data), _MTU)]
    tail = bytes([0xE0, 0x80 | picture_id >> 8 & 0x7F, picture_id & 0xFF, tl0 & 0xFF, 0x00])
    return [
        bytes([0x80 | (0x10 if number == 0 else 0)]) + tail + piece for number, piece in enumerate(pieces)
    ]


@dataclass(frozen=True)
class Descriptor:
    """What the first bytes of a payload say."""

    starts: bool
    picture_id: int
    tl0: int
    size: int

    @staticmethod
    def of(payload: bytes) -> Descriptor:
        """Read a descriptor as `payloads` writes it; a rewritten one has the same fields."""
        assert payload[0] & 0x80
        assert payload[1] & 0xC0 == 0xC0
        assert payload[2] & 0x80
        size = 5 + bool(payload[1] & 0x30)
        return Descriptor(bool(payload[0] & 0x10), (payload[2] & 0x7F) << 8 | payload[3], payload[4], size)


class Decoder:
    """Puts payloads together and decodes them."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libvpx", "r")
        assert isinstance(context, av.VideoCodecContext)
        self._context = context
        self._pending = b""

    def decode(self, payload: bytes, *, marker: bool) -> int | None:
        """Take a payload; return the colour of the picture that it ends."""
        descriptor = Descriptor.of(payload)
        self._pending = (b"" if descriptor.starts else self._pending) + payload[descriptor.size :]
        if not marker:
            return None
        (picture,) = self._context.decode(av.Packet(self._pending))
        return round(float(picture.to_ndarray()[: picture.height].mean()))


def is_keyframe(payload: bytes) -> bool:
    """Tell whether a payload begins a keyframe."""
    descriptor = Descriptor.of(payload)
    return descriptor.starts and not payload[descriptor.size] & 1


def colours(payloads_: Iterator[tuple[bytes, bool]]) -> list[int]:
    """Decode payloads, each with its marker, and return the colours seen."""
    decoder = Decoder()
    seen = (decoder.decode(payload, marker=marker) for payload, marker in payloads_)
    return [colour for colour in seen if colour is not None]
