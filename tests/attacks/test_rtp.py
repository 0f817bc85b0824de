"""S12, S19: padding that lies, and sources without number."""

from __future__ import annotations

import itertools
import struct

import pytest

from tests.native.conftest import Running
from tests.native.fake_peer import FakePeer, rtp
from tests.support.datagram_flood import flood

Two = tuple[FakePeer, FakePeer]
SOURCES = 1_000_000
BURST = 20_000  # well within the socket's buffer


@pytest.mark.parametrize(
    ("payload", "padding", "heard"),
    [
        (b"data", b"\0", None),
        (b"data", b"\0\0\0\xff", None),
        (b"", b"\5", None),
        (b"data", b"\0\0\3", b"data"),
        (b"", b"\0\0\0\4", b""),
        (b"", b"\1", b""),
    ],
    ids=["none", "beyond the packet", "beyond what there is", "some", "all", "all one byte"],
)
async def test_s12_padding_is_taken_off_or_refused_and_never_passed_on(
    running: Running, two: Two, payload: bytes, padding: bytes, heard: bytes | None
) -> None:
    a, b = two
    await a.speak(b"before")
    assert (await b.hear()).payload == b"before"
    packet = rtp(a.ssrc, a.seq + 1, a.ts + 960, payload)
    await a.send(a.tx.protect(bytes([packet[0] | 0x20]) + packet[1:] + padding))
    a.seq, a.ts = a.seq + 1, a.ts + 960
    await running.count(
        "rtp_received" if heard is not None else "drop_rtp_bad_padding", 2 if heard is not None else 1
    )
    await a.speak(b"after")
    got = [(await b.hear()).payload]  # which refuses a packet that still says it is padded
    while got[-1] != b"after":
        got.append((await b.hear()).payload)
    assert got in ([b"after"], [heard, b"after"])


async def test_s19_a_million_sources_of_a_member_are_counted_and_kept_by_nobody(
    running: Running, two: Two
) -> None:
    a, b = two
    a.sock._sock.setblocking(True)  # type: ignore[attr-defined]
    numbers = itertools.count(1_000_000)
    sent, before = 0, running.engine.counters()["rx_datagrams"]
    while sent < SOURCES:
        burst = (struct.pack("!BBHII8x", 0x80, 111, 1, 1, n) for n in itertools.islice(numbers, BURST))
        sent += flood(a.sock._sock, a.server, burst, 20)  # type: ignore[attr-defined]
        await running.engine.settled()
    a.sock._sock.setblocking(False)  # type: ignore[attr-defined]
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"
    counters = running.engine.counters()
    assert counters["drop_rtp_unknown_ssrc"] == counters["rx_datagrams"] - before - 1
    assert counters["drop_rtp_unknown_ssrc"] > SOURCES // 2, "the kernel dropped most of them"
    assert counters["forwarded"] == 1
