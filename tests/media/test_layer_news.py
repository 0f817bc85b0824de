"""What viewers are told of the videos they get, and of those they do not get."""

from __future__ import annotations

import msgspec
import pytest

from tests.media.conftest import SETTINGS, Stage, open_stage
from tests.media.watching import LIMIT, person
from tests.support.rtc_video import VP8
from voicechat.media import Layer, LayerChanged, Preference, Withheld
from voicechat.media.records import Estimated
from voicechat.rtc.sources import WEBCAM, screen_video

SCREEN = screen_video("one")
GREY, BRIGHT = 120, 200
VP9 = 98
WITHOUT_VP9 = {111, 109, 96, 97}
WITHOUT_VP8 = {111, 109, 98, 99}


async def test_a_viewer_whose_answer_lacks_the_codec_is_told_so(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates(types=WITHOUT_VP8)
    await webcam.show(GREY, key=True)
    await ben.denied("anna", Withheld.NO_CODEC)
    assert ben.mid_of("anna") is None


async def test_what_comes_counts_and_not_what_was_answered(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()  # by its answer, VP8
    await ben.renegotiates(types=WITHOUT_VP9)
    await ben.watches("anna")
    webcam.pt = VP9
    await webcam.show(GREY, key=True)
    await ben.denied("anna", Withheld.NO_CODEC)
    await stage.events.wait_for(lambda _: ben.mid_of("anna") is None)
    webcam.pt = VP8
    await webcam.show(GREY, key=True)
    mid = await ben.watches("anna")
    await webcam.show(BRIGHT, key=True)
    await ben.sees(mid, BRIGHT)
    await ben.shown("anna", Layer.HIGH)


async def test_a_stream_that_becomes_playable_is_given_a_section(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates(types=WITHOUT_VP9)  # a bank of four
    webcam.pt = VP9
    await webcam.show(GREY, key=True)
    await ben.denied("anna", Withheld.NO_CODEC)
    for number in range(4):
        other = await person(stage, f"user{number}")
        await other.publishes()
        await ben.watches(other.user_id)
    webcam.pt = VP8
    await webcam.show(GREY, key=True)
    await ben.renegotiates(types=WITHOUT_VP9)
    mid = await ben.watches("anna")
    await webcam.show(BRIGHT, key=True)
    await ben.sees(mid, BRIGHT)
    reasons = {event.reason for event in stage.events.of(LayerChanged) if event.peer_id == ben.peer_id}
    assert Withheld.NO_SLOT not in reasons


async def test_a_viewer_without_a_free_section_is_told_so() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, video_slots=1)) as stage:
        anna, ben = await person(stage, "anna"), await person(stage, "ben")
        await anna.publishes()
        await anna.publishes(source=SCREEN)
        await ben.renegotiates()
        await ben.watches("anna", SCREEN)  # screens go before webcams
        await ben.denied("anna", Withheld.NO_SLOT, WEBCAM)
        stage.media.unpublish(anna.peer_id, SCREEN)
        await ben.watches("anna", WEBCAM)


async def test_a_silent_publisher_is_told_of_and_so_is_its_first_picture(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicechat.rtc.stage.QUIET_S", 0.0)
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    await ben.denied("anna", Withheld.NO_PACKETS)
    await webcam.show(GREY, key=True)
    await ben.shown("anna", Layer.HIGH)


async def test_a_narrow_network_is_the_reason_for_a_pause(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    await ben.watches("anna")
    viewer = stage.media._endpoints[ben.peer_id]
    stage.media._take(Estimated(viewer.handle, 0, 0))  # as the engine tells it
    for _ in range(2):
        await webcam.show(GREY, key=True)
        stage.media._streams.look()
    await ben.denied("anna", Withheld.BANDWIDTH)


async def test_a_switch_is_told_even_when_the_engine_s_record_of_it_is_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.media._streams, "switched", lambda *_: None)
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    (webcam,) = await anna.publishes()
    await ben.renegotiates()
    mid = await ben.watches("anna")
    await webcam.show(BRIGHT, key=True)
    await ben.sees(mid, BRIGHT)
    await ben.shown("anna", Layer.HIGH)


async def test_who_does_not_want_a_video_or_did_not_answer_is_told_nothing(stage: Stage) -> None:
    anna, ben, cleo = [await person(stage, name) for name in ("anna", "ben", "cleo")]
    stage.media.prefer(ben.peer_id, "anna", WEBCAM, Preference.OFF)
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    await anna.renegotiates(rids=())
    await cleo.offered()
    for _ in range(3):
        stage.media._streams.look()
    assert stage.events.of(LayerChanged) == []
