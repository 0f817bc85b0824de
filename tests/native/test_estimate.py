"""What the path to a viewer carries: numbered packets, feedback over a counted out bottleneck, forgery."""

from __future__ import annotations

import itertools
import random
import struct
from dataclasses import dataclass, field

import trio

from voicechat.media.records import Estimated, Moved, Refused, pack_addr

from .camera import RTX, TRANSPORT_EXT, Layer, viewer, watching
from .conftest import Running
from .fake_peer import FakePeer
from .test_flows import open_flow
from .test_repair import RESEND_AFTER_S, ask, receive_rtp, seq_of

MIN, START, MAX = 100_000, 2_000_000, 20_000_000
TICK_US = 250


def number_of(packet: bytes) -> int | None:
    """The transport-wide number of an RTP packet, which is its only extension."""
    if not packet[0] & 0x10:
        return None
    profile, words, element, number, padding = struct.unpack_from("!HHBHB", packet, 12)
    assert (profile, words, element, padding) == (0xBEDE, 1, TRANSPORT_EXT << 4 | 1, 0)
    return int(number)


def feedback(base: int, arrivals: list[int | None], count: int = 0) -> bytes:
    """Tell when packets from `base` on arrived (ticks of 250 us), or that they did not."""
    reference = next((at for at in arrivals if at is not None), 0) // 256
    before, chunks, deltas = reference * 256, b"", b""
    for at in arrivals:
        chunks += struct.pack("!H", (0 if at is None else 2) << 13 | 1)
        if at is not None:
            deltas += struct.pack("!h", at - before)
            before = at
    body = (
        struct.pack("!IIHHI", 1, 7000, base % 2**16, len(arrivals), reference << 8 | count) + chunks + deltas
    )
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body


async def estimated(running: Running, *, rtx_ssrc: int = 7001) -> tuple[Layer, FakePeer]:
    """A camera, and a viewer whose path is estimated."""
    (high, _), peer, _ = await watching(running, rtx_ssrc=rtx_ssrc)
    running.engine.peer_estimate(peer.handle, min_bps=MIN, start_bps=START, max_bps=MAX)
    await running.engine.settled()
    return high, peer


async def numbers(layer: Layer, peer: FakePeer, count: int, size: int = 7) -> list[int]:
    """The numbers of the next `count` pictures."""
    found = []
    for _ in range(count):
        await layer.show(data=bytes(size))
        number = number_of(peer.rx.unprotect(await receive_rtp(peer)))
        assert number is not None
        found.append(number)
    return found


async def test_video_is_numbered_from_packet_to_packet_and_resends_anew(running: Running) -> None:
    high, peer = await estimated(running)
    wires = []
    for _ in range(3):
        await high.show()
        wires.append(await receive_rtp(peer))
    first = [number_of(peer.rx.unprotect(wire)) for wire in wires]
    start = first[0]
    assert start is not None
    assert first == [(start + i) % 2**16 for i in range(3)]
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wires[0]), 0))
    again = peer.rx.unprotect(await receive_rtp(peer))
    assert again[1] & 0x7F == RTX
    assert number_of(again) == (start + 3) % 2**16
    assert struct.unpack_from("!H", again, 20)[0] == seq_of(wires[0])


async def test_what_is_sent_again_unchanged_has_no_number(running: Running) -> None:
    high, peer = await estimated(running, rtx_ssrc=0)
    await high.show()
    wire = await receive_rtp(peer)
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wire), 0))
    assert await receive_rtp(peer) == wire
    assert number_of(peer.rx.unprotect(wire)) is None


async def test_voice_has_no_number(running: Running) -> None:
    _, peer = await estimated(running)
    speaker = await running.peer()
    running.engine.route_set(peer.slot(9001), speaker.track)
    await running.engine.settled()
    await speaker.speak(level=20)
    assert (await peer.hear()).ssrc == 9001  # whose parser knows of the level alone


@dataclass
class Bottleneck:
    """Counts out when packets would have arrived over a path of `bits_per_s`."""

    bits_per_s: int
    size: int
    free_us: float = 1e9
    arrivals: list[int] = field(default_factory=list)

    def arrive(self, sent_us: float, size: int | None = None) -> int:
        self.free_us = max(self.free_us, sent_us) + (size or self.size) * 8e6 / self.bits_per_s
        return int(self.free_us) // TICK_US


def estimates(running: Running) -> list[int]:
    return [record.bits_per_s for record in running.records if isinstance(record, Estimated)]


async def test_a_queue_that_grows_lowers_the_estimate_to_what_arrives(running: Running) -> None:
    high, peer = await estimated(running)
    await lowered(running, high, peer)
    told = estimates(running)
    assert MIN <= told[-1] <= 330_000
    times = [record.at_us for record in running.records if isinstance(record, Estimated)]
    assert all(later - earlier >= 250_000 for earlier, later in itertools.pairwise(times))
    counters = running.engine.counters()
    assert counters["estimates_told"] == len(told)
    assert counters["twcc_received"] > 0


async def lowered(running: Running, high: Layer, peer: FakePeer) -> None:
    """Send about 3 Mbit/s through 300 kbit/s for a while."""
    link = Bottleneck(300_000, 1000)
    for turn in range(100):
        seen = await numbers(high, peer, 8, link.size)
        now_us = trio.current_time() * 1e6
        arrivals: list[int | None] = [link.arrive(now_us) for _ in seen]
        await peer.send(peer.tx.protect_rtcp(feedback(seen[0], arrivals, turn % 256)))
        await trio.sleep(0.02)
    await running.engine.settled()


async def test_forged_feedback_leaves_the_estimate_within_its_bounds(running: Running) -> None:
    """Attack test S21 of the SFU study."""
    high, peer = await estimated(running)
    chance = random.Random(21)
    told = await numbers(high, peer, 4)
    for turn in range(300):
        base = told[-1] + 1
        told = await numbers(high, peer, 1)
        reference = chance.choice([0, 0x7FFFFF, 0x800000, 0xFFFFFF, turn])
        delta = chance.choice([0x7FFF, 0x8000, 0])
        chunk = 2 << 13 | 1
        body = struct.pack("!IIHHIHH", 1, 7000, base % 2**16, 1, reference << 8, chunk, delta)
        await peer.send(peer.tx.protect_rtcp(struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body))
    await running.count("twcc_received", 300)
    unsent = feedback(told[-1] + 1, [5, 6, 7])
    lying = struct.pack("!BBHIIHHI", 0x8F, 205, 4, 1, 7000, told[-1], 0xFFFF, 1)
    await peer.send(peer.tx.protect_rtcp(unsent))
    await peer.send(peer.tx.protect_rtcp(lying))
    await peer.send(peer.tx.protect_rtcp(feedback(told[-1], [5]) * 6))
    assert await running.count("drop_twcc_unknown") == 1
    assert await running.count("drop_twcc_malformed") == 1
    assert await running.count("drop_twcc_flood", 2) == 2
    assert all(MIN <= bits_per_s <= MAX for bits_per_s in estimates(running))


async def test_feedback_of_whose_path_is_not_estimated_is_counted(running: Running) -> None:
    peer, _ = await viewer(running)
    await peer.send(peer.tx.protect_rtcp(feedback(5, [5])))
    await running.count("drop_twcc_unknown")
    assert estimates(running) == []


async def test_estimates_are_given_back_and_new_bounds_hold_at_once(running: Running) -> None:
    for _ in range(3):
        peer, _ = await viewer(running)
        running.engine.peer_estimate(peer.handle, min_bps=MIN, start_bps=START, max_bps=MAX)
        running.engine.peer_estimate(peer.handle, min_bps=MIN, start_bps=MIN, max_bps=MIN)
        await running.engine.settled()
        running.engine.peer_del(peer.handle)
        await running.engine.settled()
    assert not [record for record in running.records if isinstance(record, Refused)]


async def test_another_network_of_the_viewer_s_is_estimated_anew(running: Running) -> None:
    high, peer = await estimated(running)
    await lowered(running, high, peer)
    before = estimates(running)[-1]
    assert before < START / 2
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as far:
        await far.bind(("127.0.0.2", 0))
        running.engine.tuple_add(peer.handle, pack_addr(*far.getsockname()))
        await running.engine.settled()
        seen = len(estimates(running))
        await far.sendto(peer.tx.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 1)), peer.server)
        with trio.fail_after(5):
            while estimates(running)[seen:] != [START]:
                await running.engine.settled()
    assert running.engine.counters()["estimates_restarted"] == 1


async def test_what_a_viewer_does_not_tell_of_is_doubted_until_it_tells_again(running: Running) -> None:
    high, peer = await estimated(running)
    await lowered(running, high, peer)
    before = estimates(running)[-1]
    with trio.fail_after(10):
        while running.engine.counters()["estimates_doubted"] < 2:
            last = await numbers(high, peer, 1)
            await trio.sleep(0.05)
    await running.engine.settled()
    assert estimates(running)[-1] < 0.85 * before
    doubted = running.engine.counters()["estimates_doubted"]
    for turn in range(30):
        await peer.send(peer.tx.protect_rtcp(feedback(last[0], [10_000_000 + turn], turn)))
        last = await numbers(high, peer, 1)
        await trio.sleep(0.05)
    assert running.engine.counters()["estimates_doubted"] == doubted


async def probed(running: Running, high: Layer, peer: FakePeer, capacity: int, seconds: float) -> list[bytes]:
    """Show little over a path of that capacity, whose receiver tells of all; return the padding that came."""
    link, padding, count = Bottleneck(capacity, 300), list[bytes](), 0
    told: dict[int, int] = {}

    async def receive() -> None:
        while True:
            packet = peer.rx.unprotect(await receive_rtp(peer))
            number = number_of(packet)
            assert number is not None
            told[number] = link.arrive(trio.current_time() * 1e6, len(packet) + 16)
            if packet[0] & 0x20:
                padding.append(packet)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            await high.show(data=bytes(500))
            await trio.sleep(0.03)
            if told:
                first = min(told, key=lambda number: (number - min(told) + 2**15) % 2**16)
                arrivals = [told.get((first + i) % 2**16) for i in range(len(told))]
                told.clear()
                count += 1
                await peer.send(peer.tx.protect_rtcp(feedback(first, arrivals, count % 256)))
        nursery.cancel_scope.cancel()
    return padding


async def test_a_viewer_who_wants_more_is_sent_padding_until_it_is_known_to_get_it(running: Running) -> None:
    high, peer = await estimated(running)
    running.engine.peer_want(peer.handle, 6_000_000)
    padding = await probed(running, high, peer, 20_000_000, 4)
    assert estimates(running)[-1] >= 2 * START  # as far as the machine kept time
    counters = running.engine.counters()
    assert 1 <= counters["probes_sent"] <= 4
    assert counters["padding_sent"] == len(padding) > 10
    for packet in padding:
        assert packet[1] == RTX  # without a marker
        assert int.from_bytes(packet[8:12], "big") == 7001
        assert len(packet) == 20 + packet[-1] == 20 + 255
    numbers = [int.from_bytes(packet[2:4], "big") for packet in padding]
    assert all((after - before) % 2**16 == 1 for before, after in itertools.pairwise(numbers))


async def test_a_viewer_who_wants_nothing_more_is_sent_none(running: Running) -> None:
    high, peer = await estimated(running)
    running.engine.peer_want(peer.handle, START // 2)
    assert await probed(running, high, peer, 20_000_000, 2) == []
    running.engine.peer_want(peer.handle, 0)
    assert await probed(running, high, peer, 20_000_000, 2) == []


async def test_without_a_stream_of_resends_there_is_no_padding(running: Running) -> None:
    high, peer = await estimated(running, rtx_ssrc=0)
    running.engine.peer_want(peer.handle, 10 * START)
    for _ in range(100):
        await high.show()
        await receive_rtp(peer)
        await trio.sleep(0.02)
    assert running.engine.counters()["padding_sent"] == 0


async def test_over_tcp_there_is_no_padding(running: Running) -> None:
    """A queue of TCP's is no path, and what waits in it holds voice up."""
    high, peer = await estimated(running)
    running.engine.peer_want(peer.handle, 10 * START)
    async with open_flow(running.engine) as flow:
        running.engine.tuple_add(peer.handle, flow.addr)
        await running.engine.settled()
        report = peer.tx.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 1))
        await flow.far.send_all(struct.pack("!H", len(report)) + report)
        await running.record(Moved, lambda record: isinstance(record, Moved) and record.addr == flow.addr)
        pending = b""
        for _ in range(100):
            await high.show()
            while len(pending) < 2 or len(pending) < (end := 2 + int.from_bytes(pending[:2], "big")):
                pending += await flow.far.receive_some(4096)
            packet, pending = pending[2:end], pending[end:]
            if not 192 <= packet[1] <= 223:
                number = number_of(peer.rx.unprotect(packet))
                assert number is not None
                told = feedback(number, [int(trio.current_time() * 1e6) // TICK_US])
                told = peer.tx.protect_rtcp(told)
                await flow.far.send_all(struct.pack("!H", len(told)) + told)
            await trio.sleep(0.02)
    assert estimates(running)
    assert running.engine.counters()["probes_sent"] == 0


async def test_what_cannot_be_estimated_cannot_be_wanted(running: Running) -> None:
    peer, _ = await viewer(running)
    running.engine.peer_want(peer.handle, START)
    await running.engine.settled()
    assert [r.peer for r in running.records if isinstance(r, Refused)] == [peer.handle]
