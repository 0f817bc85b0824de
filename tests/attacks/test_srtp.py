"""S9: what is sent twice or too late. S10: numbers that went around unseen."""

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


@pytest.mark.parametrize("lost", [0, 1, 7, 20, 300])
async def test_s10_a_stream_whose_first_packets_are_lost_around_zero_is_heard(
    running: Running, two: Two, lost: int
) -> None:
    """The sender has counted a rollover that the receiver never saw."""
    a, b = two
    a.seq = 65_529
    for _ in range(lost):
        a.next_packet()
    for number in range(30):
        await a.speak(b"%d" % number)
    while (await b.hear()).payload != b"29":
        pass


async def test_s10_forged_first_packets_leave_nothing_behind(running: Running, two: Two) -> None:
    """Whatever round they are tried in."""
    a, b = two
    for forged in range(100):
        await a.send(rtp(a.ssrc, forged, 960 * forged, bytes(40)))
    await running.count("drop_auth", 100)
    a.seq = 999
    await a.speak(b"first round")
    while (await b.hear()).payload != b"first round":
        pass
    assert running.engine.counters()["rollovers"] == 0


async def test_s10_a_report_before_the_first_packet_makes_no_difference(running: Running, two: Two) -> None:
    """libsrtp knows the stream by then, and takes it for one of the first round."""
    a, b = two
    await a.send(a.tx.protect_rtcp(struct.pack("!BBHIQIII", 0x80, 200, 6, a.ssrc, 1, 2, 3, 4)))
    await running.count("rtcp_received")
    await a.send(rtp(a.ssrc, 5, 960, bytes(40)))  # forged
    await running.count("drop_auth")
    a.seq = 65_533
    late = [a.next_packet() for _ in range(4)]  # the last two of the first round, the first two of the second
    await a.speak(b"second round")
    assert (await b.hear()).payload == b"second round"
    for packet in late:
        await a.send(packet)
    await running.count("rtp_received", 5)
    assert running.engine.counters()["rollovers"] == 1
