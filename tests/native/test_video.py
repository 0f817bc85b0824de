"""Video goes from keyframe to keyframe: who is sent what, under which numbers, and what is asked for."""

from __future__ import annotations

import struct

import pytest
import trio

from voicechat.media.engine import UNNAMED_SSRC
from voicechat.media.records import LayerSwitched, Refused

from .camera import (
    AV1,
    FIR,
    H264,
    PLI,
    VP8,
    VP9,
    Layer,
    camera,
    read_vp8,
    request,
    requests,
    viewer,
    vp8,
    watching,
)
from .conftest import Running
from .fake_peer import FakePeer

EXISTS, RANGE = -4, -2


async def silent(running: Running, peer: FakePeer, then: Layer) -> None:
    """Nothing but `then`'s next picture reaches `peer`."""
    await then.show(data=b"marker")
    packet = await peer.hear()
    assert packet.payload.endswith(b"marker")


async def test_a_layer_is_known_by_mid_and_rid(running: Running) -> None:
    high, low = await camera(running)
    peer, slot = await viewer(running)
    running.engine.route_set(slot, low.track)
    await running.engine.settled()
    await high.show(key=True)
    await low.show(key=True, data=b"low")
    packet = await peer.hear()
    assert (packet.ssrc, packet.pt, packet.marker, packet.level) == (7000, VP8, True, None)
    assert read_vp8(packet.payload)[2] == b"low"
    low.is_named = False  # as browsers do once their SSRC was reported on
    await low.show(data=b"more")
    assert read_vp8((await peer.hear()).payload)[2] == b"more"
    assert running.engine.counters()["ssrcs_learnt"] == 2


async def test_the_payload_passes_untouched(running: Running) -> None:
    (layer,) = await camera(running, rids=("",))
    peer, slot = await viewer(running)
    running.engine.route_set(slot, layer.track)
    await running.engine.settled()
    payloads = [b"\x67sps", b"\x7c\x85" + bytes(range(256)) * 4, b"\x41x"]
    for payload in payloads:
        await layer.peer.send(layer.packet(payload, pt=H264, marker=False))
    heard = [await peer.hear() for _ in payloads]
    assert [p.payload for p in heard] == payloads
    assert {(p.pt, p.marker) for p in heard} == {(H264, False)}


async def test_the_two_byte_form_of_extensions_names_too(running: Running) -> None:
    high, _ = await camera(running)
    peer, slot = await viewer(running)
    running.engine.route_set(slot, high.track)
    await running.engine.settled()
    high.two_byte = True
    await high.show(key=True)
    assert (await peer.hear()).ssrc == 7000


async def test_what_is_not_authentic_names_nothing(running: Running) -> None:
    high, _ = await camera(running)
    forged = bytearray(high.packet(vp8(1, key=True)))
    forged[-1] ^= 1
    forged[8:12] = struct.pack("!I", 999)
    await high.peer.send(bytes(forged))
    await running.count("drop_auth")
    assert running.engine.counters()["ssrcs_learnt"] == 0
    await high.show(key=True)
    await running.count("ssrcs_learnt")


@pytest.mark.parametrize(
    ("mid", "rid", "pt"), [("w", "h", VP8), ("v", "x", VP8), ("v", "", VP8), ("v", "h", 111), ("v", "h", 97)]
)
async def test_other_names_and_types_name_nothing(running: Running, mid: str, rid: str, pt: int) -> None:
    high, _ = await camera(running)
    other = Layer(high.peer, -1, 4000, mid, rid)
    await high.peer.send(other.packet(vp8(1, key=True), pt=pt))
    await running.count("drop_rtp_unknown_ssrc")


async def test_packets_that_name_nothing_are_the_only_stream_they_could_be(running: Running) -> None:
    """GStreamer's webrtcbin, which may answer before it knows its SSRCs, sends such (RFC 8843 §9.2)."""
    (only,) = await camera(running, rids=("",))
    peer, slot = await viewer(running)
    running.engine.route_set(slot, only.track)
    await running.engine.settled()
    only.is_named = False
    await only.show(key=True, data=b"named by its type")
    assert read_vp8((await peer.hear()).payload)[2] == b"named by its type"


@pytest.mark.parametrize("other", ["layers", "second", "another"])
async def test_packets_that_name_nothing_are_nobodys_where_it_is_not_clear(
    running: Running, other: str
) -> None:
    first, *_ = await camera(running, rids=("h", "l") if other == "layers" else ("",))
    if other == "second":
        running.engine.video_add(first.peer.handle, ssrc=UNNAMED_SSRC, mid="w")
    stray = Layer(first.peer, -1, 4000, "w", "")
    stray.is_named = other == "another"  # a section that there is not
    await stray.show(key=True)
    await running.count("drop_rtp_unknown_ssrc")


async def test_a_million_ssrcs_cost_a_bounded_table(running: Running) -> None:
    """Attack test S19 of the SFU study, shortened: the table is full after 256."""
    (layer,) = await camera(running, rids=("h",))
    running.engine.track_del(layer.track)
    for number in range(300):
        track = running.engine.video_add(layer.peer.handle, mid="v", rid="h")
        await running.engine.settled()
        layer.ssrc = 10_000 + number
        await layer.peer.send(layer.packet(vp8(1)))
        name = "ssrcs_learnt" if number < 256 else "drop_rtp_too_many_ssrcs"
        await running.count(name, number + 1 if number < 256 else number - 255)
        running.engine.track_del(track)


async def test_another_ssrc_takes_over_when_the_old_one_is_silent(running: Running) -> None:
    """Firefox gives a section a new SSRC when it is negotiated again."""
    layers, peer, _ = await watching(running)
    before = layers[0]
    after = Layer(before.peer, before.track, before.ssrc + 50, "v", "h")
    await after.show(key=True)
    await running.count("drop_rtp_unknown_ssrc")
    await trio.sleep(0.55)
    await after.show(data=b"not yet")
    await running.count("drop_before_keyframe")
    await after.show(key=True, data=b"new")
    assert read_vp8((await peer.hear()).payload)[2] == b"new"
    await before.show(key=True)
    await running.count("drop_rtp_unknown_ssrc", 2)


async def test_a_viewer_begins_with_a_keyframe_that_is_asked_for(running: Running) -> None:
    high, _ = await camera(running)
    peer, slot = await viewer(running)
    await high.show()
    await running.count("drop_no_receiver")
    running.engine.route_set(slot, high.track)
    assert await requests(high.peer) == [high.ssrc]
    await high.show()
    await high.show(key=True, data=b"key")
    packet = await peer.hear()
    assert read_vp8(packet.payload)[2] == b"key"
    assert packet.seq < 2**15
    told = await running.record(LayerSwitched)
    assert told == LayerSwitched(peer.handle, slot, high.track, told.at_us)  # type: ignore[union-attr]


async def test_a_switch_waits_for_the_keyframe_and_numbers_go_on(running: Running) -> None:
    (high, low), peer, slot = await watching(running)
    await low.show()
    await high.show(data=b"high")
    last = await peer.hear()
    running.engine.route_set(slot, low.track)
    await running.engine.settled()
    await low.show(data=b"too early")
    await high.show(data=b"still high")
    still = await peer.hear()
    assert read_vp8(still.payload)[2] == b"still high"
    low.picture = 20_000
    await low.show(key=True, data=b"low")
    await high.show(data=b"gone")
    await low.show(data=b"lower")
    first, second = await peer.hear(), await peer.hear()
    assert [read_vp8(p.payload)[2] for p in (first, second)] == [b"low", b"lower"]
    assert [first.seq - last.seq, second.seq - last.seq] == [2, 3]
    assert 0 < (first.ts - still.ts) % 2**32 < 90_000
    assert (second.ts - first.ts) % 2**32 == 3000
    pictures = [read_vp8(p.payload)[:2] for p in (still, first, second)]
    assert [(id - pictures[0][0]) % 2**15 for id, _ in pictures] == [0, 1, 2]
    assert [(tl0 - pictures[0][1]) % 2**8 for _, tl0 in pictures] == [0, 1, 2]


async def test_what_feeds_a_slot_and_what_a_layer_comes_in_can_be_read(running: Running) -> None:
    """For whoever missed the record: it is said once, and not where the ring was full."""
    engine = running.engine
    high, low = await camera(running)
    peer, slot = await viewer(running)

    def fed_by() -> int | None:
        stats = engine.slot_stats(slot)
        return None if stats is None else stats.track

    def pt_of(layer: Layer) -> int | None:
        stats = engine.track_stats(layer.track)
        return None if stats is None else stats.pt

    assert (fed_by(), pt_of(high)) == (-1, 0)
    engine.route_set(slot, high.track)
    await engine.settled()
    await high.show(key=True)
    await peer.hear()
    await engine.settled()
    assert (fed_by(), pt_of(high), pt_of(low)) == (high.track, VP8, 0)
    engine.route_set(slot, low.track)
    await engine.settled()
    assert fed_by() == high.track  # until the keyframe
    await low.show(key=True)
    await peer.hear()
    await low.peer.send(low.packet(b"\x00vp9", pt=VP9))
    await peer.hear()
    await engine.settled()
    assert (fed_by(), pt_of(low)) == (low.track, VP9)
    engine.route_clear(slot)
    await engine.settled()
    assert fed_by() == -1


async def test_a_late_packet_of_before_the_keyframe_is_not_sent(running: Running) -> None:
    (high, low), peer, slot = await watching(running)
    await low.show()
    late_high, late_low = high.packet(vp8(1, data=b"late")), low.packet(vp8(1, data=b"late"))
    running.engine.route_set(slot, low.track)
    await running.engine.settled()
    await low.show(key=True, data=b"low")
    await peer.hear()
    await high.peer.send(late_high)
    await low.peer.send(late_low)
    await running.count("drop_old_stretch")
    await silent(running, peer, low)


async def test_what_overtook_its_keyframe_is_sent_behind_it(running: Running) -> None:
    high, _ = await camera(running)
    peer, slot = await viewer(running)
    running.engine.route_set(slot, high.track)
    await running.engine.settled()
    await high.show()
    begin = high.packet(vp8(5, key=True, data=b"1"), marker=False)
    rest = high.packet(vp8(5, data=b"2", starts=False))
    await high.peer.send(rest)
    await high.peer.send(begin)
    heard = [await peer.hear(), await peer.hear()]
    assert [read_vp8(p.payload)[2] for p in heard] == [b"1", b"2"]
    assert [(p.seq - heard[0].seq, p.marker) for p in heard] == [(0, False), (1, True)]


async def test_what_overtook_the_keyframe_that_ends_a_gap_is_sent_too(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    running.engine.track_mute(high.track, True)
    running.engine.track_mute(high.track, False)
    await running.engine.settled()
    await high.show()
    begin = high.packet(vp8(5, key=True, data=b"1"), marker=False)
    rest = high.packet(vp8(5, data=b"2", starts=False))
    await high.peer.send(rest)
    await high.peer.send(begin)
    assert [read_vp8((await peer.hear()).payload)[2] for _ in range(2)] == [b"1", b"2"]


async def test_a_lost_beginning_of_the_keyframe_waited_for_is_asked_for(running: Running) -> None:
    high, _ = await camera(running)
    peer, slot = await viewer(running)
    await high.show()
    running.engine.route_set(slot, high.track)
    await running.engine.settled()
    begin = high.packet(vp8(5, key=True, data=b"1"), marker=False)
    await high.peer.send(high.packet(vp8(5, data=b"2", starts=False)))
    await running.count("missed")
    await high.peer.send(begin)
    assert [read_vp8((await peer.hear()).payload)[2] for _ in range(2)] == [b"1", b"2"]


async def test_a_switch_back_before_the_keyframe_changes_nothing(running: Running) -> None:
    (high, low), peer, slot = await watching(running)
    await low.show()
    running.engine.route_set(slot, low.track)
    running.engine.route_set(slot, high.track)
    await running.engine.settled()
    await low.show(key=True)
    await silent(running, peer, high)
    assert running.engine.counters()["layers_switched"] == 1


@pytest.mark.parametrize("ended", ["new", "old", "slot", "clear", "publisher", "viewer"])
async def test_what_ends_while_a_switch_waits(running: Running, ended: str) -> None:
    (high, low), peer, slot = await watching(running)
    other, other_slot = await viewer(running, 8000)
    await low.show()
    running.engine.route_set(slot, low.track)
    running.engine.route_set(other_slot, low.track)
    match ended:
        case "new":
            running.engine.track_del(low.track)
        case "old":
            running.engine.track_del(high.track)
        case "slot":
            running.engine.slot_del(slot)
        case "clear":
            running.engine.route_clear(slot)
        case "publisher":
            running.engine.peer_del(high.peer.handle)
        case "viewer":
            running.engine.peer_del(peer.handle)
    await running.engine.settled()
    await low.show(key=True, data=b"low")
    if ended == "new":
        await running.count("drop_rtp_unknown_ssrc")
        await silent(running, peer, high)
    elif ended == "publisher":
        await running.count("drop_media_unknown_tuple")
    else:
        assert read_vp8((await other.hear()).payload)[2] == b"low"
    if ended == "old":
        assert read_vp8((await peer.hear()).payload)[2] == b"low"
    # handles and pools are whole: all of it works again
    layers, again, _ = await watching_again(running)
    await silent(running, again, layers[0])


async def watching_again(running: Running) -> tuple[list[Layer], FakePeer, int]:
    layers = await camera(running, rids=("h", "m", "l"), mid="again")
    peer, slot = await viewer(running, 9000)
    running.engine.route_set(slot, layers[2].track)
    await running.engine.settled()
    await layers[2].show(key=True)
    await peer.hear()
    return [layers[2]], peer, slot


async def test_muted_video_goes_on_with_a_keyframe(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    running.engine.track_mute(high.track, True)
    await running.engine.settled()
    await high.show(key=True)
    await running.count("drop_muted")
    await trio.sleep(0.5)
    running.engine.track_mute(high.track, False)
    assert await requests(high.peer) == [high.ssrc]
    await high.show(data=b"no beginning")
    await high.show(key=True, data=b"again")
    assert read_vp8((await peer.hear()).payload)[2] == b"again"


async def test_the_deafened_go_on_seeing(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    running.engine.peer_deafen(peer.handle, True)
    await running.engine.settled()
    await silent(running, peer, high)


async def test_requests_of_viewers_are_throttled(running: Running) -> None:
    """Attack test S20 of the SFU study: a storm of PLIs costs two keyframes a second at most."""
    (high, _), peer, _ = await watching(running)
    await trio.sleep(0.1)  # past what a request may have crossed
    for _ in range(50):
        peer.send_nowait(peer.tx.protect_rtcp(request(PLI, 7000) * 20))
    await running.count("keyframe_requests", 1000)
    asked = running.engine.counters()["keyframes_asked"]
    assert 1 <= asked <= 2
    await high.show(key=True)


async def test_a_request_that_crossed_the_keyframe_is_served_already(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    await trio.sleep(0.55)
    await high.show(key=True)
    await peer.hear()
    await peer.send(peer.tx.protect_rtcp(request(PLI, 7000)))
    await running.count("drop_keyframe_request")
    assert running.engine.counters()["keyframes_asked"] == 0


async def test_a_full_intra_request_is_heeded_once(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    await trio.sleep(0.55)
    for number, heeded in ((9, 1), (9, 1), (10, 2)):
        await peer.send(peer.tx.protect_rtcp(request(FIR, 7000, number)))
        await running.count("keyframes_asked", heeded)
        await high.show(key=True)
        await peer.hear()
        await trio.sleep(0.55)
    assert running.engine.counters()["drop_keyframe_request"] == 1


async def test_a_lost_request_is_made_again_each_second(running: Running) -> None:
    high, _ = await camera(running)
    _, slot = await viewer(running)
    await high.show()
    running.engine.route_set(slot, high.track)
    for _ in range(2):
        assert await requests(high.peer) == [high.ssrc]
    assert running.engine.counters()["keyframes_asked"] == 2


async def test_requests_for_what_is_no_video_are_dropped(running: Running) -> None:
    peer, _ = await viewer(running)
    peer.slot(5)
    await running.engine.settled()
    for data in (request(PLI, 5), request(PLI, 999), request(FIR, 5), request(PLI, 7000)):
        await peer.send(peer.tx.protect_rtcp(data))
    await running.count("drop_keyframe_request", 4)


async def test_padding_alone_keeps_the_numbers(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    await high.show(data=b"before")
    before = await peer.hear()
    await high.peer.send(high.packet(b"", padding=200))
    empty = await peer.hear()
    assert (empty.payload, empty.seq) == (b"", before.seq + 1)
    await high.show(data=b"after")
    assert (await peer.hear()).seq == before.seq + 2


@pytest.mark.parametrize(
    ("pt", "payload"),
    [
        (VP8, b"\x90\x80"),
        (VP8, b"\x10"),
        (VP9, b"\x80"),
        (VP9, b"\xa8\x80\1"),
        (H264, b"\x78\0\xff\1"),
        (AV1, b"\x08\xff"),
    ],
)
async def test_a_descriptor_that_is_cut_off_is_dropped(running: Running, pt: int, payload: bytes) -> None:
    """Attack test S15 of the SFU study."""
    (high, _), peer, _ = await watching(running)
    await high.peer.send(high.packet(payload, pt=pt))
    await running.count("drop_video_malformed")
    await silent(running, peer, high)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\1", b"\0\1\2"])
async def test_retransmissions_nobody_negotiated_do_no_harm(running: Running, payload: bytes) -> None:
    """Attack test S15 of the SFU study: shorter than the number they should begin with."""
    (high, _), peer, _ = await watching(running)
    await high.peer.send(high.packet(payload, pt=97))
    await running.count("drop_rtp_wrong_pt")
    await silent(running, peer, high)


async def test_more_than_the_limit_is_dropped(running: Running) -> None:
    (high, _), peer, _ = await watching(running)
    running.engine.video_limit(high.track, 40_000)  # 10,000 bytes in two seconds
    await running.engine.settled()
    for _ in range(20):
        await high.show(data=bytes(993))
    await running.count("drop_video_rate", 5)
    running.engine.video_limit(high.track, 0)
    await running.engine.settled()
    while not read_vp8((await peer.hear()).payload)[2].startswith(b"\0"):
        pass
    await high.show(data=b"free")
    with trio.fail_after(5):
        while read_vp8((await peer.hear()).payload)[2] != b"free":
            pass


async def test_the_sound_of_a_screen_beside_an_unnamed_microphone(running: Running) -> None:
    engine = running.engine
    speaker, listener = await running.peer(publish=False), await running.peer(publish=False)
    microphone = engine.track_add(speaker.handle, ssrc=UNNAMED_SSRC, pt=111)
    screen = engine.track_add(speaker.handle, ssrc=UNNAMED_SSRC, pt=111)
    engine.track_mid(screen, "s")
    engine.route_set(listener.slot(1), microphone)
    engine.route_set(listener.slot(2), screen)
    await engine.settled()
    sound = Layer(speaker, screen, 600, "s", "")
    voice = Layer(speaker, microphone, 500, "0", "")
    await speaker.send(sound.packet(b"sound", pt=111))
    await speaker.send(voice.packet(b"voice", pt=111))
    heard = {(p.ssrc, p.payload) for p in [await listener.hear(), await listener.hear()]}
    assert heard == {(1, b"voice"), (2, b"sound")}


async def refused(running: Running) -> int:
    record = await running.record(Refused)
    running.records.remove(record)
    return record.status  # type: ignore[union-attr]


async def test_senseless_streams_are_refused(running: Running) -> None:
    engine = running.engine
    peer, slot = await viewer(running)
    voice = engine.track_add(peer.handle, ssrc=1, pt=111)
    video = engine.video_add(peer.handle, ssrc=2, mid="v", rid="h")
    engine.route_set(slot, voice)
    assert await refused(running) == RANGE
    engine.route_set(peer.slot(3), video)
    assert await refused(running) == RANGE
    engine.video_add(peer.handle, mid="v", rid="h")
    assert await refused(running) == EXISTS
    engine.track_mid(video, "w")
    assert await refused(running) == RANGE
    engine.video_limit(voice, 5)
    assert await refused(running) == RANGE
    engine.video_slot_add(peer.handle, ssrc=9, rtx_ssrc=7001, cname="c")
    assert await refused(running) == EXISTS
    engine.video_slot_add(peer.handle, ssrc=7001, cname="c")
    assert await refused(running) == EXISTS
    engine.slot_del(slot)
    engine.slot_add(peer.handle, ssrc=7001, pt=111, cname="c")
    assert await refused(running) == EXISTS
