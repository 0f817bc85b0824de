"""What a listener missed is sent again unchanged and within bounds; no number ever stands for two packets."""

from __future__ import annotations

import itertools
import socket
import struct
from collections import defaultdict

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicechat.media.engine import open_udp

from .conftest import Running, engine_on
from .fake_peer import FakePeer, rtp
from .test_reports import packets

Two = tuple[FakePeer, FakePeer]
RESEND_AFTER_S = 0.04  # no round trip was measured, so the engine allows 30 ms


def nack(ssrc: int, *items: tuple[int, int]) -> bytes:
    """A generic NACK (RFC 4585 §6.2.1) about `ssrc`: (first missing, bit mask of those after it) each."""
    body = struct.pack("!II", 4711, ssrc) + b"".join(struct.pack("!HH", *item) for item in items)
    return struct.pack("!BBH", 0x81, 205, len(body) // 4) + body


async def ask(peer: FakePeer, ssrc: int, *items: tuple[int, int]) -> None:
    await peer.send(peer.tx.protect_rtcp(nack(ssrc, *items)))


async def receive_rtp(peer: FakePeer) -> bytes:
    """The next RTP datagram as it is on the wire."""
    while True:
        data = await peer.receive()
        if not 192 <= data[1] <= 223:
            return data


async def wire_of(speaker: FakePeer, listener: FakePeer, count: int) -> list[bytes]:
    wires: list[bytes] = []
    for number in range(count):
        await speaker.speak(b"%d" % number, level=30)
        wires.append(await receive_rtp(listener))
    return wires


def seq_of(wire: bytes) -> int:
    return int.from_bytes(wire[2:4], "big")


async def test_a_lost_packet_is_sent_again_byte_for_byte(running: Running, two: Two) -> None:
    a, b = two
    wires = await wire_of(a, b, 5)
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wires[0]), 0b0101))  # and the second and the fourth after it
    assert [await receive_rtp(b) for _ in range(3)] == [wires[0], wires[1], wires[3]]
    counters = running.engine.counters()
    assert (counters["nacked"], counters["resent"]) == (3, 3)


async def test_it_is_not_sent_again_while_it_may_still_be_on_its_way(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    for _ in range(10):
        b.send_nowait(b.tx.protect_rtcp(nack(9002, (seq_of(wire), 0))))
    await running.count("nacked", 10)
    counters = running.engine.counters()
    assert counters["resent"] <= 1
    assert counters["drop_nack_early"] >= 9


async def test_nor_more_than_three_times(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    for count in range(1, 6):
        await trio.sleep(RESEND_AFTER_S)
        await ask(b, 9002, (seq_of(wire), 0))
        await running.count("nacked", count)
    assert running.engine.counters()["resent"] == 3


@pytest.mark.parametrize("ahead", [1, 100, -1, -100, 2**15])
async def test_what_was_never_sent_is_not_there(running: Running, two: Two, ahead: int) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, ((seq_of(wire) + ahead) % 2**16, 0))
    await running.count("drop_nack_unknown")
    assert running.engine.counters()["resent"] == 0


async def test_another_listeners_slot_cannot_be_asked_for(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    await trio.sleep(RESEND_AFTER_S)
    await ask(a, 9002, (seq_of(wire), 0))
    await running.count("drop_nack_unknown")


async def test_after_a_mute_nothing_of_before_is_sent_again(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    running.engine.track_mute(a.track, True)
    running.engine.track_mute(a.track, False)
    await running.engine.settled()
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wire), 0))
    await running.count("drop_nack_unknown")


async def test_the_deafened_are_sent_nothing_again(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    running.engine.peer_deafen(b.handle, True)
    await running.engine.settled()
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wire), 0))
    await running.count("drop_nack_unknown")


async def test_a_packet_of_before_a_switch_is_still_the_same(running: Running, two: Two) -> None:
    a, b = two
    c = await running.peer()
    slot = b.slot(5)
    running.engine.route_set(slot, c.track)
    await running.engine.settled()
    await c.speak(b"before", level=20)
    before = await receive_rtp(b)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    await a.speak(b"after", level=40)
    after = {await receive_rtp(b), await receive_rtp(b)}
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 5, (seq_of(before), 0b1))
    again = [await receive_rtp(b), await receive_rtp(b)]
    assert again[0] == before
    assert again[1] in after


async def test_music_longer_than_the_ring_is_forgotten_not_mixed_up(running: Running, two: Two) -> None:
    a, b = two
    wires = []
    for number in range(16):  # 20 kB through a ring of 16 KiB
        await a.speak(bytes([number]) * 1275)
        wires.append(await receive_rtp(b))
    await trio.sleep(RESEND_AFTER_S)
    await ask(b, 9002, (seq_of(wires[0]), 0b111_1111_1111_1111))
    await running.count("nacked", 16)
    resent = running.engine.counters()["resent"]
    assert 8 <= resent <= 13
    assert [await receive_rtp(b) for _ in range(resent)] == wires[-resent:]


async def test_a_storm_of_asking_costs_a_quarter_at_most(running: Running, two: Two) -> None:
    """Attack test S20 of the SFU study: an authenticated peer asks for everything, again and again."""
    a, b = two
    sent = 0
    for _ in range(8):
        wires = await wire_of(a, b, 16)
        sent += 16
        await trio.sleep(RESEND_AFTER_S)
        for _ in range(5):
            b.send_nowait(b.tx.protect_rtcp(nack(9002, *[(seq_of(wires[0]), 0x7FFF)] * 20)))
    nacked = await running.count("nacked", 8 * 5 * 20 * 16)
    counters = running.engine.counters()
    reasons = ("resent", "drop_nack_early", "drop_nack_budget", "drop_nack_unknown", "drop_protect")
    assert sum(counters[name] for name in reasons) == nacked
    assert 0 < counters["resent"] <= 25 + sent // 4
    assert counters["drop_nack_budget"] > 0
    assert counters["drop_protect"] == 0


async def test_one_datagram_may_ask_for_so_much(running: Running, two: Two) -> None:
    a, b = two
    (wire,) = await wire_of(a, b, 1)
    await ask(b, 9002, *[(seq_of(wire), 0)] * 300)
    await running.count("drop_nack_flood")
    assert running.engine.counters()["nacked"] == 64


async def test_a_deleted_slots_ssrc_stays_used(running: Running, two: Two) -> None:
    _, b = two
    slot = b.slot(5)
    running.engine.slot_del(slot)
    await running.engine.settled()
    b.slot(5)
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 1


def asked_for(compound: bytes) -> list[tuple[int, int, int]]:
    """(SSRC, first missing, bit mask) of the generic NACKs in a compound."""
    return [
        (struct.unpack_from("!I", body, 4)[0], *struct.unpack_from("!HH", body, at))
        for kind, count, body in packets(compound)
        if (kind, count) == (205, 1)
        for at in range(8, len(body), 4)
    ]


async def hear_nack(peer: FakePeer) -> list[tuple[int, int, int]]:
    while not (asked := asked_for(await peer.hear_rtcp())):
        pass
    return asked


async def test_a_publisher_is_asked_for_what_is_missing_and_it_takes_its_place(
    running: Running, two: Two
) -> None:
    a, b = two
    await a.speak(b"1")
    first = await b.hear()
    lost = [a.next_packet(b"%d" % number) for number in (2, 3)]
    await a.speak(b"4")
    assert (await b.hear()).payload == b"4"
    assert await hear_nack(a) == [(a.ssrc, (a.seq - 2) % 2**16, 0b1)]
    for packet in lost:
        await a.send(packet)
    heard = [await b.hear(), await b.hear()]
    assert [(p.payload, p.seq - first.seq, p.ts - first.ts) for p in heard] == [
        (b"2", 1, 960),
        (b"3", 2, 1920),
    ]
    await running.count("recovered", 2)
    stats = running.engine.track_stats(a.track)
    assert stats is not None
    assert running.engine.counters()["missed"] >= 2


async def test_a_publisher_is_asked_three_times_at_most(running: Running, two: Two) -> None:
    a, b = two
    await a.speak()
    await b.hear()
    a.next_packet()
    await a.speak()
    await b.hear()
    for _ in range(3):
        assert await hear_nack(a) == [(a.ssrc, a.seq - 1, 0)]
    await trio.sleep(0.35)  # longer than anything is waited for
    assert running.engine.counters()["missed"] == 3


async def test_nobody_is_asked_for_what_nobody_would_hear(running: Running, two: Two) -> None:
    a, _ = two
    running.engine.track_mute(a.track, True)
    await running.engine.settled()
    await a.speak()
    a.seq += 3
    await a.speak()
    await running.count("drop_muted", 2)
    await trio.sleep(0.05)
    assert running.engine.counters()["missed"] == 0


STEP = st.sampled_from(
    ["a", "a", "c", "late", "lose", "again", "again", "mute", "deafen", "switch", "slot", "redundancy"]
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=20, max_size=120))
def test_no_number_ever_stands_for_two_packets(steps: list[str]) -> None:
    """Attack test S22: whatever happens, (SSRC, rollover, sequence number) has one plaintext under a key."""
    trio.run(_one_plaintext_per_number, steps)


async def _one_plaintext_per_number(steps: list[str]) -> None:
    async with engine_on([open_udp("127.0.0.1", 0)]) as running:
        wires = await _play(running, steps)
    by_number: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for wire in wires:
        by_number[wire[8:12] + wire[2:4]].add(wire)
    assert all(len(bytes_of) == 1 for bytes_of in by_number.values())


async def _play(running: Running, steps: list[str]) -> list[bytes]:
    engine = running.engine
    a, c, b = await running.peer(), await running.peer(), await running.peer(publish=False)
    slots = [b.slot(9002)]
    engine.route_set(slots[0], a.track)
    heard: list[bytes] = []
    fed, on, number = itertools.cycle([c.track, a.track]), itertools.cycle([True, False]), itertools.count()
    distances = itertools.cycle([2, 1, 0])
    kept = a.next_packet(b"kept")
    for step in steps:
        match step:
            case "a" | "c":
                speaker = a if step == "a" else c
                await speaker.speak(b"%d" % next(number), level=30)
            case "late":
                await a.send(kept)
                kept = a.next_packet(b"%d" % next(number))
            case "lose":
                a.seq, a.ts = a.seq + 3, a.ts + 2880
            case "again":
                if heard:
                    ssrc = int.from_bytes(heard[-1][8:12], "big")
                    await ask(b, ssrc, ((seq_of(heard[-1]) - 8) % 2**16, 0xFFFF))
            case "mute":
                engine.track_mute(a.track, next(on))
            case "deafen":
                engine.peer_deafen(b.handle, next(on))
            case "switch":
                engine.route_set(slots[-1], next(fed))
            case "redundancy":
                engine.slot_redundancy(slots[-1], pt=63, distance=next(distances))
            case "slot":
                slots.append(b.slot(9002 + len(slots)))
                engine.route_set(slots[-1], a.track)
        await engine.settled()
        heard += waiting(b)
    await trio.sleep(RESEND_AFTER_S)
    for wire in heard[-20:]:
        await ask(b, int.from_bytes(wire[8:12], "big"), (seq_of(wire), 0xFFFF))
    await engine.settled()
    return heard + waiting(b)


def waiting(peer: FakePeer) -> list[bytes]:
    """The RTP datagrams that arrived already."""
    found: list[bytes] = []
    with socket.fromfd(peer.sock.fileno(), peer.sock.family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        while True:
            try:
                data = sock.recv(2048)
            except BlockingIOError:
                return found
            if not 192 <= data[1] <= 223:
                found.append(data)


def test_the_test_packets_are_what_they_seem() -> None:
    assert seq_of(rtp(1, 77, 2)) == 77
    assert nack(9, (1, 2))[4:] == struct.pack("!IIHH", 4711, 9, 1, 2)
