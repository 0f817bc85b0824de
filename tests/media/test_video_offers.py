"""Later offers in a media room: who is offered what, when, and what their answers lead to."""

from __future__ import annotations

import msgspec
import pytest

from tests.media.conftest import SETTINGS, Stage, open_stage
from tests.media.watching import LIMIT, Person, person
from voicechat.errors import Conflict, NotFound, Unavailable
from voicechat.media import OfferChanged, Preference, StreamLost, StreamLostReason, Withheld
from voicechat.rtc.sources import WEBCAM, screen_audio, screen_video

SCREEN, SOUND = screen_video("one"), screen_audio("one")
BRIGHT = 200


def offers_to(who: Person) -> list[OfferChanged]:
    return [event for event in who.stage.events.of(OfferChanged) if event.peer_id == who.peer_id]


async def test_nobody_is_offered_video_before_somebody_shows_something(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    assert (anna.revision, ben.revision) == (1, 1)
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    offer = await anna.renegotiates()
    assert [(line.mid, line.source) for line in offer.sends] == [("0", "microphone"), ("5", WEBCAM)]
    assert "m=video" in (await ben.offered()).sdp


async def test_what_is_not_there_is_refused(stage: Stage) -> None:
    anna = await person(stage, "anna")
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    with pytest.raises(Conflict):
        stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    with pytest.raises(NotFound):
        stage.media.limit(anna.peer_id, SCREEN, LIMIT)
    stage.media.unpublish(anna.peer_id, SCREEN)
    await stage.media.leave(anna.peer_id)
    with pytest.raises(NotFound):
        stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)


async def test_a_stream_that_is_refused_or_never_comes_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicechat.media.streams.NEVER_SENT_S", 0.0)
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT)
    await anna.renegotiates(sends=())
    stage.media.publish(ben.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    refused = StreamLost("room", anna.peer_id, SCREEN, StreamLostReason.REFUSED)
    never_sent = StreamLost("room", ben.peer_id, WEBCAM, StreamLostReason.NEVER_SENT)
    await stage.events.wait_for(lambda event: event == refused)
    await stage.events.wait_for(lambda event: event == never_sent)


async def test_a_video_too_many_for_the_server_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicechat.media.lifetime.MAX_VIDEO_TRACKS", 4)
    async with open_stage() as stage:
        anna, ben = await person(stage, "anna"), await person(stage, "ben")
        stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)  # in three layers, for all we know
        with pytest.raises(Unavailable) as refused:
            stage.media.publish(ben.peer_id, WEBCAM, max_bits_per_s=LIMIT)
        assert refused.value.code == "VIDEO_FULL"
        (webcam,) = await anna.publishes_on()
        await webcam.show(BRIGHT, key=True)
        await ben.renegotiates()  # the slots to watch on, and nothing of ben's own
        assert stage.media._endpoints[ben.peer_id].published == {}
        assert stage.media._streams._stages["room"].announced(ben.peer_id) == ()
        (other,) = await ben.publishes()  # anna sends one layer: three are left
        assert other.mid is not None
        stage.media.unpublish(ben.peer_id, WEBCAM)
        await ben.renegotiates()
        await ben.publishes("l", "m", "h")  # the section has one already
        with pytest.raises(Unavailable):
            stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT)
        await stage.media.leave(ben.peer_id)
        await stage.settled()
        stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT)


async def test_slots_the_server_has_no_room_for_leave_the_rest_working(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voicechat.media.lifetime.MAX_VIDEO_SLOTS", 1)
    async with open_stage() as stage:
        anna, ben = await person(stage, "anna"), await person(stage, "ben")
        await anna.publishes()
        (screen,) = await anna.publishes(source=SCREEN)
        await ben.renegotiates()
        mid = await ben.watches("anna", SCREEN)
        await screen.show(BRIGHT, key=True)
        await ben.sees(mid, BRIGHT)
        await ben.denied("anna", Withheld.NO_SLOT, WEBCAM)
        assert stage.media._endpoints[ben.peer_id].is_numbered  # its network is estimated all the same
        assert stage.media.counters()["commands_refused"] == 0


async def test_screens_are_seen_before_webcams_where_slots_are_short() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, video_slots=4)) as stage:
        people = [await person(stage, f"user{number}") for number in range(7)]
        viewer, *shown = people
        for publisher in shown:
            await publisher.publishes(source=WEBCAM)
            await viewer_catches_up(viewer)
        assert len(watched(viewer)) == 4
        await shown[-1].publishes(source=SCREEN)
        await stage.events.wait_for(lambda _: (shown[-1].user_id, SCREEN) in watched(viewer))
        assert len(watched(viewer)) == 4


async def viewer_catches_up(viewer: Person) -> None:
    """Answer what there is to answer."""
    if viewer.stage.media._endpoints[viewer.peer_id].peer.negotiation.is_out:
        await viewer.renegotiates()


def watched(viewer: Person) -> list[tuple[str, str]]:
    slots = viewer.stage.media._streams.slots_of(viewer.stage.media._endpoints[viewer.peer_id])
    return [(slot.user_id, slot.source) for slot in slots if slot.user_id is not None]


async def test_what_changes_while_an_offer_is_out_comes_in_one_offer(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    stage.media.publish(ben.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT, has_audio=True)
    stage.media.limit(anna.peer_id, SCREEN, LIMIT // 2)
    first, second = await anna.renegotiates(), await anna.renegotiates()
    assert [line.source for line in first.sends] == ["microphone", WEBCAM]
    assert [line.source for line in second.sends] == ["microphone", WEBCAM, SCREEN, SOUND]
    assert f"b=TIAS:{LIMIT // 2}" in second.sdp
    await stage.settled()
    assert len(offers_to(anna)) == 2


async def test_who_joins_a_room_with_video_is_offered_slots_once_it_is_connected(stage: Stage) -> None:
    anna = await person(stage, "anna")
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT, has_audio=True)
    ben_id, client = await stage.client("ben")
    assert "m=video" not in client.offer
    await stage.media.answer(ben_id, client.answer())
    ben = Person(stage, "ben", ben_id, client)
    await stage.settled()
    assert offers_to(ben) == []
    await client.connect()
    offer = await ben.offered()
    assert (offer.sdp.count("m=video"), offer.sdp.count("a=rtpmap:109 ")) == (4, 2)


async def test_what_nobody_wants_to_see_takes_no_slots(stage: Stage) -> None:
    anna = await person(stage, "anna")
    ben_id, client = await stage.client("ben")
    ben = Person(stage, "ben", ben_id, client)
    for source in (SCREEN, SOUND):
        stage.media.prefer(ben_id, "anna", source, Preference.OFF)  # before it is connected
    stage.media.publish(anna.peer_id, SCREEN, max_bits_per_s=LIMIT, has_audio=True)
    await stage.media.answer(ben_id, client.answer())
    await client.connect()
    stage.media.prefer(ben_id, "anna", SCREEN, Preference.AUTO)
    offer = await ben.offered()
    assert (offer.sdp.count("m=video"), offer.sdp.count("a=rtpmap:109 ")) == (4, 0)


async def test_a_stream_published_before_the_connection_is_offered_with_it(stage: Stage) -> None:
    anna_id, client = await stage.client("anna")
    anna = Person(stage, "anna", anna_id, client)
    stage.media.publish(anna_id, WEBCAM, max_bits_per_s=LIMIT)
    await stage.media.answer(anna_id, client.answer())
    await client.connect()
    assert [line.source for line in (await anna.offered()).sends] == ["microphone", WEBCAM]


async def test_people_of_other_rooms_are_offered_nothing(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben", room_id="another")
    stage.media.listen(ben.peer_id, ["room"])
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    await anna.offered()
    await stage.settled()
    assert offers_to(ben) == []


async def test_an_answer_to_an_offer_of_before_is_refused(stage: Stage) -> None:
    anna = await person(stage, "anna")
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    await anna.offered()
    with pytest.raises(Conflict) as refused:
        await stage.media.answer(anna.peer_id, anna.client.answer(), revision=1)
    assert refused.value.code == "STALE_ANSWER"
    await stage.media.answer(anna.peer_id, anna.client.answer(), revision=2)


async def test_who_leaves_with_an_offer_out_leaves_nothing_behind(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.publish(anna.peer_id, WEBCAM, max_bits_per_s=LIMIT)
    await ben.offered()
    for who in (anna, ben):
        await stage.media.leave(who.peer_id)
        with pytest.raises(NotFound):
            await stage.media.answer(who.peer_id, who.client.answer())
    assert stage.media._streams._stages == {}
    assert stage.media._streams._rooms == {}
