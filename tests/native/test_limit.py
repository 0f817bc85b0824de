"""REMB: what a viewer says that it takes, and what a publisher is told that it may send."""

from __future__ import annotations

import itertools
import struct

import trio

from voicechat.media.records import Limited

from .camera import PSFB, Layer, camera, viewer
from .conftest import Running
from .fake_peer import session
from .test_reports import packets

SSRC = 7000


def remb(
    mantissa: int, exponent: int = 0, *, ssrcs: tuple[int, ...] = (SSRC,), said: int | None = None
) -> bytes:
    """One REMB about `ssrcs`, of which it says that they are `said`."""
    count = len(ssrcs) if said is None else said
    body = struct.pack("!II4sI", 1, 0, b"REMB", count << 24 | exponent << 18 | mantissa)
    body += b"".join(struct.pack("!I", ssrc) for ssrc in ssrcs)
    return struct.pack("!BBH", 0x8F, 206, len(body) // 4) + body


def limits(running: Running, handle: int) -> list[int]:
    """What was told of one peer so far."""
    return [r.bits_per_s for r in running.records if isinstance(r, Limited) and r.peer == handle]


async def test_what_a_viewer_says_is_told(running: Running) -> None:
    peer, _ = await viewer(running)
    await peer.send(peer.tx.protect_rtcp(remb(150_000, 1, ssrcs=(SSRC, SSRC + 1))))
    await running.count("remb_received")
    await running.engine.settled()
    assert limits(running, peer.handle) == [300_000]


async def test_more_than_a_number_holds_is_as_much_as_it_holds(running: Running) -> None:
    peer, _ = await viewer(running)
    await peer.send(peer.tx.protect_rtcp(remb(0x3FFFF, 40)))
    await running.count("remb_received")
    await running.engine.settled()
    assert limits(running, peer.handle) == [2**32 - 1]


async def test_it_is_told_four_times_a_second_at_most(running: Running) -> None:
    peer, _ = await viewer(running)
    for number in range(40):
        await peer.send(peer.tx.protect_rtcp(remb(100_000 + number)))
        await trio.sleep(0.01)
    await running.count("remb_received", 40)
    await running.engine.settled()
    times = [r.at_us for r in running.records if isinstance(r, Limited)]
    assert times
    assert all(after - before >= 250_000 for before, after in itertools.pairwise(times))


async def test_what_lies_about_itself_is_dropped_and_counted(running: Running) -> None:
    peer, _ = await viewer(running)
    lies = [
        remb(1000, said=2),
        remb(1000, said=255),
        remb(1000, ssrcs=()),
        remb(1000, ssrcs=(SSRC, 8), said=1),
        remb(0x3FFFF, 47),
        remb(1000)[:16].replace(b"\0\5", b"\0\3"),
    ]
    for number, lie in enumerate(lies, start=1):
        await peer.send(peer.tx.protect_rtcp(lie))
        assert await running.count("drop_remb_malformed", number) == number
    await running.engine.settled()
    assert limits(running, peer.handle) == []
    assert running.engine.counters()["remb_received"] == 0


async def test_nobody_speaks_for_another(running: Running) -> None:
    peer, _ = await viewer(running)
    other, _ = await viewer(running, 8000, rtx_ssrc=8001)
    forged = session(bytes(28), 3)
    await other.send(forged.protect_rtcp(remb(1000)))
    await other.send(other.tx.protect_rtcp(remb(2000)))
    await running.count("drop_auth")
    await running.count("remb_received")
    await running.engine.settled()
    assert limits(running, peer.handle) == []
    assert limits(running, other.handle) == [2000]


def told(compound: bytes) -> list[tuple[int, set[int]]]:
    """The limits in a compound: bits per second, and the streams they are about."""
    found = []
    for kind, count, body in packets(compound):
        if (kind, count) == (PSFB, 15):
            about, name, rate = struct.unpack_from("!4xI4sI", body)
            ssrcs = struct.unpack_from(f"!{rate >> 24}I", body, 16)
            assert (about, name, len(body)) == (0, b"REMB", 16 + 4 * len(ssrcs))
            found.append(((rate & 0x3FFFF) << (rate >> 18 & 0x3F), set(ssrcs)))
    return found


async def next_limit(high: Layer, low: Layer, *, loses: int = 0) -> tuple[int, set[int]]:
    """Show pictures, of which one in `loses` is lost, until a limit comes."""
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:

            async def show() -> None:
                while True:
                    for layer in (high, low):
                        layer.seq += 1 if loses and layer.seq % loses == 0 else 0
                        await layer.show(data=bytes(1000))
                    await trio.sleep(0.01)

            nursery.start_soon(show)
            while True:
                if limits := told(await high.peer.hear_rtcp()):
                    nursery.cancel_scope.cancel()
                    return limits[0]


async def test_a_publisher_is_told_how_much_it_may_send(running: Running) -> None:
    """About 1.6 Mbit/s are sent, as far as the machine keeps up."""
    high, low = await camera(running)
    running.engine.peer_limit(high.peer.handle, 8_000_000)
    await running.engine.settled()
    first, about = await next_limit(high, low)
    assert 100_000 <= first <= 8_000_000
    assert about == {high.ssrc, low.ssrc}
    running.engine.peer_limit(high.peer.handle, 200_000)
    await running.engine.settled()
    assert (await next_limit(high, low))[0] == 200_000
    assert running.engine.counters()["remb_sent"] >= 2


async def test_a_publisher_whose_packets_are_lost_is_told_to_send_less(running: Running) -> None:
    high, low = await camera(running)
    running.engine.peer_limit(high.peer.handle, 8_000_000)
    await running.engine.settled()
    before, _ = await next_limit(high, low)
    for _ in range(8):
        after, _ = await next_limit(high, low, loses=2)
        if after < before / 2:
            break
    assert after < before / 2


async def test_without_asking_nobody_is_told_a_limit(running: Running) -> None:
    high, low = await camera(running)
    running.engine.peer_limit(high.peer.handle, 0)
    for _ in range(80):
        await high.show(data=bytes(1000))
        await low.show(data=bytes(1000))
        await trio.sleep(0.01)
    await running.count("rtp_received", 160)
    assert running.engine.counters()["remb_sent"] == 0
