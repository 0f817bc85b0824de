"""Write the seed inputs of the fuzz targets: small, whole, hand-made packets and scripts of them.

python native/fuzz/make_corpus.py      # rewrites native/fuzz/corpus/
"""

from __future__ import annotations

import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def rtp(
    ssrc: int,
    *,
    first: int = 0x80,
    second: int = 111,
    middle: bytes = b"",
    tail: bytes = b"payload",
    seq: int = 7,
) -> bytes:
    return struct.pack("!BBHII", first, second, seq, 960 * (seq - 6) % 2**32, ssrc) + middle + tail


def rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def stun(username: bytes) -> bytes:
    padded = username + bytes(-len(username) % 4)
    attributes = struct.pack("!HHI", 0x24, 4, 1) + struct.pack("!HH", 6, len(username)) + padded
    return struct.pack("!HHI12s", 1, len(attributes), 0x2112A442, b"transaction!") + attributes


ONE_BYTE = struct.pack("!HH", 0xBEDE, 2) + bytes([0x10, 0x9E, 0x41, 1, 2, 0, 0, 0])
TWO_BYTE = struct.pack("!HH", 0x1000, 2) + bytes([4, 2, 1, 2, 1, 1, 0x9E, 0])
BLOCK = struct.pack("!IIIIII", 200, 0x40000001, 9, 3, 0x12345678, 65536)
SENDER = struct.pack("!IIIIII", 100, 0xE0000000, 0, 960, 1, 7)

PACKETS = {
    "rtp": rtp(100),
    "rtp_level": rtp(100, first=0x90, middle=ONE_BYTE),
    "rtp_two_byte": rtp(101, first=0x90, middle=TWO_BYTE),
    "rtp_csrc_padding": rtp(100, first=0xB2, middle=b"csrc" * 2 + ONE_BYTE, tail=b"payload\0\0\3"),
    "rtp_empty_extension": rtp(100, first=0x90, middle=struct.pack("!HH", 0xBEDE, 0)),
    "rtp_padding_only": rtp(100, first=0xA0, tail=b"\0\0\0\4"),
    "rtcp_sr": rtcp(200, 1, SENDER + BLOCK) + rtcp(202, 1, struct.pack("!IBB6s", 100, 1, 5, b"cname")),
    "rtcp_rr": rtcp(201, 2, struct.pack("!I", 1) + BLOCK + BLOCK),
    "rtcp_rr_empty": rtcp(201, 0, struct.pack("!I", 1)),
    "rtcp_bye": rtcp(201, 0, struct.pack("!I", 1)) + rtcp(203, 2, struct.pack("!II", 100, 101)),
    "rtcp_feedback": rtcp(205, 1, struct.pack("!IIHH", 1, 100, 7, 0xFFFF)) + rtcp(206, 1, bytes(8)),
    "rtcp_nack": rtcp(205, 1, struct.pack("!IIHHHH", 1, 201, 7, 0xFFFF, 0xFFFF, 0)),
    "rtcp_nack_long": rtcp(205, 1, struct.pack("!II", 1, 201) + struct.pack("!HH", 0, 0xFFFF) * 300),
    "rtcp_remb": rtcp(206, 15, struct.pack("!II4sBBHI", 1, 0, b"REMB", 1, 0x0F, 0xFFFF, 201)),
    "rtcp_padding": bytes([0xA0]) + rtcp(201, 0, struct.pack("!I", 1) + b"\0\0\0\4")[1:],
    "stun": stun(b"ours:theirs"),
    "stun_unknown": stun(b"others:theirs"),
    "dtls": b"\x16\xfe\xff" + bytes(8) + b"\0\4" + b"body",
    "turn_channel": b"\x40\0\0\4body",
}


def step(op: int, payload: bytes, wait: int = 1) -> bytes:
    return bytes([wait << 3 | op]) + struct.pack("!H", len(payload)) + payload


def frame(payload: bytes) -> bytes:
    return struct.pack("!H", len(payload)) + payload


def command(*numbers: int) -> bytes:
    return step(3, bytes(numbers))


# A connection whose first byte has come, which is then a way of peer 0's, and the one it prefers.
OVER_TCP = [command(16, 0, 0, 0, 0, 0, 1, 0), command(4, 0, 0, 0, 0, 0, 1), command(6, 0, 0, 0, 0, 0, 1)]

SCRIPTS = {
    "everything_from_everyone": b"".join(step(op, p) for p in PACKETS.values() for op in (0, 1, 2, 5)),
    "churn": b"".join(
        [step(2, rtp(101, first=0x90, middle=ONE_BYTE)), command(11, 0, 1, 1), command(14, 0, 0, 0),
         step(2, rtp(101)), command(5, 1, 0, 0, 1), step(2, rtp(101)), command(4, 2, 0, 0, 1),
         command(0, 2), command(4, 2, 0, 0, 1), command(7, 2), command(9, 2, 5, 1), command(14, 0, 1, 5),
         command(1, 0), step(2, rtp(101)), command(10, 0, 5), command(13, 0, 1), command(1, 1)]
    ),
    "all_commands": b"".join(command(op, p, p, p ^ 1, 3) for op in range(31) for p in (2, 3, 0, 1)),
    "flows": b"".join(
        [command(16, 2, 3, 0, 0, 0, 1), command(4, 1, 0, 0, 0, 0, 1), step(2, rtp(101)), step(1, rtp(100)),
         command(16, 20, *b"frame of twenty bytes", 0, 0),
         command(4, 0, 0, 0, 1, 0, 1), command(6, 0, 0, 0, 1, 0, 1),
         step(2, rtp(101)), command(17, 0, 0, 0, 1), step(2, rtp(101)), command(1, 1)]
    ),
    "flow_of_a_member": b"".join(
        [*OVER_TCP, command(30, *frame(rtp(100) + b"OKAY")[1:]),
         step(2, rtp(101), 2), command(30, *frame(rtp(100, seq=8) + b"OKAY")), step(2, rtp(101, seq=8)),
         command(30, *frame(rtcp(201, 0, b"none") + b"OKAY") * 3), step(2, rtp(101, seq=9)),
         command(17, 0, 0, 0, 0, 0, 1), step(2, rtp(101, seq=10))]
    ),
    "flow_that_ends": b"".join(
        [*OVER_TCP[1:], command(16, 0, 0, 0, 0, 0, 1, *frame(rtp(100) + b"OKAY"), *frame(b"even")),
         *(step(2, rtp(101, seq=number)) for number in range(8))]
    ),
    "flow_of_strangers": command(16, 0, 0, 0, 3, 0, 1, *frame(PACKETS["stun"]) * 9, 0)
    + command(16, 0, 0, 0, 2, 0, 1, *frame(PACKETS["stun_unknown"]), *frame(b""))
    + command(16, 0, 0, 0, 2, 0, 1, 0xFF, 0xFF),
    "looked_back": command(15, 0, 0)
    + b"".join(step(2, rtp(101, first=0x90, middle=ONE_BYTE, seq=number)) for number in range(1, 6))
    + command(14, 0, 0, 1, 1)
    + step(2, rtp(101, first=0x90, middle=ONE_BYTE, seq=6)),
    "asked_again": b"".join(
        step(2, rtp(101, first=0x90, middle=ONE_BYTE, seq=number)) + command(25, 0, 0, back, 0xFF, 0xFF)
        for number, back in enumerate((0, 0, 1, 5, 200, 8, 3, 1))
    ),
    "redundancy": command(27, 0, 0, 2, 63)
    + b"".join(
        step(2, rtp(101, first=0x90, middle=ONE_BYTE, tail=bytes(length), seq=number))
        + command(25, 0, 0, back, 0xFF, 0xFF)
        for number, length, back in (
            (1, 7, 0), (2, 80, 1), (3, 0, 2), (4, 3, 4), (5, 600, 5), (6, 590, 2), (7, 1023, 3), (8, 1024, 4),
            (9, 1, 9), (11, 2, 5), (10, 3, 6), (12, 4, 1), (13, 5, 2),
        )
    )
    + command(27, 0, 0, 1, 64)
    + command(25, 0, 0, 3, 0xFF, 0xFF)
    + step(2, rtp(101, seq=14)),
    "transport_wide": command(18, 1, 0, 3)
    + b"".join(
        step(2, rtp(101, first=0x90, middle=struct.pack("!HHBHB", 0xBEDE, 1, 0x31, number, 0), seq=number), 5)
        for number in (1, 2, 3, 9, 7, 65535, 200, 100, 0)
    ),
    "holes": b"".join(
        step(2, rtp(101, first=0x90, middle=ONE_BYTE, seq=number)) + step(1, rtp(100, seq=number), 0)
        for number in (1, 4, 3, 30, 21, 25, 20, 200, 201, 65535)
    ),
    "strays": b"".join(
        [step(4, rtp(101, seq=900)), step(4, rtp(100, first=0x90, middle=ONE_BYTE, seq=900)),
         step(0, rtp(101, seq=901)),
         step(0, struct.pack("!HHI12s", 0x0101, 0, 0x2112A442, bytes(12))),
         step(0, struct.pack("!HHI12s", 0x0101, 12, 0x2112A442, b"\0\0\0\1response") + bytes(12)),
         step(0, struct.pack("!HHI12s", 0x0101, 0, 0x2112A442, b"\xff" * 12))]
    ),
    "long_silence": step(2, rtp(101), 31) * 40,
}  # fmt: skip


def video(payload: bytes, *, pt: int = 96, ssrc: int = 300, seq: int = 7, names: bytes = b"") -> bytes:
    middle = struct.pack("!HH", 0xBEDE, len(names) // 4) + names if names else b""
    return rtp(ssrc, first=0x90 if names else 0x80, second=pt | 0x80, middle=middle, tail=payload, seq=seq)


VP8_KEY, VP8_DELTA = bytes.fromhex("90c0812345600000"), bytes.fromhex("90c0812445610100")
VP9_KEY, VP9_DELTA = bytes.fromhex("a8812300420000"), bytes.fromhex("e8812400430000")
H264_KEY, H264_DELTA = bytes.fromhex("780005674200010002680100056588840001"), bytes.fromhex("4188840001")
AV1_KEY, AV1_DELTA = bytes.fromhex("180a0d00000024c4ffdf00680210"), bytes.fromhex("1032000102")
HIGH, LOW = (
    bytes.fromhex("4076506800000000")[:8],
    bytes.fromhex("4076506c00000000")[:8],
)  # MID v with RID h, l
CODEC = {
    "vp8_key": VP8_KEY,
    "vp8_delta": VP8_DELTA,
    "vp8_short_id": bytes.fromhex("90802300"),
    "vp8_only_descriptor": bytes.fromhex("90f081234561"),
    "vp8_cut_in_id": bytes.fromhex("908081"),
    "vp8_plain": bytes.fromhex("1000"),
    "vp9_key": VP9_KEY,
    "vp9_delta": VP9_DELTA,
    "vp9_flexible": bytes.fromhex("b88123000102"),
    "vp9_only_descriptor": bytes.fromhex("a8812300"),
    "h264_key": H264_KEY,
    "h264_delta": H264_DELTA,
    "h264_fragment": bytes.fromhex("7c8588840001"),
    "h264_aggregate_lies": bytes.fromhex("78ffff6742"),
    "h264_aggregate_of_nothing": bytes.fromhex("780000"),
    "av1_key": AV1_KEY,
    "av1_delta": AV1_DELTA,
    "av1_length_without_end": bytes.fromhex("08ffffffffffff"),
    "av1_length_beyond_end": bytes.fromhex("087f0a0d"),
    "av1_delimiter_first": bytes.fromhex("28021200020a0d0032"),
    "nothing": b"",
    "one_byte": b"\x90",
}


def arrivals(apart_ms: int, rounds: int = 40) -> bytes:
    """A packet of video every 20 ms, and peer 0 tells of each that it came so long after the one before."""
    told = b""
    for number in range(rounds):
        at_ms = 1000 + number * apart_ms
        reference, rest = divmod(at_ms, 64)
        told += step(2, video(VP8_KEY if number == 0 else VP8_DELTA, seq=number))
        told += command(26, 0, 0, 1, *struct.pack("!IHB", reference << 8 | number, 0x2001, rest * 4)[:7])
    return command(23, 0, 0, 50) + told


RTX = struct.pack("!H", 6) + VP8_KEY

PICTURES = {
    "video": b"".join(
        step(2, video(VP8_KEY if number % 4 == 0 else VP8_DELTA, seq=number), 1) for number in range(12)
    )
    + command(24, 0, 2, 0)
    + command(25, 0, 2, 3, 0xFF, 0xFF),
    "video_layers": b"".join(
        [step(2, video(VP8_KEY, seq=1, names=HIGH)), step(2, video(VP8_KEY, ssrc=310, seq=1, names=LOW)),
         command(14, 0, 2, 3), step(2, video(VP8_DELTA, seq=2)), command(24, 0, 2, 9),
         step(2, video(VP8_KEY, ssrc=310, seq=2, names=LOW), 30), step(2, video(VP8_DELTA, seq=3)),
         step(2, video(VP8_DELTA, ssrc=310, seq=3)), command(14, 0, 2, 2), step(2, video(VP8_KEY, seq=4), 30),
         command(25, 0, 2, 2, 0xFF, 0xFF), command(25, 0, 2, 2, 0xFF, 0xFF), command(10, 0, 2),
         command(13, 0, 2)]
    ),
    "video_codecs": b"".join(
        step(2, video(payload, pt=pt, seq=number))
        for number, (pt, payload) in enumerate(
            [(96, VP8_KEY), (98, VP9_KEY), (98, VP9_DELTA), (100, H264_KEY), (100, H264_DELTA),
             (102, AV1_KEY), (102, AV1_DELTA), (96, b""), (96, b"\x90"), (98, b"\xa8"),
             (100, b"\x78\xff\xff"), (102, b"\x08\xff")]
        )
    ),
    "video_repair": command(19, 1, 4, 1, 1, 2, 0) + command(23, 0, 0, 30)
    + b"".join(step(2, video(VP8_KEY, seq=number)) for number in (1, 2, 5, 9, 8))
    + step(2, video(RTX, pt=97, ssrc=301, seq=1)) + step(2, video(b"\0", pt=97, ssrc=301, seq=2))
    + step(2, video(b"", pt=97, ssrc=301, seq=3))
    + step(5, rtcp(205, 15, struct.pack("!IIHHI", 1, 400, 0, 5, 1) + bytes.fromhex("2005010101010100"))),
    "limits": command(28, 1, 0, 200)
    + b"".join(step(2, video(VP8_KEY, seq=number), 5) for number in (1, 2, 3, 9, 30, 31, 8, 2000, 40000, 1))
    + command(28, 1, 0, 0) + step(2, video(VP8_KEY, seq=2), 31) + command(28, 1, 0, 9),
    "probes": command(23, 0, 0, 30) + command(29, 0, 0, 50)
    + b"".join(
        step(2, video(VP8_KEY, seq=number), 2) + command(26, 0, 0, count, 32, count) + step(3, bytes(3), wait)
        for number, (count, wait) in enumerate([(1, 31), (1, 31), (1, 1), (9, 1), (15, 1), (15, 2), (1, 31)])
    )
    + command(29, 0, 0, 0) + step(0, b"", 31) + command(29, 0, 0, 9) + command(1, 0),
    "estimates": command(23, 0, 0, 50)
    + b"".join(
        step(2, video(VP8_KEY, seq=number)) + command(26, 0, 0, count, *bytes.fromhex(told))
        for number, (count, told) in enumerate(
            [(1, "20010000000501"), (3, "200300000105010101"), (2, "40020000028000007fff"),
             (4, "00047fffff00"), (4, "d54080000000010203"), (5, "3fff00000001"), (9, "0001"), (0, "")]
        )
    ),
    "flow_with_video": b"".join(OVER_TCP) + b"".join(
        step(2, video(VP8_KEY, seq=number)) + step(2, rtp(101, tail=bytes(1400), seq=number))
        for number in range(24)
    )
    + command(30) * 3,
    "arrivals_steady": arrivals(20),
    "arrivals_slower": arrivals(30),
    "arrivals_faster": arrivals(10),
    "arrivals_slower_then_not": arrivals(28, rounds=24) + arrivals(20, rounds=24),
    "video_too_much": command(21, 0, 2, 1)
    + b"".join(step(2, video(VP8_KEY + bytes(1000), seq=number), 0) for number in range(9)),
}  # fmt: skip


GLUED = b"".join(frame(packet) for packet in PACKETS.values())
STREAMS = {  # the first byte is the size of the reads, 0 = all at once
    "glued": bytes([0]) + GLUED,
    "byte_by_byte": bytes([1]) + GLUED,
    "in_sevens": bytes([7]) + GLUED + GLUED,
    "longest": bytes([255]) + frame(bytes(1500)) * 4,
    "too_long": bytes([3]) + frame(b"fine") + frame(bytes(1501)),
    "empty_frame": bytes([0]) + frame(b"fine") + frame(b"") + frame(b"never"),
    "unfinished": bytes([2]) + frame(b"fine") + frame(b"cut")[:-1],
    "all_ones": bytes([0]) + b"\xff" * 64,
}


def attribute(kind: int, value: bytes, *, claimed: int | None = None) -> bytes:
    padding = bytes(-len(value) % 4)
    return struct.pack("!HH", kind, len(value) if claimed is None else claimed) + value + padding


def binding(attributes: bytes, *, kind: int = 1, claimed: int | None = None) -> bytes:
    length = len(attributes) if claimed is None else claimed
    return struct.pack("!HHI12s", kind, length, 0x2112A442, b"transaction!") + attributes


NAME = attribute(6, b"ours:theirs")
STUN = {  # besides those above: what broke other servers, see docs/design/attacks.md
    "whole": binding(NAME + attribute(8, bytes(20)) + attribute(0x8028, bytes(4))),
    "name_last": binding(
        attribute(0x24, bytes(4)) + attribute(0x802A, bytes(8)) + attribute(0x25, b"") + NAME
    ),
    "names_twice": binding(NAME + attribute(6, b"others:theirs")),
    "length_beyond_end": binding(NAME, claimed=400),
    "length_before_end": binding(NAME, claimed=8),
    "length_not_of_four": binding(NAME, claimed=15),
    "attribute_beyond_end": binding(attribute(6, b"ours:theirs", claimed=0xFFFF)),
    "padding_beyond_end": binding(struct.pack("!HH", 6, 5) + b"our:t"),
    "no_attributes": binding(b""),
    "half_an_attribute": binding(b"\0\6"),
    "name_without_colon": binding(attribute(6, b"ours")),
    "name_empty": binding(attribute(6, b"")),
    "ufrag_too_long": binding(attribute(6, b"o" * 17 + b":t")),
    "ufrag_longest": binding(attribute(6, b"o" * 16 + b":t")),
    "response": binding(attribute(0x20, bytes(8)), kind=0x0101),
    "error_short": binding(attribute(9, b"\0\0\4"), kind=0x0111),
    "other_method": binding(NAME, kind=3),
    "other_cookie": binding(NAME)[:4] + b"\0\0\0\0" + binding(NAME)[8:],
}

LEVELS = bytes([0x10, 0x9E, 0x00, 0x22, 1, 2, 3, 0xF0])
RTP = {
    "padding_none": rtp(100, first=0xA0, tail=b"data\0"),
    "padding_all": rtp(100, first=0xA0, tail=b"\0\0\0\0\5"),
    "padding_more_than_all": rtp(100, first=0xA0, tail=b"\0\0\0\0\6"),
    "padding_of_nothing": rtp(100, first=0xA0, tail=b""),
    "csrcs_beyond_end": rtp(100, first=0x8F, tail=b"only"),
    "extension_beyond_end": rtp(100, first=0x90, middle=struct.pack("!HH", 0xBEDE, 0xFFFF)),
    "extension_cut": rtp(100, first=0x90, middle=b"\xbe\xde", tail=b""),
    "element_beyond_end": rtp(100, first=0x90, middle=struct.pack("!HHBBH", 0xBEDE, 1, 0x1F, 1, 0)),
    "element_fifteen_ends": rtp(100, first=0x90, middle=struct.pack("!HH", 0xBEDE, 2) + LEVELS),
    "two_byte_beyond_end": rtp(100, first=0x90, middle=struct.pack("!HHBBH", 0x1000, 1, 1, 200, 0)),
    "two_byte_empty": rtp(100, first=0x90, middle=struct.pack("!HHBBBB", 0x100F, 1, 1, 0, 2, 0)),
    "other_profile": rtp(100, first=0x90, middle=struct.pack("!HHI", 0x1234, 1, 0)),
    "last_numbers": rtp(0xFFFFFFFF, second=0xFF, seq=65535),
    "opus_dtx": rtp(100, tail=b"\x78"),
    "longest": rtp(100, tail=bytes(1488)),
}


def told_of_many(apart_250_us: int) -> bytes:
    """Transport-wide feedback on 250 packets that came so far apart."""
    body = struct.pack("!IIHHI", 1, 201, 65400, 250, 1 << 8) + struct.pack("!H", 0x2000 | 250)
    return rtcp(205, 15, body + bytes([apart_250_us]) * 250)


RTCP = {
    "count_lies": bytes([0x9F]) + rtcp(201, 0, struct.pack("!I", 1))[1:],
    "length_lies": struct.pack("!BBHI", 0x80, 201, 0xFFFF, 1),
    "length_zero": struct.pack("!BBH", 0x81, 200, 0),
    "sr_short": rtcp(200, 0, bytes(16)),
    "sr_of_31": rtcp(200, 31, SENDER + BLOCK * 31),
    "bye_of_31": rtcp(203, 31, struct.pack("!I", 7) * 31),
    "bye_of_none": rtcp(203, 0, b""),
    "bye_with_reason": rtcp(203, 1, struct.pack("!I", 7) + b"\3bye"),
    "nack_without_item": rtcp(205, 1, struct.pack("!II", 1, 201)),
    "nack_without_ssrc": rtcp(205, 1, struct.pack("!I", 1)),
    "nack_around": rtcp(205, 1, struct.pack("!IIHH", 1, 201, 0xFFFF, 0xFFFF)),
    "twcc": rtcp(205, 15, struct.pack("!IIHHI", 1, 201, 7, 3, 1) + b"\x20\x03\1\1\1\0"[:4] + bytes(4)),
    "twcc_steady": told_of_many(4),
    "twcc_slower": told_of_many(6) * 3,
    "twcc_faster": told_of_many(2),
    "twcc_in_two_bits": rtcp(
        205,
        15,
        struct.pack("!IIHHI", 1, 201, 65400, 14, 1 << 8)
        + struct.pack("!H", 0xC000 | 0b01_10_01_00_01_01_10)
        + struct.pack("!H", 0x8000 | 0b01111100000011)
        + struct.pack("!BhBBBh", 1, -500, 9, 0, 255, 32767)
        + bytes(8),
    ),
    "twcc_counts_lie": rtcp(205, 15, struct.pack("!IIHHI", 1, 201, 7, 0xFFFF, 1) + b"\x3f\xff\x5f\xff"),
    "pli": rtcp(206, 1, struct.pack("!II", 1, 201)),
    "fir": rtcp(206, 4, struct.pack("!IIIBxxx", 1, 0, 201, 9)),
    "remb": rtcp(206, 15, struct.pack("!II4sBBHI", 1, 0, b"REMB", 1, 0x07, 0xFFFF, 201)),
    "remb_of_none": rtcp(206, 15, struct.pack("!II4sBBH", 1, 0, b"REMB", 0, 0x07, 0xFFFF)),
    "remb_overflows": rtcp(206, 15, struct.pack("!II4sBBHI", 1, 0, b"REMB", 1, 0xFF, 0xFFFF, 201)),
    "remb_too_long": rtcp(206, 15, struct.pack("!II4sBBHII", 1, 0, b"REMB", 1, 0x07, 0xFFFF, 201, 202)),
    "remb_cut_off": rtcp(206, 15, struct.pack("!II4s", 1, 0, b"REMB")),
    "remb_zero": rtcp(206, 15, struct.pack("!II4sBBHI", 1, 0, b"REMB", 1, 0xFC, 0, 201)),
    "remb_of_others": rtcp(206, 15, struct.pack("!II4sBBHI", 1, 0, b"BMER", 1, 0x07, 0xFFFF, 201)),
    "remb_counts_lie": rtcp(206, 15, struct.pack("!II4sBBH", 1, 0, b"REMB", 255, 0xFF, 0xFFFF)),
    "sdes_unended": rtcp(202, 2, struct.pack("!IBB", 100, 1, 255) + b"no"),
    "xr": rtcp(207, 0, struct.pack("!IBBHII", 1, 4, 0, 2, 5, 6)),
    "padding_lies": bytes([0xA0]) + rtcp(201, 0, struct.pack("!I", 1) + b"\0\0\0\xff")[1:],
    "padding_none": bytes([0xA0]) + rtcp(201, 0, struct.pack("!I", 1) + b"\0\0\0\0")[1:],
    "padding_not_last": bytes([0xA0])
    + rtcp(201, 0, struct.pack("!I", 1) + b"\0\0\0\4")[1:]
    + rtcp(203, 0, b""),
    "app": rtcp(204, 0, b"aaaaname"),
    "version_one": bytes([0x40]) + rtcp(201, 0, struct.pack("!I", 1))[1:],
}


def of_kind(*starts: str) -> dict[str, bytes]:
    return {name: data for name, data in PACKETS.items() if name.startswith(starts)}


TARGETS = {
    "stun": {**of_kind("stun", "dtls", "turn"), **STUN},
    "rtp": {**of_kind("rtp"), **RTP},
    "rtcp": {**of_kind("rtcp"), **RTCP},
    "frames": STREAMS,
    "codec": CODEC,
    "engine": {**SCRIPTS, **PICTURES},
}


def main() -> None:
    for folder, inputs in TARGETS.items():
        (CORPUS / folder).mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (CORPUS / folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
