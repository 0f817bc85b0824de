"""Lost video: for viewers by RTX or unchanged, of publishers by NACK; never two packets under one number."""

from __future__ import annotations

import itertools
import struct
from collections import defaultdict

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicechat.media.engine import open_udp

from .camera import PLI, RTX, Layer, camera, read_vp8, request, requests, viewer, vp8, watching
from .conftest import Running, engine_on
from .fake_peer import FakePeer, Rtp
from .test_repair import RESEND_AFTER_S, ask, nack, receive_rtp, seq_of, waiting
from .test_reports import RTPFB, packets


async def shown(layer: Layer, peer: FakePeer, count: int) -> list[bytes]:
    """The datagrams of the next `count` pictures as the viewer got them."""
    wires = []
    for number in range(count):
        await layer.show(data=b"%d" % number)
        wires.append(await receive_rtp(peer))
    return wires


def opened(peer: FakePeer, wire: bytes) -> Rtp:
    return Rtp.parse(peer.rx.unprotect(wire))


async def test_what_a_viewer_lost_comes_by_rtx(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    wires = await shown(high, peer, 3)
    sent = [opened(peer, wire) for wire in wires]
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wires[0]), 0b10))
    again = [await peer.hear(), await peer.hear()]
    assert {(p.ssrc, p.pt) for p in again} == {(7001, RTX)}
    assert again[1].seq == again[0].seq + 1
    for copy, original in zip(again, (sent[0], sent[2]), strict=True):
        assert copy.payload == struct.pack("!H", original.seq) + original.payload
        assert (copy.ts, copy.marker) == (original.ts, original.marker)
    assert running.engine.counters()["resent"] == 2


async def test_without_rtx_it_comes_unchanged(running: Running) -> None:
    (high, _), peer, _ = await watching(running, rtx_ssrc=0)
    wires = await shown(high, peer, 3)
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wires[0]), 0b10))
    assert [await receive_rtp(peer), await receive_rtp(peer)] == [wires[0], wires[2]]


async def test_after_a_switch_the_old_layers_packets_are_still_the_same(running: Running) -> None:
    (high, low), peer, slot = await watching(running, rtx_ssrc=0)
    before = (await shown(high, peer, 1))[0]
    running.engine.route_set(slot, low.track)
    await running.engine.settled()
    await low.show(key=True)
    after = await receive_rtp(peer)
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(before), 0b1))
    assert [await receive_rtp(peer), await receive_rtp(peer)] == [before, after]


async def test_not_while_a_copy_may_be_on_its_way(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    (wire,) = await shown(high, peer, 1)
    for _ in range(10):
        peer.send_nowait(peer.tx.protect_rtcp(nack(7000, (seq_of(wire), 0))))
    await running.count("nacked", 10)
    counters = running.engine.counters()
    assert counters["resent"] <= 1
    assert counters["drop_nack_early"] >= 9


async def test_nothing_of_before_a_mute_is_sent_again(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    (wire,) = await shown(high, peer, 1)
    running.engine.track_mute(high.track, True)
    running.engine.track_mute(high.track, False)
    await running.engine.settled()
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wire), 0))
    await running.count("drop_nack_unknown")


async def test_the_deafened_are_sent_lost_pictures(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    (wire,) = await shown(high, peer, 1)
    running.engine.peer_deafen(peer.handle, True)
    await running.engine.settled()
    await trio.sleep(RESEND_AFTER_S)
    await ask(peer, 7000, (seq_of(wire), 0))
    await running.count("resent")


async def test_a_storm_of_asking_is_bounded(running: Running) -> None:
    """Attack test S20 of the SFU study."""
    (high, _), peer, _ = await watching(running)
    wires = await shown(high, peer, 300)
    for _ in range(6):
        await trio.sleep(RESEND_AFTER_S)
        for first in range(0, 300, 17):
            peer.send_nowait(peer.tx.protect_rtcp(nack(7000, (seq_of(wires[first]), 0xFFFF))))
        await running.engine.settled()
    counters = running.engine.counters()
    assert counters["resent"] <= 200 + 300 // 4
    assert counters["drop_nack_budget"] > 0


async def test_a_hole_of_a_publisher_is_asked_for_and_filled(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    before = opened(peer, (await shown(high, peer, 1))[0])
    high.seq += 1
    lost = high.packet(vp8(77, data=b"lost"), seq=high.seq)
    await high.show(data=b"after")
    assert (await peer.hear()).seq == before.seq + 2
    while True:
        asked = [body for kind, _, body in packets(await high.peer.hear_rtcp()) if kind == RTPFB]
        if asked:
            break
    assert struct.unpack_from("!IH", asked[0], 4) == (high.ssrc, (high.seq - 1) & 0xFFFF)
    await high.peer.send(lost)
    packet = await peer.hear()
    assert (packet.seq, read_vp8(packet.payload)[2]) == (before.seq + 1, b"lost")
    assert await running.count("recovered") == 1


async def test_too_long_a_hole_is_mended_by_a_keyframe(running: Running) -> None:
    (high, _), _, _ = await watching(running)
    high.seq += 200
    await high.show()
    assert await requests(high.peer) == [high.ssrc]
    assert running.engine.counters()["missed"] == 0


STEP = st.sampled_from(
    [
        "high",
        "key",
        "lowkey",
        "low",
        "late",
        "lose",
        "again",
        "mute",
        "switch",
        "slot",
        "padding",
        "pli",
        "number",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=10, max_size=60), rtx=st.booleans())
def test_no_number_ever_stands_for_two_packets(steps: list[str], rtx: bool) -> None:
    """Attack test S22 of the SFU study: one (SSRC, number), one packet, to the bit, whatever happens."""
    wires = trio.run(_run, steps, rtx)
    by_number: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for wire in wires:
        by_number[wire[8:12] + wire[2:4]].add(wire)
    assert all(len(bytes_of) == 1 for bytes_of in by_number.values())


async def _run(steps: list[str], rtx: bool) -> list[bytes]:
    async with engine_on([open_udp("127.0.0.1", 0)]) as running:
        return await _play(running, steps, 7001 if rtx else 0)


async def _play(running: Running, steps: list[str], rtx_ssrc: int) -> list[bytes]:
    engine = running.engine
    high, low = await camera(running)
    peer, slot = await viewer(running, rtx_ssrc=rtx_ssrc)
    engine.route_set(slot, high.track)
    heard: list[bytes] = []
    fed, on, number = (
        itertools.cycle([low.track, high.track]),
        itertools.cycle([True, False]),
        itertools.count(8000, 2),
    )
    kept = high.packet(vp8(1, key=True))
    for step in steps:
        match step:
            case "high" | "key":
                await high.show(key=step == "key")
            case "low" | "lowkey":
                await low.show(key=step == "lowkey")
            case "late":
                await high.peer.send(kept)
                kept = high.packet(vp8(next(number) & 0x7FFF, key=True))
            case "lose":
                high.seq += 3
            case "again":
                await _ask_for_all(running, peer, heard[-8:])
            case "mute":
                engine.track_mute(high.track, next(on))
            case "switch":
                engine.route_set(slot, next(fed))
            case "slot":
                ssrc = next(number)
                slot = engine.video_slot_add(
                    peer.handle, ssrc=ssrc, rtx_ssrc=ssrc + 1 if rtx_ssrc else 0, cname="c"
                )
                engine.route_set(slot, high.track)
            case "padding":
                await high.peer.send(high.packet(b"", padding=9))
            case "number":
                engine.peer_estimate(peer.handle, min_bps=100_000, start_bps=500_000, max_bps=2_000_000)
            case "pli":
                await peer.send(peer.tx.protect_rtcp(request(PLI, 7000)))
        await engine.settled()
        heard += waiting(peer)
    await trio.sleep(RESEND_AFTER_S)
    await _ask_for_all(running, peer, heard)
    return heard + waiting(peer)


async def _ask_for_all(running: Running, peer: FakePeer, wires: list[bytes]) -> None:
    for wire in wires:
        await ask(peer, int.from_bytes(wire[8:12], "big"), (seq_of(wire), 1))
    await running.engine.settled()


@pytest.mark.parametrize("rtx_ssrc", [0, 7001])
async def test_video_reports_count_at_90_khz(running: Running, rtx_ssrc: int) -> None:
    (high, _), peer, slot = await watching(running, rtx_ssrc=rtx_ssrc)
    await shown(high, peer, 5)
    with trio.fail_after(5):
        while True:
            found = [body for kind, _, body in packets(await peer.hear_rtcp()) if kind == 200]
            if found:
                break
            await high.show()
    ssrc, _, _, ts, count = struct.unpack_from("!IIIII", found[0])
    stats = running.engine.slot_stats(slot)
    assert stats is not None
    assert (ssrc, count) == (7000, stats.packets)
    assert 0 <= (ts - stats.ts) % 2**32 < 5 * 90_000
    track = running.engine.track_stats(high.track)
    assert track is not None
    assert track.packets == 6
