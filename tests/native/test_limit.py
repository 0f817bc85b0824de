"""What a viewer says that it takes (REMB): heard from itself alone, and only when it is well-formed."""

from __future__ import annotations

import itertools
import struct

import trio

from voicechat.media.records import Limited

from .camera import viewer
from .conftest import Running
from .fake_peer import session

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
