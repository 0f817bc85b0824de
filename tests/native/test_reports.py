"""RTCP ends in the engine: what it reports, and what it makes of the reports of others."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import pytest

from voicechat.media.records import Bye

from .conftest import Running
from .fake_peer import FakePeer

Two = tuple[FakePeer, FakePeer]
NTP_EPOCH = 2208988800
SR, RR, SDES, BYE, RTPFB = 200, 201, 202, 203, 205


def packets(compound: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (type, count, body) of each packet, checking that the compound is whole."""
    while compound:
        first, kind, words = struct.unpack_from("!BBH", compound)
        assert first >> 6 == 2
        size = 4 * (words + 1)
        assert size <= len(compound)
        yield kind, first & 0x1F, compound[4:size]
        compound = compound[size:]


def ntp_now() -> float:
    return time.time() + NTP_EPOCH


def sender_report(ssrc: int, ntp: float, *blocks: bytes) -> bytes:
    body = struct.pack("!IIIIII", ssrc, int(ntp), int(ntp % 1 * 2**32), 0, 0, 0) + b"".join(blocks)
    return struct.pack("!BBH", 0x80 | len(blocks), SR, len(body) // 4) + body


def receiver_report(ssrc: int, *blocks: bytes) -> bytes:
    body = struct.pack("!I", ssrc) + b"".join(blocks)
    return struct.pack("!BBH", 0x80 | len(blocks), RR, len(body) // 4) + body


def block(
    ssrc: int, *, fraction: int = 0, lost: int = 0, ext: int = 0, jitter: int = 0, lsr: int = 0, dlsr: int = 0
) -> bytes:
    return struct.pack("!IIIIII", ssrc, fraction << 24 | lost & 0xFFFFFF, ext, jitter, lsr, dlsr)


async def test_the_publisher_is_told_what_arrived(running: Running, two: Two) -> None:
    a, _ = two
    ntp = ntp_now()
    await a.send(a.tx.protect_rtcp(sender_report(a.ssrc, ntp)))
    await running.count("rtcp_sr_received")
    for _ in range(5):
        await a.speak()
    a.seq += 5  # lost
    await a.speak()
    await running.count("rtp_received", 6)
    kind, count, body = RTPFB, 0, b""
    while kind == RTPFB:  # asks for the lost packets first
        kind, count, body = next(iter(packets(await a.hear_rtcp())))
    assert (kind, count) == (RR, 1)
    ssrc, loss, ext, jitter, lsr, dlsr = struct.unpack_from("!IIIIII", body, 4)
    assert (ssrc, ext, loss & 0xFFFFFF, loss >> 24) == (a.ssrc, a.seq, 5, 5 * 256 // 11)
    assert lsr == int(ntp * 2**16) & 0xFFFFFFFF
    assert 0 < dlsr < 2 * 65536
    assert jitter < 48000
    stats = running.engine.track_stats(a.track)
    assert stats is not None
    assert (stats.lost, stats.fraction_lost) == (5, 5 * 256 // 11)


async def test_the_listener_is_told_what_was_sent(two: Two) -> None:
    a, b = two
    await a.speak(b"12345")
    heard = await b.hear()
    compound = list(packets(await b.hear_rtcp()))
    kind, _, body = next(p for p in compound if p[0] == SR)
    ssrc, seconds, fraction, ts, sent, octets = struct.unpack_from("!IIIIII", body)
    assert (kind, ssrc, sent, octets) == (SR, heard.ssrc, 1, 5)
    assert abs(seconds + fraction / 2**32 - ntp_now()) < 2
    assert 0 < (ts - heard.ts) % 2**32 < 3 * 48000
    kind, count, body = next(p for p in compound if p[0] == SDES)
    assert (count, body[:11]) == (1, struct.pack("!IBB5s", heard.ssrc, 1, 5, b"cname"))


async def test_many_slots_are_reported_in_several_compounds(running: Running) -> None:
    listener = await running.peer(publish=False)
    speaker = await running.peer()
    for ssrc in range(1, 31):
        running.engine.route_set(listener.slot(ssrc), speaker.track)
    await running.engine.settled()
    await speaker.speak()
    reported: set[int] = set()
    while len(reported) < 30:
        compound = await listener.hear_rtcp()
        assert len(compound) <= 1200
        reported |= {struct.unpack_from("!I", body)[0] for kind, _, body in packets(compound) if kind == SR}
    assert reported == set(range(1, 31))


async def test_reports_of_a_listener_become_figures_of_the_slot(running: Running, two: Two) -> None:
    a, b = two
    slot = b.slot(77)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    lsr = int((ntp_now() - 0.250) * 2**16) & 0xFFFFFFFF
    blocks = [
        block(4711, lost=1),
        block(77, fraction=64, lost=-3, ext=9, jitter=480, lsr=lsr, dlsr=int(0.200 * 65536)),
    ]
    await b.send(b.tx.protect_rtcp(receiver_report(31337, *blocks)))  # an SSRC we never heard of may report
    await running.count("rtcp_report_blocks")
    stats = running.engine.slot_stats(slot)
    assert stats is not None
    assert (stats.fraction_lost, stats.lost, stats.jitter) == (64, -3, 480)
    assert 50_000 <= stats.rtt_us < 1_000_000
    assert stats.reported_us > 0


@pytest.mark.parametrize(("lsr", "dlsr"), [(0, 0), (1, 0), (0x7FFFFFFF, 0xFFFFFFFF)])
async def test_absurd_round_trips_are_not_believed(running: Running, two: Two, lsr: int, dlsr: int) -> None:
    _, b = two
    slot = b.slot(77)
    await running.engine.settled()
    await b.send(b.tx.protect_rtcp(receiver_report(1, block(77, lsr=lsr, dlsr=dlsr))))
    await running.count("rtcp_report_blocks")
    stats = running.engine.slot_stats(slot)
    assert stats is not None
    assert stats.rtt_us <= 1


async def test_bye_is_told(running: Running, two: Two) -> None:
    a, _ = two
    bye = struct.pack("!BBHII", 0x82, BYE, 2, 4711, a.ssrc)
    await a.send(a.tx.protect_rtcp(receiver_report(1) + bye))
    record = await running.record(Bye)
    assert isinstance(record, Bye)
    assert (record.peer, record.track) == (a.handle, a.track)


@pytest.mark.parametrize("compound", [
    receiver_report(1) + b"\x80\xc9\x00\x05",                             # a length past the end
    receiver_report(1) + b"\x40" + receiver_report(1)[1:],                # another version
    b"\xa0" + receiver_report(1)[1:7] + b"\xff",                          # padding longer than the packet
    receiver_report(1) + b"\x80\xc9\x00",                                 # a header cut short
], ids=["length", "version", "padding", "cut"])  # fmt: skip
async def test_malformed_compounds_are_refused_whole(running: Running, two: Two, compound: bytes) -> None:
    a, b = two
    await a.send(a.tx.protect_rtcp(compound))
    await running.count("drop_rtcp_malformed")
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"


async def test_a_count_beyond_the_packet_reads_only_what_is_there(running: Running, two: Two) -> None:
    a, _ = two
    lying = bytearray(receiver_report(1, block(9001, lost=7)))
    lying[0] = 0x80 | 31
    await a.send(a.tx.protect_rtcp(bytes(lying)))
    await running.count("rtcp_received")
    assert running.engine.counters()["rtcp_report_blocks"] == 1


async def test_feedback_and_unknown_types_are_counted(running: Running, two: Two) -> None:
    a, _ = two
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, a.ssrc, 1, 0)
    xr = struct.pack("!BBHI", 0x80, 207, 1, 1)
    await a.send(a.tx.protect_rtcp(nack + xr))
    await running.count("rtcp_other")
    assert running.engine.counters()["rtcp_feedback"] == 1
