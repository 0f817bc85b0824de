"""Video from those who show to those who watch: real sockets, real DTLS and SRTP, real VP8."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
import trio

from tests.media.conftest import SETTINGS, Stage, open_stage
from tests.media.watching import LIMIT, Person, person
from tests.support.rtc_client import RtpPacket
from tests.support.rtc_video import (
    VP8,
    VP8_RTX,
    Layer,
    begins_with_keyframe,
    limits_told,
    losses,
    missing,
    picture_loss,
    receiver_limit,
    seen,
)
from tests.support.vp8 import Descriptor
from voicechat.errors import NotFound
from voicechat.media import Layer as LayerName
from voicechat.media import LayerChanged, Preference
from voicechat.media.banks import want
from voicechat.media.engine import EngineError
from voicechat.media.records import Estimated
from voicechat.media.streams import NEVER_SENT_S, VOICES_BITS_PER_S
from voicechat.media.tracks import SOUND_BITS_PER_S
from voicechat.rtc.sources import WEBCAM, screen_audio, screen_video

SCREEN, SOUND = screen_video("one"), screen_audio("one")
DARK, GREY, BRIGHT = 40, 120, 200


def is_seamless(packets: list[RtpPacket]) -> bool:
    """Sequence numbers go up by one, time never goes back, pictures are counted on."""
    ordered = list(itertools.pairwise(packets))
    pictures = [Descriptor.of(packet.payload).picture_id for packet in packets]
    return (
        all((after.seq - before.seq) & 0xFFFF == 1 for before, after in ordered)
        and all((after.timestamp - before.timestamp) & 0xFFFF_FFFF < 1 << 31 for before, after in ordered)
        and all((after - before) & 0x7FFF <= 1 for before, after in itertools.pairwise(pictures))
    )


async def show(layers: list[Layer], *colours: int) -> None:
    """Show the same pictures in every layer, the first of them a keyframe."""
    for number, colour in enumerate(colours):
        for layer in layers:
            await layer.show(colour, key=number == 0)


async def test_one_shows_and_one_watches(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await show([webcam], DARK, GREY, BRIGHT)
    packets = await ben.sees(mid, BRIGHT)
    assert begins_with_keyframe(packets)
    assert [round(colour, -1) for colour in seen(packets)] == [DARK, GREY, BRIGHT]
    assert is_seamless(packets)
    assert packets[0].seq < 1 << 15
    assert {packet.payload_type for packet in packets} == {VP8}


async def asked_again(viewer: Person, mid: str, seq: int, came: Callable[[], Sequence[Any]]) -> Any:
    """Ask for a packet until it comes: in its first moments a request is taken for impatience."""
    while not came():
        await viewer.client.report(missing(viewer.client, mid, seq))
        with trio.move_on_after(0.1):
            await viewer.client.wait_until(lambda: bool(came()))
    return came()[0]


async def test_who_comes_later_begins_with_a_keyframe_that_was_asked_for(stage: Stage) -> None:
    anna = await person(stage, "anna")
    (webcam,) = await anna.publishes()
    await show([webcam], DARK, DARK)
    cleo = await person(stage, "cleo")
    await cleo.renegotiates()
    mid = await cleo.watches("anna")
    await anna.client.wait_until(lambda: webcam.keyframes_asked() > 0)
    await webcam.show(GREY)
    await webcam.show(BRIGHT, key=True)
    packets = await cleo.sees(mid, BRIGHT)
    assert begins_with_keyframe(packets)
    assert len(seen(packets)) == 1


async def test_layers_change_on_keyframes_without_a_seam(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    layers = await anna.publishes("l", "m", "h")
    low, _, high = layers
    await ben.renegotiates(reports_arrivals=False)
    mid = await ben.watches("anna")
    await show(layers, DARK, DARK)
    await ben.shown("anna", LayerName.LOW)
    with trio.fail_after(10):
        while high.keyframes_asked() == 0:  # the look at the rates decides for the highest layer
            await show(layers, DARK, DARK)
            await trio.sleep(0.05)
    await low.show(GREY)
    await high.show(BRIGHT, key=True)
    await ben.shown("anna", LayerName.HIGH)
    await high.show(BRIGHT)
    assert is_seamless(await ben.sees(mid, BRIGHT))


async def test_a_preference_is_obeyed_and_told(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.prefer(ben.peer_id, "anna", WEBCAM, Preference.LOW)
    layers = await anna.publishes("l", "h")
    await ben.renegotiates(reports_arrivals=False)
    await ben.watches("anna")
    await show(layers, DARK, DARK)
    await ben.shown("anna", LayerName.LOW)
    stage.media.prefer(ben.peer_id, "anna", WEBCAM, Preference.OFF)
    await stage.events.wait_for(lambda _: ben.mid_of("anna") is None)
    stage.media.prefer(ben.peer_id, "anna", WEBCAM, Preference.AUTO)
    await ben.watches("anna")


async def test_what_a_viewer_lost_is_sent_again_in_a_stream_of_its_own(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await show([webcam], DARK, GREY)
    lost = (await ben.sees(mid, GREY))[1]
    again = await asked_again(ben, mid, lost.seq, lambda: ben.client.resent_in(mid))
    assert again.payload_type == VP8_RTX
    assert again.payload == lost.seq.to_bytes(2, "big") + lost.payload
    assert again.timestamp == lost.timestamp


async def test_a_viewer_without_retransmissions_gets_the_packet_itself_again(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates(types={111, 109, 96, 98})
    mid = await ben.watches("anna")
    await show([webcam], DARK, GREY)
    packets = await ben.sees(mid, GREY)
    wires = {datagram for datagram, _ in ben.client.datagrams}
    before = len(ben.client.datagrams)

    def came_twice() -> list[bytes]:
        return [datagram for datagram, _ in ben.client.datagrams[before:] if datagram in wires]

    await asked_again(ben, mid, packets[-1].seq, came_twice)
    assert ben.client.resent_in(mid) == []


async def test_a_decoder_in_trouble_gets_a_keyframe(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await show([webcam], DARK, GREY)
    await ben.sees(mid, GREY)
    asked = webcam.keyframes_asked()
    with trio.fail_after(10):
        while webcam.keyframes_asked() == asked:
            await ben.client.report(picture_loss(ben.client, mid))
            await trio.sleep(0.1)


async def test_a_publisher_is_asked_for_what_it_lost(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await webcam.show(DARK, key=True, lose=[1])
    await webcam.show(GREY)

    def asks() -> bool:
        return any(packet[1] == 205 and packet[0] & 31 == 1 for packet in anna.client.rtcp)

    await anna.client.wait_until(asks)
    await anna.client.send(webcam.sent[1])
    await ben.client.wait_until(lambda: len(ben.client.of_slot(mid)) == len(webcam.sent))


async def test_a_shared_screen_has_a_sound_that_can_be_held_back(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT, has_audio=True)
    offer = await anna.renegotiates(rids=())
    mids = {line.source: line.mid for line in offer.sends}
    await ben.renegotiates()
    picture, sound = await ben.watches("anna", SCREEN), await ben.watches("anna", SOUND)
    await show([Layer(anna.client, mids[SCREEN])], BRIGHT)
    await ben.sees(picture, BRIGHT)
    player = SoundPlayer(anna, mids[SOUND])
    await player.play(b"music")
    await ben.client.heard_payload(b"music")
    stage.media.gate_screen_audio(anna.peer_id, True)
    await stage.settled()
    await player.play(b"secret")
    await show([Layer(anna.client, mids[SCREEN])], DARK)
    stage.media.gate_screen_audio(anna.peer_id, False)
    await stage.settled()
    await player.play(b"more music")
    await ben.client.heard_payload(b"more music")
    heard = [packet.payload for packet in ben.client.of_slot(sound)]
    assert b"secret" not in heard


class SoundPlayer:
    """The sound of a screen, which is known by its section until its SSRC is."""

    def __init__(self, owner: Person, mid: str) -> None:
        self.owner, self.mid = owner, mid
        self.microphone = owner.client.ssrc

    async def play(self, payload: bytes) -> None:
        from voicechat.rtc.negotiation import STEREO_PT

        client = self.owner.client
        packet = bytearray(client.rtp_packet(payload, level=None, mid=self.mid))
        packet[1] = STEREO_PT
        packet[8:12] = (self.microphone ^ 0x5555_5555).to_bytes(4, "big")
        await client.send(client.protect(bytes(packet)))


async def test_the_deafened_see_and_do_not_hear(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.set_deafened(ben.peer_id, True)
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT, has_audio=True)
    offer = await anna.renegotiates(rids=())
    mids = {line.source: line.mid for line in offer.sends}
    await ben.renegotiates()
    picture, sound = await ben.watches("anna", SCREEN), await ben.watches("anna", SOUND)
    await SoundPlayer(anna, mids[SOUND]).play(b"music")
    await show([Layer(anna.client, mids[SCREEN])], BRIGHT)
    await ben.sees(picture, BRIGHT)
    assert ben.client.of_slot(sound) == []


async def test_an_end_is_an_end_and_the_section_is_used_again(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await show([webcam], DARK)
    await ben.sees(mid, DARK)
    stage.media.unpublish(anna.peer_id, WEBCAM)
    await stage.events.wait_for(lambda _: ben.mid_of("anna") is None)
    await anna.renegotiates()
    await stage.settled()
    await show([webcam], GREY)  # a client that goes on is not seen
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT)
    offer = await anna.renegotiates(rids=())
    assert [line.mid for line in offer.sends if line.source == SCREEN] == [webcam.mid]
    again = await ben.watches("anna", SCREEN)
    await show([webcam], BRIGHT)  # under the SSRC of before, as browsers do
    packets = await ben.sees(again, BRIGHT)
    assert GREY not in [round(colour, -1) for colour in seen(packets)]


@pytest.mark.parametrize("stops_before", [True, False])
async def test_a_section_may_go_on_under_another_ssrc(stage: Stage, stops_before: bool) -> None:
    """As Pion's does for each new track, whose packets do not say their section."""
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    await show([webcam], DARK)
    await ben.sees(await ben.watches("anna"), DARK)
    if stops_before:
        stage.media.unpublish(anna.peer_id, WEBCAM)
        await anna.renegotiates()
        stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    else:
        stage.media.limit(anna.peer_id, WEBCAM, LIMIT // 2)
    webcam = Layer(anna.client, webcam.mid, says_mid=False)
    await anna.renegotiates(rids=(), video_ssrcs={webcam.mid: webcam.ssrc})
    again = await ben.watches("anna")
    await show([webcam], BRIGHT)
    await ben.sees(again, BRIGHT)


async def test_a_video_that_goes_on_under_another_ssrc_has_its_time_to_come(stage: Stage) -> None:
    anna = await person(stage, "anna")
    (webcam,) = await anna.publishes()
    stage.media.limit(anna.peer_id, WEBCAM, LIMIT // 2)
    await anna.offered()
    published = stage.media._endpoints[anna.peer_id].published[WEBCAM]
    published.since -= 2 * NEVER_SENT_S
    answer = anna.client.answer(rids=(), video_ssrcs={webcam.mid: webcam.ssrc})
    await stage.media.answer(anna.peer_id, answer)
    stage.media._streams.look()
    assert not published.is_lost


async def test_a_wish_that_the_engine_has_no_room_for_is_told_by_the_next_look(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await anna.publishes()
    await ben.renegotiates()
    engine, viewer = stage.media._engine, stage.media._endpoints[ben.peer_id]

    def refuse(peer: int, bps: int) -> None:
        raise EngineError("FULL", "queueing a command")

    with monkeypatch.context() as full:
        full.setattr(engine, "peer_want", refuse)
        want(engine, viewer, 1_000_000)
    assert viewer.wanted == 0
    want(engine, viewer, 1_000_000)
    assert viewer.wanted == 1_000_000


async def test_who_leaves_ends_what_it_shows_even_with_an_offer_out(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await anna.publishes()
    await ben.renegotiates()
    await ben.watches("anna")
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT)
    await stage.media.leave(anna.peer_id)
    await stage.events.wait_for(lambda _: ben.mid_of("anna") is None)
    with pytest.raises(NotFound):
        await stage.media.answer(anna.peer_id, anna.client.answer())
    await stage.settled()


async def test_seventeen_webcams_on_sixteen_slots() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, room_peers=20)) as stage:
        viewer = await person(stage, "viewer")
        webcams: dict[str, Layer] = {}
        for number in range(17):
            publisher = await person(stage, f"user{number}")
            (webcams[publisher.user_id],) = await publisher.publishes()
        for _ in range(2):  # the first four, and then all that came meanwhile
            await viewer.renegotiates()
        mids = {user: await viewer.watches(user) for user in list(webcams)[:16]}
        assert len(set(mids.values())) == 16
        assert viewer.mid_of("user16") is None
        for number, webcam in enumerate(webcams.values()):
            await webcam.show(20 + 12 * number, key=True)
        for number, mid in enumerate(mids.values()):
            assert begins_with_keyframe(await viewer.sees(mid, 20 + 12 * number))
        await stage.media.leave(next(p for p, e in stage.media._endpoints.items() if e.user_id == "user3"))
        assert await viewer.watches("user16") == mids["user3"]
        await webcams["user16"].show(BRIGHT, key=True)
        assert is_seamless(await viewer.sees(mids["user3"], BRIGHT))


async def test_what_goes_beyond_the_limit_is_not_passed_on(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    stage.media.limit(anna.peer_id, WEBCAM, 20_000)
    await stage.settled()
    for _ in range(20):  # 40 kB; two seconds of the limit and its headroom are 6
        await webcam.show(GREY, key=True)
    with trio.fail_after(10):
        while stage.media.counters()["rtp_received"] < len(webcam.sent):  # noqa: ASYNC110
            await trio.sleep(0.01)
    await stage.settled()
    passed = sum(len(packet.payload) for packet in ben.client.of_slot(mid))
    assert 0 < passed < 10_000


async def test_everybody_gone_leaves_no_handles_in_the_engine() -> None:
    async with open_stage() as stage:
        engine = stage.media._engine
        for _ in range(3):
            anna, ben = await person(stage, "anna"), await person(stage, "ben")
            layers = await anna.publishes("l", "m", "h")
            await ben.renegotiates()
            await ben.watches("anna")
            await show(layers, DARK)
            stage.media.unpublish(anna.peer_id, WEBCAM)
            await anna.publishes("l", source=SCREEN, has_audio=True)
            for who in (anna, ben):
                await stage.media.leave(who.peer_id)
            await stage.settled()
            used = [kind._next - len(kind._free) for kind in
                    (engine._peer_handles, engine._track_handles, engine._slot_handles)]  # fmt: skip
            assert used == [0, 0, 0]
            assert engine._peers == {}


async def test_a_client_that_never_answers_lives_on_with_what_it_has(stage: Stage) -> None:
    anna, ben, cleo = [await person(stage, name) for name in ("anna", "ben", "cleo")]
    (webcam,) = await anna.publishes()
    await cleo.renegotiates()
    mid = await cleo.watches("anna")
    await show([webcam], BRIGHT)
    await cleo.sees(mid, BRIGHT)
    await ben.client.say(b"still here")
    await anna.client.heard_payload(b"still here")
    await anna.client.say(b"me too")
    await ben.client.heard_payload(b"me too")


async def show_for_ever(layers: list[Layer]) -> None:
    """Show something that is the smaller the lower the layer, a keyframe each time."""
    while True:
        for layer in layers:
            await layer.show(GREY, key=True)
        await trio.sleep(0.05)


async def report_for_ever(viewer: Person, mid: str, lost: float) -> None:
    """Report such a loss again and again."""
    while True:
        highest = viewer.client.of_slot(mid)[-1].seq
        await viewer.client.report(losses(viewer.client, mid, lost, highest))
        await trio.sleep(0.3)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go up after a moment instead of seconds."""
    monkeypatch.setattr("voicechat.rtc.layers.HOLD_S", 0.1)


@pytest.mark.usefixtures("hasty")
async def test_layers_follow_what_the_network_is_estimated_to_carry(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    low, _, high = await anna.publishes("l", "m", "h")
    await ben.renegotiates()
    await ben.watches("anna")
    viewer = stage.media._endpoints[ben.peer_id]
    layers = [Layer(anna.client, low.mid, "l", width=64), Layer(anna.client, high.mid, "h", width=480)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show_for_ever, layers)

        async def carries(bits_per_s: float, layer: LayerName | None) -> None:
            record = Estimated(viewer.handle, int(VOICES_BITS_PER_S + bits_per_s), 0)
            stage.media._take(record)  # as the engine tells it
            await ben.shown("anna", layer)

        await carries(90_000_000, LayerName.HIGH)
        lowest = stage.media._endpoints[anna.peer_id].sent_as(WEBCAM)[0]
        await carries(2 * lowest.meter.bits_per_s, LayerName.LOW)  # the highest takes four times as much
        await carries(0, None)
        await carries(90_000_000, LayerName.HIGH)
        nursery.cancel_scope.cancel()


@pytest.mark.usefixtures("hasty")
async def test_a_viewer_without_arrival_times_is_judged_by_its_losses(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    low, _, high = await anna.publishes("l", "m", "h")
    await ben.renegotiates(reports_arrivals=False)
    mid = await ben.watches("anna")
    layers = [Layer(anna.client, low.mid, "l", width=64), Layer(anna.client, high.mid, "h", width=480)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show_for_ever, layers)
        await ben.shown("anna", LayerName.HIGH)
        nursery.start_soon(report_for_ever, ben, mid, 0.9)
        await stage.events.wait_for(lambda _: LayerName.LOW in layers_told(ben)[-1:])
        nursery.cancel_scope.cancel()


async def test_a_publisher_without_arrival_times_is_told_how_much_it_may_send(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (other,) = await ben.publishes()
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=300_000)
    await anna.renegotiates(refuses=["transport-cc"])  # to the slots it watches ben in
    webcam = (await anna.renegotiates(rids=(), refuses=["transport-cc"])).sends[-1]
    most = 300_000 * 5 // 3 + SOUND_BITS_PER_S
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show_for_ever, [Layer(anna.client, webcam.mid, width=480)])
        nursery.start_soon(show_for_ever, [Layer(ben.client, other.mid, width=480)])
        await anna.client.wait_until(lambda: len(limits_told(anna.client)) > 1)
        nursery.cancel_scope.cancel()
    assert all(0 < told <= most for told in limits_told(anna.client))
    assert limits_told(ben.client) == []
    assert stage.media.counters()["remb_sent"] >= 1


async def say_limit_for_ever(viewer: Person, mid: str, limit: list[int]) -> None:
    """Say again and again how much may be sent, as long as there is a limit."""
    while limit:
        await viewer.client.report(receiver_limit(viewer.client, mid, limit[0]))
        await trio.sleep(0.3)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("reports_arrivals", [True, False])
async def test_what_a_viewer_says_that_it_takes_bounds_its_layers_until_it_says_so_no_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, reports_arrivals: bool
) -> None:
    monkeypatch.setattr("voicechat.rtc.capacity.LIMIT_S", 1.0)
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    low, _, high = await anna.publishes("l", "m", "h")
    await ben.renegotiates(reports_arrivals=reports_arrivals)
    mid = await ben.watches("anna")
    layers = [Layer(anna.client, low.mid, "l", width=64), Layer(anna.client, high.mid, "h", width=480)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show_for_ever, layers)
        await ben.shown("anna", LayerName.HIGH)
        lowest = stage.media._endpoints[anna.peer_id].sent_as(WEBCAM)[0]
        limit = [int(VOICES_BITS_PER_S + 2 * lowest.meter.bits_per_s)]
        nursery.start_soon(say_limit_for_ever, ben, mid, limit)
        await ben.shown("anna", LayerName.LOW)
        limit.clear()
        await ben.shown("anna", LayerName.HIGH)
        nursery.cancel_scope.cancel()
    assert stage.media.counters()["remb_received"] > 0


async def test_pictures_that_are_lost_are_no_lost_voices(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await show([webcam], DARK)
    highest = (await ben.sees(mid, DARK))[-1].seq
    await ben.client.report(losses(ben.client, mid, 0.9, highest))
    picture = stage.media._endpoints[ben.peer_id].pictures[0]
    with trio.fail_after(10):
        while (stats := stage.media._engine.slot_stats(picture)) is None or not stats.reported_us:  # noqa: ASYNC110
            await trio.sleep(0.01)
    assert stats.fraction_lost > 200
    down = stage.media.stats(ben.peer_id).down
    assert (down.loss_percent, down.packets) == (0, 0)


def layers_told(viewer: Person) -> list[LayerName | None]:
    told = viewer.stage.events.of(LayerChanged)
    return [event.layer for event in told if event.peer_id == viewer.peer_id]
