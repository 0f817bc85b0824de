"""S9: what is sent twice or too late."""

from __future__ import annotations

import struct

import pytest

from tests.native.conftest import Running
from tests.native.fake_peer import FakePeer, rtp

Two = tuple[FakePeer, FakePeer]
WINDOW = 1024
AROUND = 65_536


def wires(peer: FakePeer, *numbers: int) -> dict[int, bytes]:
    """Protect packets in the order of their numbers, which go around at 65,536, and keep them."""
    return {n: peer.tx.protect(rtp(peer.ssrc, n & 0xFFFF, 960 * n, b"%d" % n)) for n in sorted(numbers)}


@pytest.mark.parametrize(
    "base", [AROUND + 5000, AROUND + 3, AROUND + WINDOW], ids=["amid", "just past", "edge at"]
)
async def test_s9_a_packet_is_taken_once_within_the_window_and_never_behind_it(
    running: Running, two: Two, base: int
) -> None:
    """The window's edges, where numbers have just gone around and where they have not."""
    a, b = two
    way, edge = (base - 65_000, base - 40_000, base - 15_000), base - WINDOW + 1
    taken = wires(a, *way, edge - 1, edge, base - 1, base)
    for number in (*way, base, edge, base - 1):
        await a.send(taken[number])
    await running.count("rtp_received", 6)
    assert running.engine.counters()["drop_replay"] == 0
    for count, number in enumerate((base, base - 1, edge, edge - 1), start=1):
        await a.send(taken[number])
        await running.count("drop_replay", count)
    await a.send(taken[way[0]])  # by its sixteen bits it would be a new one
    await running.count("drop_auth")
    a.seq, a.ts = base & 0xFFFF, 960 * base
    await a.speak(b"unharmed")
    while (await b.hear()).payload != b"unharmed":
        pass
    counters = running.engine.counters()
    assert (counters["rtp_received"], counters["drop_replay"], counters["drop_auth"]) == (7, 4, 1)


async def test_s9_a_report_is_taken_once(running: Running, two: Two) -> None:
    a, _ = two
    report = a.tx.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 7))
    for _ in range(3):
        await a.send(report)
    await running.count("drop_replay", 2)
    assert running.engine.counters()["rtcp_received"] == 1
