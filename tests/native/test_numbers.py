"""One number, one packet: whatever a publisher does, GCM never sees two under the same (RFC 7714 §8.1).

The publisher here is a member's own program: its packets are authentic, and numbered to be taken for others.
"""

from __future__ import annotations

from .camera import VP8, vp8, watching
from .conftest import Running
from .fake_peer import PT, FakePeer, rtp

Two = tuple[FakePeer, FakePeer]
ROUND = 1 << 16


def bad_padding(publisher: FakePeer, ssrc: int, seq: int, ts: int, pt: int = PT) -> bytes:
    """An authentic packet that is opened, and then dropped for padding of no length."""
    packet = rtp(ssrc, seq, ts, b"\0", pt=pt)
    return publisher.tx.protect(bytes([packet[0] | 0x20]) + packet[1:])


async def number(listener: FakePeer) -> int:
    """That of the next RTP packet, which is not opened: of two alike a client takes one."""
    while True:
        data = await listener.receive()
        if not 192 <= data[1] <= 223:
            return int.from_bytes(data[2:4], "big")


async def test_a_round_of_numbers_in_one_step_is_no_repetition(running: Running, two: Two) -> None:
    a, b = two
    await a.speak(b"one")
    first = await number(b)
    for step in (30_000, 60_000):  # counted, and of a type that is not passed on
        await a.send(a.tx.protect(rtp(a.ssrc, a.seq + step, a.ts, pt=PT + 1)))
    await running.count("drop_rtp_wrong_pt", 2)
    a.seq += ROUND - 1
    await a.speak(b"two")
    assert await number(b) == (first + 1) % ROUND


async def test_numbers_a_round_later_are_not_taken_for_those_before(running: Running, two: Two) -> None:
    a, b = two
    for payload in (b"one", b"two", b"three"):
        await a.speak(payload)
        await number(b)
    for step in (30_000, 60_000):  # only libsrtp saw them
        await a.send(bad_padding(a, a.ssrc, a.seq + step, a.ts))
    await running.count("drop_rtp_bad_padding", 2)
    for back in (2, 1, 0):
        await a.send(a.tx.protect(rtp(a.ssrc, a.seq + ROUND - back, a.ts, b"other")))
    await running.count("drop_number_used", 2)
    await running.count("drop_old_stretch", 1)
    await a.speak(b"four")
    assert (await b.hear()).payload == b"four"


async def test_nor_are_those_of_a_video(running: Running) -> None:
    (layer, _), viewer, _ = await watching(running)
    for data in (b"two", b"three"):
        await layer.show(data=data)
        await number(viewer)
    peer = layer.peer
    for step in (30_000, 60_000):
        await peer.send(bad_padding(peer, layer.ssrc, layer.seq + step, layer.ts, VP8))
    await running.count("drop_rtp_bad_padding", 2)
    for back in (1, 0):
        await peer.send(layer.packet(vp8(layer.picture, data=b"other"), seq=layer.seq + ROUND - back))
    await running.count("drop_number_used")
    await running.count("drop_old_stretch")
    await layer.show(data=b"four")
    assert (await viewer.hear()).payload.endswith(b"four")
