"""What is sent, made beforehand, and what a tone's pitch is when it has arrived."""

from __future__ import annotations

import fractions
import itertools
import math
import struct
from collections.abc import Iterable

import av

RATE = 48_000
FRAME = 960
_PEAK = 9000  # about -11 dBFS
_LOUD = 500


def opus(hz: int) -> list[bytes]:
    """Encode a second of a sine: 50 packets of 20 ms, which may follow one another again and again."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = RATE, "stereo", "s16"
    packets = []
    for start in range(0, RATE, FRAME):
        frame = av.AudioFrame("s16", "stereo", FRAME)
        frame.sample_rate, frame.pts = RATE, start
        sines = (round(_PEAK * math.sin(2 * math.pi * hz * n / RATE)) for n in range(start, start + FRAME))
        frame.planes[0].update(b"".join(struct.pack("<hh", sine, sine) for sine in sines))
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def vp8() -> list[bytes]:
    """Encode three seconds of a picture that grows brighter, ten a second, a keyframe each second."""
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = 160, 120, "yuv420p"
    codec.time_base, codec.gop_size = fractions.Fraction(1, 10), 10
    codec.options = {"deadline": "realtime", "lag-in-frames": "0"}
    frames = []
    for number in range(30):
        picture = av.VideoFrame(160, 120, "yuv420p")
        picture.pts = number
        for plane in picture.planes:
            plane.update(bytes([8 * number]) * plane.buffer_size)
        frames += [bytes(packet) for packet in codec.encode(picture)]
    return frames


def pitch_of(packets: Iterable[bytes]) -> int:
    """Decode packets of Opus and return the pitch of what they hold in Hz; 0 for silence."""
    codec = av.CodecContext.create("opus", "r")
    mono = av.AudioResampler("s16", "mono", RATE)
    samples: list[int] = []
    for packet in packets:
        for decoded in codec.decode(av.Packet(packet)):
            for frame in mono.resample(decoded):
                samples += struct.unpack(f"<{frame.samples}h", bytes(frame.planes[0])[: 2 * frame.samples])
    settled = samples[-RATE * 2 // 5 :]
    if not settled or max(settled) < _LOUD:
        return 0
    rises = sum(before < 0 <= after for before, after in itertools.pairwise(settled))
    return round(rises * RATE / len(settled))
