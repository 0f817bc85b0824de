"""Voice with redundancy (RFC 2198): packets carry the one or two before them, and nothing else."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest
import trio

from voicechat.media.engine import EngineError
from voicechat.media.records import Losses, Refused

from .conftest import Running
from .fake_peer import FakePeer, Rtp
from .test_flows import frame, open_flow
from .test_repair import RESEND_AFTER_S, ask, receive_rtp, seq_of, waiting
from .test_reports import block, receiver_report

Two = tuple[FakePeer, FakePeer]
PLAIN, RED = 96, 63
RANGE = -2


@dataclass(frozen=True)
class Block:
    """One payload of a packet, `offset` timestamp units before the packet's own time."""

    pt: int
    offset: int
    payload: bytes


def blocks_of(payload: bytes) -> list[Block]:
    """Read a RED payload as a browser does; the new one is the last."""
    heads: list[tuple[int, int, int]] = []
    at = 0
    while payload[at] & 0x80:
        word = int.from_bytes(payload[at : at + 4], "big")
        heads.append((word >> 24 & 0x7F, word >> 10 & 0x3FFF, word & 0x3FF))
        at += 4
    last, at = payload[at], at + 1
    blocks = []
    for pt, offset, length in heads:
        blocks.append(Block(pt, offset, payload[at : at + length]))
        at += length
    return [*blocks, Block(last, 0, payload[at:])]


def carried(packet: Rtp) -> list[bytes]:
    """Return the payloads of a packet, oldest first; of a plain one it is the one."""
    return [packet.payload] if packet.pt == PLAIN else [part.payload for part in blocks_of(packet.payload)]


@pytest.fixture
async def redundant(running: Running) -> tuple[FakePeer, FakePeer, int]:
    """A speaker, a listener, and the listener's slot, where each packet carries two earlier ones."""
    a, b = await running.peer(), await running.peer(publish=False)
    slot = b.slot(9002)
    running.engine.route_set(slot, a.track)
    running.engine.slot_redundancy(slot, pt=RED, distance=2)
    await running.engine.settled()
    return a, b, slot


async def heard_of(speaker: FakePeer, listener: FakePeer, *payloads: bytes) -> list[Rtp]:
    heard = []
    for payload in payloads:
        await speaker.speak(payload, level=30)
        heard.append(await listener.hear())
    return heard


async def test_a_packet_carries_the_two_before_it_with_their_times(
    running: Running, redundant: tuple[FakePeer, FakePeer, int]
) -> None:
    a, b, slot = redundant
    first, second, third, fourth = await heard_of(a, b, b"one", b"two", b"three", b"four")
    assert (first.pt, first.payload) == (PLAIN, b"one")
    assert (second.pt, blocks_of(second.payload)) == (
        RED,
        [Block(PLAIN, 960, b"one"), Block(PLAIN, 0, b"two")],
    )
    assert blocks_of(third.payload) == [
        Block(PLAIN, 1920, b"one"), Block(PLAIN, 960, b"two"), Block(PLAIN, 0, b"three"),
    ]  # fmt: skip
    assert carried(fourth) == [b"two", b"three", b"four"]
    assert [p.seq - first.seq for p in (second, third, fourth)] == [1, 2, 3]
    assert [p.ts - first.ts for p in (second, third, fourth)] == [960, 1920, 2880]
    assert fourth.level == first.level
    await running.engine.settled()
    sent = running.engine.slot_stats(slot)
    assert sent is not None
    assert (sent.packets, sent.redundant) == (4, 3)
    assert sent.bytes == sum(len(p.payload) for p in (first, second, third, fourth))


async def test_without_being_asked_for_nothing_is_made(running: Running, two: Two) -> None:
    a, b = two
    heard = await heard_of(a, b, b"one", b"two", b"three")
    assert [(p.pt, p.payload) for p in heard] == [(PLAIN, b"one"), (PLAIN, b"two"), (PLAIN, b"three")]
    counters = running.engine.counters()
    assert (counters["redundant"], counters["redundancy_made"]) == (0, 0)


async def test_it_is_made_once_for_all_listeners_of_a_distance(running: Running) -> None:
    a = await running.peer()
    listeners = [await running.peer(publish=False) for _ in range(5)]
    for number, listener in enumerate(listeners):
        slot = listener.slot(1)
        running.engine.route_set(slot, a.track)
        running.engine.slot_redundancy(slot, pt=RED, distance=(1, 2, 0, 1, 2)[number])
    await running.engine.settled()
    for payload in (b"one", b"two", b"three", b"four"):
        await a.speak(payload)
    for number, listener in enumerate(listeners):
        heard = [await listener.hear() for _ in range(4)]
        most = (1, 2, 0, 1, 2)[number]
        assert carried(heard[3]) == [b"two", b"three", b"four"][2 - most :]
    await running.engine.settled()
    counters = running.engine.counters()
    assert counters["redundant"] == 4 * 3
    assert counters["redundancy_made"] == 3 + 2  # with one before it, and with two


async def test_the_distance_can_change_between_packets(
    running: Running, redundant: tuple[FakePeer, FakePeer, int]
) -> None:
    a, b, slot = redundant
    await heard_of(a, b, b"one", b"two")
    running.engine.slot_redundancy(slot, pt=RED, distance=1)
    await running.engine.settled()
    (third,) = await heard_of(a, b, b"three")
    running.engine.slot_redundancy(slot, pt=RED, distance=0)
    await running.engine.settled()
    (fourth,) = await heard_of(a, b, b"four")
    assert carried(third) == [b"two", b"three"]
    assert (fourth.pt, fourth.payload) == (PLAIN, b"four")


async def test_over_a_hole_of_the_source_nothing_is_carried(
    redundant: tuple[FakePeer, FakePeer, int],
) -> None:
    a, b, _ = redundant
    await heard_of(a, b, b"one", b"two")
    late = a.next_packet(b"three")
    after = await heard_of(a, b, b"four", b"five")
    assert [carried(p) for p in after] == [[b"four"], [b"four", b"five"]]
    await a.send(late)
    assert carried(await b.hear()) == [b"three"]


async def test_over_a_long_silence_nothing_is_carried(redundant: tuple[FakePeer, FakePeer, int]) -> None:
    """A silent browser sends one packet in 400 ms: further than the 14 bits of an offset reach."""
    a, b, _ = redundant
    await heard_of(a, b, b"one")
    a.ts += 19_200 - 960
    (silent,) = await heard_of(a, b, b"dtx")
    assert carried(silent) == [b"dtx"]


@pytest.mark.parametrize("seam", ["switch", "mute", "deafen"])
async def test_over_a_seam_nothing_is_carried(
    running: Running, redundant: tuple[FakePeer, FakePeer, int], seam: str
) -> None:
    """Neither what another source sent, nor what this listener was not to hear."""
    a, b, slot = redundant
    engine = running.engine
    c = await running.peer()
    await heard_of(a, b, b"a1", b"a2")
    speaker = a
    match seam:
        case "switch":
            await c.speak(b"to nobody")
            await running.count("drop_no_receiver")
            engine.route_set(slot, c.track)
            speaker = c
        case "mute":
            engine.track_mute(a.track, True)
            await engine.settled()  # packets that wait go before commands
            await a.speak(b"muted")
            await running.count("drop_muted")
            engine.track_mute(a.track, False)
        case _:
            engine.peer_deafen(b.handle, True)
            await engine.settled()
            await a.speak(b"to the deaf")
            await running.count("drop_receiver_deaf")
            engine.peer_deafen(b.handle, False)
    await engine.settled()
    await speaker.speak(b"new", level=30)
    heard = await b.hear()
    while heard.payload != b"new":
        assert heard.payload == b"\xf8\xff\xfe"  # the silence that ends a stretch
        heard = await b.hear()
    assert heard.pt == PLAIN
    (after,) = await heard_of(speaker, b, b"newer")
    assert carried(after) == [b"new", b"newer"]


async def test_long_payloads_are_not_carried(redundant: tuple[FakePeer, FakePeer, int]) -> None:
    a, b, _ = redundant
    music = [bytes([number]) * 500 for number in range(3)]
    heard = await heard_of(a, b, *music, b"x" * 1100, b"after")
    assert [carried(p) for p in heard[:3]] == [music[:1], music[:2], music[1:3]]
    assert carried(heard[3]) == [b"x" * 1100]
    assert carried(heard[4]) == [b"after"]


async def test_a_packet_sent_again_is_the_same_byte_for_byte(
    running: Running, redundant: tuple[FakePeer, FakePeer, int]
) -> None:
    """Also when what it is to carry changed meanwhile, and a hole before it was filled."""
    a, b, slot = redundant
    wires = []
    for number in range(3):
        await a.speak(b"%d" % number, level=30)
        wires.append(await receive_rtp(b))
    late = a.next_packet(b"late")
    for number in (4, 5):
        await a.speak(b"%d" % number, level=30)
        wires.append(await receive_rtp(b))
    await a.send(late)
    await receive_rtp(b)
    running.engine.slot_redundancy(slot, pt=RED, distance=1)
    await running.engine.settled()
    await a.speak(b"six", level=30)
    wires.append(await receive_rtp(b))
    await trio.sleep(RESEND_AFTER_S)
    for wire in wires:
        await ask(b, 9002, (seq_of(wire), 0))
        assert await receive_rtp(b) == wire
    sent = running.engine.slot_stats(slot)
    assert sent is not None
    assert sent.resent == len(wires)


async def test_what_cannot_be_made_the_same_again_is_not_sent_again(
    running: Running, redundant: tuple[FakePeer, FakePeer, int]
) -> None:
    a, b, slot = redundant
    wires = []
    for number in range(3):
        await a.speak(b"%d" % number)
        wires.append(await receive_rtp(b))
    running.engine.slot_redundancy(slot, pt=RED + 1, distance=2)
    await running.engine.settled()
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wires[0]), 0b11))
    await running.count("drop_nack_unknown", 3)
    assert waiting(b) == []


async def test_over_tcp_nothing_is_carried(
    running: Running, redundant: tuple[FakePeer, FakePeer, int]
) -> None:
    a, b, _ = redundant
    async with open_flow(running.engine) as flow:
        await heard_of(a, b, b"one", b"two")
        running.engine.tuple_add(b.handle, flow.addr)
        running.engine.tuple_del(b.handle, b.addr)
        await running.engine.settled()
        await a.speak(b"three")
        data = await flow.far.receive_some(2000)
        while 192 <= data[3] <= 223:
            data = await flow.far.receive_some(2000)
        packet = Rtp.parse(b.rx.unprotect(data[2:]))
        assert data == frame(data[2:])
        assert (packet.pt, packet.payload) == (PLAIN, b"three")


async def test_impossible_redundancy_is_refused(running: Running, two: Two) -> None:
    _, b = two
    slot = b.slot(1)
    for pt, distance in ((RED, 3), (RED, -1), (128, 1)):
        with pytest.raises(EngineError):
            running.engine.slot_redundancy(slot, pt=pt, distance=distance)
    running.engine.slot_redundancy(slot, pt=PLAIN, distance=1)
    refused = await running.record(Refused)
    assert isinstance(refused, Refused)
    assert refused.status == RANGE
    video = running.engine.video_slot_add(b.handle, ssrc=5, cname="c")
    running.engine.slot_redundancy(video, pt=RED, distance=1)
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 2


async def test_losses_of_a_listener_are_told_with_what_was_sent_again(running: Running, two: Two) -> None:
    a, b = two
    await heard_of(a, b, *[b"%d" % number for number in range(10)])
    await b.send(b.tx.protect_rtcp(receiver_report(31337, block(9002, fraction=64, lost=3))))
    reported = await running.record(Losses, lambda told: isinstance(told, Losses) and told.lost == 3)
    assert isinstance(reported, Losses)
    assert (reported.peer, reported.packets, reported.resent) == (b.handle, 10, 0)
    await a.speak(b"lost")
    wire = await receive_rtp(b)
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wire), 0))
    again = await running.record(Losses, lambda told: isinstance(told, Losses) and told.resent == 1)
    assert isinstance(again, Losses)
    assert (again.packets, again.lost) == (11, 3)


async def test_of_no_losses_nothing_is_told_unless_there_is_redundancy(running: Running, two: Two) -> None:
    a, b = two
    await heard_of(a, b, b"one", b"two")
    for _ in range(2):
        await b.hear_rtcp()  # the second is a second later
    assert running.engine.counters()["losses_told"] == 0
    running.engine.slot_redundancy(b.slot(5), pt=RED, distance=1)
    for _ in range(2):
        told = await running.record(Losses)
        assert isinstance(told, Losses)
        assert (told.peer, told.packets, told.resent, told.lost) == (b.handle, 2, 0, 0)
        running.records.clear()


def test_the_test_reader_reads_the_example_of_the_rfc() -> None:
    payload = struct.pack("!BBHB", 0x80 | 5, 400 >> 6, (400 & 0x3F) << 10 | 3, 7) + b"oldnew!"
    assert blocks_of(payload) == [Block(5, 400, b"old"), Block(7, 0, b"new!")]
