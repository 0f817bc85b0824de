"""Transport-wide feedback against a decoder written from the draft: what arrived is what is told."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from voicechat.media.engine import EngineError

from .conftest import Running
from .fake_peer import PT, FakePeer
from .test_oracles import library  # noqa: F401 - a fixture
from .test_reports import packets

WINDOW, INTERVAL_US, TICK_US = 512, 50_000, 250


class Twcc(ctypes.Structure):
    """Layout of vc_twcc."""

    _fields_ = [
        ("started", ctypes.c_bool),
        ("feedbacks", ctypes.c_uint8),
        ("next_ext", ctypes.c_uint32),
        ("newest_ext", ctypes.c_uint32),
        ("told_us", ctypes.c_uint64),
        ("arrived_us", ctypes.c_uint64 * WINDOW),
    ]


@dataclass(frozen=True)
class Feedback:
    """One decoded feedback: each packet's number, and its arrival in ticks of 250 us or None."""

    count: int
    packets: dict[int, int | None]


def symbols_of(chunk: int) -> list[int]:
    """The packet status symbols of one chunk (draft-holmer §3.1.3, §3.1.4)."""
    if not chunk >> 15:
        return [chunk >> 13 & 3] * (chunk & 0x1FFF)
    if chunk >> 14 & 1:
        return [chunk >> shift & 3 for shift in range(12, -1, -2)]
    return [chunk >> shift & 1 for shift in range(13, -1, -1)]


def decode(packet: bytes, sender: int = 1, ssrc: int = 2) -> Feedback:
    first, kind, words, from_ssrc, about, base, count, tail = struct.unpack_from("!BBHIIHHI", packet)
    assert (first, kind, 4 * (words + 1), from_ssrc, about) == (0x8F, 205, len(packet), sender, ssrc)
    reference = (tail >> 8) - (1 << 24 if tail >> 31 else 0)
    at, symbols = 20, list[int]()
    while len(symbols) < count:
        symbols += symbols_of(*struct.unpack_from("!H", packet, at))
        at += 2
    packets: dict[int, int | None] = {}
    ticks = reference * 256
    for offset, symbol in enumerate(symbols[:count]):
        seq = (base + offset) % 2**16
        packets[seq] = None
        if symbol:
            (delta,) = struct.unpack_from("!B" if symbol == 1 else "!h", packet, at)
            at += symbol
            ticks += delta
            packets[seq] = ticks
    assert len(packet) - at < 4
    assert not any(packet[at:])
    return Feedback(tail & 0xFF, packets)


@pytest.fixture
def twcc(library: ctypes.CDLL) -> type[Recorder]:  # noqa: F811
    library.vc_twcc_write.restype = ctypes.c_size_t
    Recorder.library = library
    return Recorder


class Recorder:
    """A vc_twcc and the calls on it."""

    library: ctypes.CDLL

    def __init__(self) -> None:
        self.state = Twcc()
        self.library.vc_twcc_init(ctypes.byref(self.state), ctypes.c_uint64(0))

    def arrived(self, seq: int, now_us: int) -> None:
        self.library.vc_twcc_arrived(ctypes.byref(self.state), ctypes.c_uint16(seq), ctypes.c_uint64(now_us))

    def told(self, cap: int = 1200) -> list[Feedback]:
        out, feedbacks = (ctypes.c_uint8 * 1200)(), list[Feedback]()
        while size := self.library.vc_twcc_write(
            ctypes.byref(self.state), out, ctypes.c_size_t(cap), 1, 2, ctypes.c_uint64(0)
        ):
            assert size <= 700
            feedbacks.append(decode(bytes(out[:size])))
        return feedbacks


GAPS = st.one_of(st.integers(0, 300), st.integers(0, 100_000), st.just(9_000_000))


@pytest.mark.native
@settings(max_examples=300, deadline=None)
@given(
    first=st.integers(0, 2**16 - 1),
    steps=st.lists(st.tuples(st.sampled_from([1, 1, 1, 1, 2, 3, 9, 40]), GAPS, st.booleans()), max_size=120),
)
def test_what_arrived_is_told_with_its_time(
    library: ctypes.CDLL,  # noqa: F811
    first: int,
    steps: list[tuple[int, int, bool]],
) -> None:
    library.vc_twcc_write.restype = ctypes.c_size_t
    Recorder.library = library
    recorder, seq, now_us = Recorder(), first, 1_000_000_000
    truth: dict[int, int] = {}
    told: dict[int, int | None] = {}
    count = 0
    recorder.arrived(seq, now_us)
    truth[seq] = now_us // TICK_US
    last_told = seq - 1
    for step, gap_us, tells in steps:
        seq, now_us = seq + step, now_us + gap_us
        recorder.arrived(seq % 2**16, now_us)
        truth[seq] = now_us // TICK_US
        if tells or seq - last_told > WINDOW - 50:
            last_told = seq
            for feedback in recorder.told():
                assert feedback.count == count % 256
                count += 1
                told |= feedback.packets
    for feedback in recorder.told():
        told |= feedback.packets
    expected = {number % 2**16: truth.get(number) for number in range(first, seq + 1)}
    reference = {number: None if ticks is None else ticks % 2**32 for number, ticks in told.items()}
    assert {n: None if t is None else t % 2**32 for n, t in expected.items()} == reference


@pytest.mark.native
def test_a_late_packet_is_told_after_all(twcc: type[Recorder]) -> None:
    recorder = twcc()
    for seq in (65534, 65535, 1):
        recorder.arrived(seq, 1_000_000 + seq % 7 * 1000)
    (first,) = recorder.told()
    assert first.packets[0] is None
    recorder.arrived(0, 1_020_000)
    recorder.arrived(65000, 1_020_000)  # older than anything that matters
    (second,) = recorder.told()
    assert second.packets[0] == 1_020_000 // TICK_US
    assert second.packets[1] == first.packets[1]
    assert recorder.told() == []


@pytest.mark.native
def test_a_leap_forgets_what_was_before_and_no_room_writes_nothing(twcc: type[Recorder]) -> None:
    recorder = twcc()
    recorder.arrived(5, 1_000_000)
    recorder.arrived(20_000, 1_100_000)
    assert recorder.told(cap=699) == []
    told = {number: at for feedback in recorder.told() for number, at in feedback.packets.items()}
    assert len(told) == WINDOW
    assert {number for number, at in told.items() if at is not None} == {20_000}


@pytest.mark.native
def test_a_reference_time_of_a_year_wraps(twcc: type[Recorder]) -> None:
    recorder = twcc()
    now_us = 365 * 86400 * 1_000_000
    recorder.arrived(7, now_us)
    (feedback,) = recorder.told()
    ticks = feedback.packets[7]
    assert ticks is not None
    assert (ticks - now_us // TICK_US) % (1 << 32) == 0


TWCC_EXT = 3


def numbered(peer: FakePeer, transport_seq: int) -> bytes:
    """The next packet of `peer` with a transport-wide number, protected."""
    peer.seq, peer.ts = peer.seq + 1, peer.ts + 960
    header = struct.pack("!BBHII", 0x90, PT, peer.seq, peer.ts, peer.ssrc)
    extension = struct.pack("!HHBHB", 0xBEDE, 1, TWCC_EXT << 4 | 1, transport_seq % 2**16, 0)
    return peer.tx.protect(header + extension + b"opus")


def feedbacks_of(compound: bytes) -> list[tuple[int, Feedback]]:
    """The SSRC and the content of each transport-wide feedback in a compound."""
    found = []
    for kind, count, body in packets(compound):
        if (kind, count) == (205, 15):
            sender, about = struct.unpack_from("!II", body)
            header = struct.pack("!BBH", 0x8F, 205, len(body) // 4)
            found.append((about, decode(header + body, sender, about)))
    return found


async def test_a_publisher_is_told_of_all_its_packets(running: Running) -> None:
    a = await running.peer()
    running.engine.track_add(a.handle, ssrc=7, pt=PT)
    running.engine.peer_twcc(a.handle, TWCC_EXT)
    await running.engine.settled()
    told: dict[int, int | None] = {}
    voice, first = a.ssrc, 65_530
    for number in range(first, first + 200):
        a.ssrc = voice if number % 2 else 7
        if number % 5:
            await a.send(numbered(a, number))
        await trio.sleep(0.001)
    while len(told) < 100:
        for about, feedback in feedbacks_of(await a.hear_rtcp()):
            assert about in (voice, 7)
            told |= feedback.packets
    lost = {seq for seq, ticks in told.items() if ticks is None}
    assert lost == {seq for seq in told if (seq - first) % 2**16 % 5 == 0}


async def test_without_asking_there_is_no_transport_wide_feedback(running: Running) -> None:
    a = await running.peer()
    for number in range(60):
        await a.send(numbered(a, number))
        await trio.sleep(0.001)
    await running.count("rtp_received", 60)
    assert running.engine.counters()["twcc_sent"] == 0
    with pytest.raises(EngineError):
        running.engine.peer_twcc(a.handle, 15)
