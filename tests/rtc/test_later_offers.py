"""Later offers append sections and use them again; their answers, good, odd and hostile."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answers import AnswerParts, chromium_answer, firefox_answer
from tests.support.damage import damaged
from voicechat.errors import Conflict, Invalid
from voicechat.rtc import sdp, sources
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation import (
    Negotiation,
    Offer,
    OpusSettings,
    SentStream,
    SlotLine,
    new_offer,
    read_answer,
    render_offer,
)
from voicechat.rtc.negotiation.session import MAX_LATER

HERE = Path(__file__).parent
CREDENTIALS = Credentials("servfrag0123", "s" * 24)
RESTARTED = Credentials("newfrag01234", "n" * 24)
FINGERPRINT = ":".join(["CD"] * 32)
CANDIDATE = "1 1 udp 2130706431 192.0.2.1 7882 typ host"
SCREEN, SOUND = sources.screen_video("a"), sources.screen_audio("a")
PARTS = AnswerParts()
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


def negotiation(slots: int = 2, *, answered: bool = True) -> Negotiation:
    first = new_offer(ice=CREDENTIALS, fingerprint=FINGERPRINT, candidates=[CANDIDATE], slots=slots)
    made = Negotiation(first)
    if answered:
        made.read(chromium_answer(render_offer(first), PARTS))
    return made


def offered(made: Negotiation) -> list[sdp.Media]:
    """Make the next offer and return its sections."""
    offer = made.next_offer()
    assert offer is not None
    return list(sdp.parse(render_offer(offer)).media)


def answered(made: Negotiation, parts: AnswerParts = PARTS) -> str:
    """Answer the offer that is out."""
    text = chromium_answer(render_offer(made.offer), parts)
    made.read(text)
    return text


def test_the_first_offer_is_what_it_is_written_down_as() -> None:
    offer = Offer(
        session_id=1 << 62,
        ice=CREDENTIALS,
        fingerprint=FINGERPRINT,
        candidates=(CANDIDATE,),
        cname="voice",
        slots=(SlotLine("1", 1001), SlotLine("2", 1002)),
        opus=OpusSettings(64, 20),
    )
    assert render_offer(offer).encode() == (HERE / "offers" / "voice.sdp").read_bytes()


def test_what_chromium_156_answered_to_later_offers_is_read() -> None:
    """In this order: a webcam, a screen with its sound, an end, sixteen slots, an ICE restart."""
    made = negotiation(16, answered=False)
    microphone = SentStream("17", "webcam", True, ("l", "m", "h"), None, 96, takes_arrivals=True)
    screen = SentStream("18", SCREEN, True, ("l", "m", "h"), None, 96, takes_arrivals=True)
    sound = SentStream("19", SOUND, False, (), 3938124837, 109)

    def read(name: str) -> None:
        made.next_offer()
        made.read((HERE / "answers" / f"chromium_{name}.sdp").read_bytes().decode())

    read("session")
    made.allow("webcam", 1_500_000)
    read("publish")
    assert made.answered is not None
    assert made.answered.sent == (microphone,)
    made.allow(SCREEN, 5_000_000)
    made.allow(SOUND)
    made.want_slots(video=4, sounds=2)
    read("screen")
    assert made.answered.sent == (microphone, screen, sound)
    assert [slot.mid for slot in made.answered.video_slots] == ["20", "21", "22", "23"]
    assert made.answered.sound_mids == ("24", "25")
    assert all(
        slot.codecs == {96, 98, 102, 45} and slot.takes_rtx and slot.reports_arrivals
        for slot in made.answered.video_slots
    )
    made.withdraw("webcam")
    read("stop")
    assert made.answered.sent == (screen, sound)
    made.allow("webcam", 1_500_000)
    made.want_slots(video=16, sounds=4)
    read("sixteen")
    assert len(made.answered.video_slots) == 16
    made.restart_ice(RESTARTED)
    read("restart")
    assert made.answered.sent == (microphone, screen, sound)


@dataclass(frozen=True)
class Other:
    """What another stack answers to a webcam, slots, and a screen with its sound; see tests/interop."""

    codecs: frozenset[int]
    takes_rtx: bool
    reports_arrivals: bool
    ssrcs: tuple[int | None, int | None, int | None]
    awaits_hello: bool = False


ALL_CODECS = frozenset({96, 98, 102, 45})
OTHERS = {
    "aiortc": Other(frozenset({96, 102}), True, False, (590271105, 898521560, 1228732702)),
    "gstreamer": Other(frozenset({96}), False, False, (500017, 500022, 500023)),
    "pion": Other(ALL_CODECS, True, True, (1334006146, 3159685065, 3655621195), awaits_hello=True),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_other_stacks_answered_is_read(name: str) -> None:
    """aiortc 1.16, webrtcbin of GStreamer 1.22, Pion 4.2: none of them in simulcast."""
    made, other = negotiation(16, answered=False), OTHERS[name]
    session = made.read((HERE / "answers" / f"{name}_session.sdp").read_bytes().decode())
    assert (session.publishes, len(session.slot_mids)) == (True, 16)
    assert session.awaits_hello == other.awaits_hello
    parts = AnswerParts(
        ufrag=session.ice.ufrag,
        password=session.ice.password,
        fingerprint=session.fingerprint,
        setup="passive" if session.awaits_hello else "active",
    )
    made.allow("webcam")
    made.want_slots(video=4)
    made.next_offer()
    answered(made, parts)
    made.allow(SCREEN)
    made.allow(SOUND)
    made.next_offer()
    answer = made.read((HERE / "answers" / f"{name}_screen.sdp").read_bytes().decode())
    webcam, screen, sound = other.ssrcs
    assert [(sent.mid, sent.source, sent.rids, sent.ssrc, sent.codec) for sent in answer.sent] == [
        ("17", "webcam", (), webcam, 96),
        ("22", SCREEN, (), screen, 96),
        ("23", SOUND, (), sound, 109),
    ]
    taken = {(slot.codecs, slot.takes_rtx, slot.reports_arrivals) for slot in answer.video_slots}
    assert (len(answer.video_slots), taken) == (
        4,
        {(other.codecs, other.takes_rtx, other.reports_arrivals)},
    )


def test_what_firefox_153_answered_to_a_webcam_is_read() -> None:
    """It names the highest layer first, writes the direction of an extension, and was built without H264."""
    made = negotiation(16, answered=False)
    session = made.read((HERE / "answers" / "firefox_session.sdp").read_bytes().decode())
    assert (session.publishes, len(session.slot_mids)) == (True, 16)
    made.allow("webcam", 200_000)
    made.next_offer()
    (webcam,) = made.read((HERE / "answers" / "firefox_publish.sdp").read_bytes().decode()).sent
    assert (webcam.mid, webcam.rids, webcam.ssrc, webcam.codec) == ("17", ("l", "m", "h"), None, 96)


def test_to_publish_there_is_a_section_that_asks_for_layers_and_names_the_limit() -> None:
    made = negotiation()
    made.allow("webcam", 1_500_000)
    made.allow(SOUND)
    *voice, webcam, sound = offered(made)
    assert [section.first("mid") for section in voice] == ["0", "1", "2"]
    assert (webcam.kind, webcam.first("mid"), webcam.direction) == ("video", "3", "recvonly")
    assert webcam.formats == ("96", "98", "102", "45")
    assert webcam.every("rid") == ("l recv", "m recv", "h recv")
    assert webcam.first("simulcast") == "recv l;m;h"
    assert {value.split()[0] for value in webcam.every("extmap")} == {"3", "4", "5"}
    feedback = [value.removeprefix("96 ") for value in webcam.every("rtcp-fb") if value.startswith("96 ")]
    assert feedback == ["nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"]
    assert (sound.kind, sound.direction, sound.formats) == ("audio", "recvonly", ("109",))
    assert "stereo=1" in (sound.first("fmtp") or "")
    assert "b=TIAS:1500000\r\n" in render_offer(made.offer)
    assert made.sends == (("3", "webcam"), ("4", SOUND))


def test_to_watch_there_are_slots_with_streams_for_what_is_resent() -> None:
    made = negotiation()
    made.want_slots(video=2, sounds=1)
    *_, first, second, sound = offered(made)
    assert first.formats == ("96", "97", "98", "99", "102", "103", "45", "46")
    assert "97 apt=96" in first.every("fmtp")
    assert {section.direction for section in (first, second, sound)} == {"sendonly"}
    groups = [section.first("ssrc-group") for section in (first, second)]
    named = [int(ssrc) for group in groups for ssrc in (group or "").removeprefix("FID ").split()]
    named += [int((sound.first("ssrc") or "").split()[0]), *(slot.ssrc for slot in made.offer.slots)]
    assert len(set(named)) == 7
    assert len({section.first("msid") for section in (first, second, sound)}) == 3


def test_sections_stay_where_they_are_and_are_used_again() -> None:
    made = negotiation()
    made.allow("webcam", 1)
    made.want_slots(video=1)
    offered(made)
    answered(made)
    made.withdraw("webcam")
    *_, webcam, slot = offered(made)
    assert (webcam.direction, slot.direction) == ("inactive", "sendonly")
    answered(made)
    made.allow(SOUND)
    made.allow(SCREEN, 2)
    made.want_slots(video=2)
    sections = offered(made)
    assert [section.first("mid") for section in sections] == ["0", "1", "2", "3", "4", "5", "6"]
    assert made.sends == (("3", SCREEN), ("5", SOUND))
    assert [section.direction for section in sections[3:]] == ["recvonly", "sendonly", "recvonly", "sendonly"]
    assert made.offer.revision == 4
    assert f" {made.offer.revision} IN IP4" in sdp.parse(render_offer(made.offer)).origin


def test_a_later_offer_repeats_streams_and_transport_as_they_were() -> None:
    made = negotiation()
    made.want_slots(video=4)
    first = offered(made)
    answered(made)
    made.want_slots(video=8)
    second = offered(made)
    assert second[: len(first)] == first


def test_one_offer_is_out_at_a_time_and_the_next_holds_all_that_changed_meanwhile() -> None:
    made = negotiation()
    made.allow("webcam", 1)
    assert made.next_offer() is not None
    made.allow(SCREEN, 1)
    made.want_slots(video=4)
    assert made.next_offer() is None
    answered(made)
    offer = made.next_offer()
    assert offer is not None
    assert (offer.revision, len(offer.later)) == (3, 6)
    answered(made)
    assert made.next_offer() is None


def test_what_was_taken_back_meanwhile_is_not_offered() -> None:
    made = negotiation()
    made.allow("webcam", 1)
    made.next_offer()
    made.allow(SCREEN, 1)
    made.withdraw(SCREEN)
    answered(made)
    assert made.next_offer() is None


def test_before_the_first_answer_nothing_more_is_offered() -> None:
    made = negotiation(answered=False)
    made.allow("webcam", 1)
    assert made.next_offer() is None


def test_a_change_of_the_limit_is_offered() -> None:
    made = negotiation()
    made.allow("webcam", 1000)
    offered(made)
    answered(made)
    made.allow("webcam", 2000)
    offered(made)
    assert "b=TIAS:2000\r\n" in render_offer(made.offer)


def test_an_answer_nobody_waits_for_or_to_another_offer_is_refused() -> None:
    made = negotiation()
    made.allow("webcam", 1)
    offered(made)
    text = chromium_answer(render_offer(made.offer), PARTS)
    with pytest.raises(Conflict, match="offer 2, got one to 1") as refused:
        made.read(text, revision=1)
    assert refused.value.code == "STALE_ANSWER"
    made.read(text, revision=2)
    with pytest.raises(Conflict, match="offer 2 is answered"):
        made.read(text)


def test_after_a_bad_answer_a_good_one_is_taken() -> None:
    made = negotiation()
    made.allow("webcam", 1)
    offered(made)
    text = chromium_answer(render_offer(made.offer), PARTS)
    with pytest.raises(Invalid):
        made.read(text.replace("m=video 9", "m=audio 9"))
    assert made.is_out
    made.read(text)


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"fingerprint": ":".join(["AC"] * 32)}, "fingerprint"), ({"ufrag": "other"}, "no restart")],
)
def test_another_client_cannot_answer_a_later_offer(change: dict[str, str], expected: str) -> None:
    made = negotiation()
    made.allow("webcam", 1)
    offered(made)
    with pytest.raises(Invalid, match=expected):
        answered(made, replace(PARTS, **change))  # type: ignore[arg-type]


def test_a_restart_offers_new_credentials_everywhere_and_takes_new_ones() -> None:
    made = negotiation()
    made.restart_ice(RESTARTED)
    for section in offered(made):
        assert (section.first("ice-ufrag"), section.first("ice-pwd")) == (RESTARTED.ufrag, RESTARTED.password)
    answered(made, replace(PARTS, ufrag="other", password="q" * 24))
    assert made.next_offer() is None


# ---- what clients answer -------------------------------------------------------------------------


def watching_and_sending() -> Negotiation:
    made = negotiation()
    made.allow("webcam", 1)
    made.allow(SOUND)
    made.want_slots(video=1, sounds=1)
    made.next_offer()
    return made


@pytest.mark.parametrize("write", [chromium_answer, firefox_answer])
@pytest.mark.parametrize("rids", [("l", "m", "h"), ("m", "l"), ()])
def test_layers_are_read_from_the_lowest_up(write: type, rids: tuple[str, ...]) -> None:
    made = watching_and_sending()
    parts = replace(PARTS, rids=rids, video_ssrcs={"3": 55, "4": 66})
    answer = made.read(write(render_offer(made.offer), parts))
    ordered = tuple(rid for rid in ("l", "m", "h") if rid in rids)
    ssrc = None if rids else 55
    assert answer.sent[0] == SentStream("3", "webcam", True, ordered, ssrc, 96, takes_arrivals=True)
    assert answer.sent[1] == SentStream("4", SOUND, False, (), 66, 109)


def test_a_paused_layer_is_a_layer() -> None:
    made = watching_and_sending()
    text = chromium_answer(render_offer(made.offer), PARTS).replace("send l;m;h", "send l;m;~h")
    assert made.read(text).sent[0].rids == ("l", "m", "h")


def test_codecs_retransmissions_and_arrival_times_may_be_left_out() -> None:
    """As aiortc does, which has VP8 and H264, no simulcast and no transport-wide numbers."""
    made = watching_and_sending()
    parts = replace(PARTS, types={111, 109, 96, 102}, rids=(), reports_arrivals=False, video_ssrcs={"3": 5})
    answer = made.read(chromium_answer(render_offer(made.offer), parts))
    (slot,) = answer.video_slots
    assert (slot.codecs, slot.takes_rtx, slot.reports_arrivals) == ({96, 102}, False, False)
    assert answer.sent[0] == SentStream("3", "webcam", True, (), 5, 96, takes_limits=True)


@pytest.mark.parametrize(
    ("refuses", "numbered", "arrivals", "limits"),
    [
        ([], True, True, False),
        (["goog-remb"], True, True, False),
        (["transport-cc"], True, False, True),
        ([], False, False, True),
        (["goog-remb"], False, False, False),
        (["transport-cc", "goog-remb"], True, False, False),
    ],
)
def test_a_publisher_is_told_by_arrival_times_or_else_by_limits_or_not_at_all(
    refuses: list[str], numbered: bool, arrivals: bool, limits: bool
) -> None:
    made = watching_and_sending()
    parts = replace(PARTS, refuses=refuses, reports_arrivals=numbered)
    webcam, sound = made.read(chromium_answer(render_offer(made.offer), parts)).sent
    assert (webcam.takes_arrivals, webcam.takes_limits) == (arrivals, limits)
    assert (sound.takes_arrivals, sound.takes_limits) == (False, False)


def test_a_client_that_sends_nothing_and_watches_nothing_is_read_as_such() -> None:
    made = watching_and_sending()
    answer = made.read(chromium_answer(render_offer(made.offer), replace(PARTS, sends=(), slot="inactive")))
    assert (answer.sent, answer.video_slots, answer.sound_mids) == ((), (), ())


def rejecting(text: str, *mids: str) -> str:
    """Reject the sections of these mids, as a client does that stopped its transceivers."""
    head, *sections = re.split(r"(?=^m=)", text, flags=re.MULTILINE)
    for mid in mids:
        head = re.sub(rf"(BUNDLE.*) {mid}\b", r"\1", head)
    for number, section in enumerate(sections):
        if any(f"a=mid:{mid}\r\n" in section for mid in mids):
            sections[number] = section.replace(" 9 ", " 0 ", 1)
    return head + "".join(sections)


def test_a_rejected_section_stays_rejected_and_is_never_used_again() -> None:
    made = watching_and_sending()
    text = rejecting(chromium_answer(render_offer(made.offer), PARTS), "3", "5")
    answer = made.read(text)
    assert [stream.source for stream in answer.sent] == [SOUND]
    assert answer.video_slots == ()
    made.withdraw("webcam")
    made.allow(SCREEN, 1)
    sections = offered(made)
    assert [section.port for section in sections] == [9, 9, 9, 0, 9, 0, 9, 9]
    assert sdp.parse(render_offer(made.offer)).first("group") == "BUNDLE 0 1 2 4 6 7"
    assert made.sends == (("4", SOUND), ("7", SCREEN))
    made.read(rejecting(chromium_answer(render_offer(made.offer), PARTS), "3", "5"))


def test_who_rejects_every_section_is_offered_no_end_of_them() -> None:
    made = negotiation()
    for _ in range(2 * MAX_LATER):
        made.allow("webcam", 1)
        if made.next_offer() is None:
            break
        mid = made.sends[0][0] if made.sends else ""
        made.read(rejecting(chromium_answer(render_offer(made.offer), PARTS), *made.offer.rejected, mid))
        made.withdraw("webcam")
        if made.next_offer() is not None:
            made.read(rejecting(chromium_answer(render_offer(made.offer), PARTS), *made.offer.rejected))
    assert len(made.offer.later) <= MAX_LATER


BAD = {
    "another payload type": ("SAVPF 96 98 102 45", "SAVPF 200"),
    "a payload type with no section of its own": ("SAVPF 96 98 102 45", "SAVPF 96 111"),
    "no codec": ("SAVPF 96 98 102 45", "SAVPF 97"),
    "another codec": ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 H265/90000"),
    "another clock": ("a=rtpmap:98 VP9/90000", "a=rtpmap:98 VP9/48000"),
    "audio for video": ("m=video", "m=audio"),
    "a section fewer": ("m=video 9", "x=video 9"),
    "a mid twice": ("a=mid:4", "a=mid:3"),
    "no mid": ("a=mid:3\r\n", ""),
    "sending and receiving": ("a=mid:3\r\n", "a=mid:3\r\na=recvonly\r\n"),
    "sending on a slot": ("a=recvonly", "a=sendonly"),
    "an extension of number 0": ("a=extmap:3 ", "a=extmap:0 "),
    "an extension of number 15": ("a=extmap:3 ", "a=extmap:15 "),
    "an extension of number 256": ("a=extmap:3 ", "a=extmap:256 "),
    "an extension under another number": ("a=extmap:5 ", "a=extmap:1 "),
    "an extension not offered there": ("a=extmap:5 ", f"a=extmap:1 {LEVEL_URI} "),
    "a layer not offered": ("send l;m;h", "send l;m;x"),
    "a layer not declared": ("a=rid:h send\r\n", ""),
    "a layer twice": ("send l;m;h", "send l;l"),
    "layers both ways": ("send l;m;h", "send l;m recv h"),
    "alternative layers": ("send l;m;h", "send l,m;h"),
    "simulcast twice": ("a=simulcast:send l;m;h", "a=simulcast:send l;m;h\r\na=simulcast:send l"),
    "an empty simulcast": ("a=simulcast:send l;m;h", "a=simulcast:"),
    "a section alone out of the bundle": ("BUNDLE 0 1 2 3 4 5 6", "BUNDLE 0 1 2 3 4 5"),
    "another transport": ("a=mid:5\r\n", "a=mid:5\r\na=ice-ufrag:other\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_refused_and_says_what_was_expected(name: str) -> None:
    made = watching_and_sending()
    good = chromium_answer(render_offer(made.offer), PARTS)
    assert good.count("a=mid:6") == 1
    bad = good.replace(*BAD[name])
    assert bad != good
    with pytest.raises(Invalid, match="expected"):
        made.read(bad)
    made.read(good)


def test_an_endless_answer_is_refused() -> None:
    made = watching_and_sending()
    good = chromium_answer(render_offer(made.offer), PARTS)
    with pytest.raises(Invalid, match="lines"):
        made.read(good + "a=x\n" * 10_000)
    with pytest.raises(Invalid, match="bytes"):
        made.read(good + "a=x\n" * 100_000)


def test_sending_on_an_inactive_section_is_refused() -> None:
    made = watching_and_sending()
    answered(made)
    made.withdraw("webcam")
    made.next_offer()
    text = chromium_answer(render_offer(made.offer), PARTS)
    head, tail = text.split("a=mid:3", 1)
    with pytest.raises(Invalid, match="nothing sent"):
        made.read(f"{head}a=mid:3{tail.replace('a=inactive', 'a=sendonly', 1)}")


OUT = watching_and_sending().offer
GOOD = chromium_answer(render_offer(OUT), PARTS)


@given(st.data())
def test_a_damaged_answer_is_read_or_refused(data: st.DataObject) -> None:
    text = damaged(data, GOOD, times=4)
    try:
        read_answer(OUT, text)
    except Invalid:
        pass


WISHES = st.lists(
    st.one_of(
        st.tuples(st.just("allow"), st.sampled_from(["webcam", SCREEN, SOUND, "screen_video:b"])),
        st.tuples(st.just("withdraw"), st.sampled_from(["webcam", SCREEN, SOUND, "screen_video:b"])),
        st.tuples(st.just("slots"), st.integers(0, 6)),
        st.tuples(st.just("answer"), st.none()),
        st.tuples(st.just("offer"), st.none()),
    ),
    max_size=40,
)


@given(WISHES)
def test_sections_never_move_shrink_or_change_their_kind(wishes: list[tuple[str, object]]) -> None:
    made, before, wished = negotiation(), ["audio"] * 3, set[str]()
    for kind, value in wishes:
        match kind, value:
            case "allow", str(source):
                made.allow(source, 1)
                wished.add(source)
            case "withdraw", str(source):
                made.withdraw(source)
                wished.discard(source)
            case "slots", int(count):
                made.want_slots(video=count, sounds=count // 2)
            case "answer", _ if made.is_out:
                answered(made)
            case _:
                offer = made.next_offer()
                if offer is not None:
                    assert {source for _, source in made.sends} == wished
        sections = sdp.parse(render_offer(made.offer)).media
        kinds = [section.kind for section in sections]
        assert kinds[: len(before)] == before
        assert [section.first("mid") for section in sections] == [str(number) for number in range(len(kinds))]
        before = kinds


def test_a_codec_the_client_likes_better_is_offered_first_once() -> None:
    """Chromium sends what the offer names first."""
    made = negotiation()
    made.allow("webcam", 1)
    offered(made)
    text = chromium_answer(render_offer(made.offer), PARTS)
    made.read(text.replace("SAVPF 96 98 102 45", "SAVPF 98 96 102 45"))
    assert offered(made)[-1].formats == ("98", "96", "102", "45")
    made.read(chromium_answer(render_offer(made.offer), PARTS).replace("SAVPF 98 96", "SAVPF 96 98"))
    assert made.next_offer() is None
    made.withdraw("webcam")
    offered(made)
    answered(made)
    made.allow("webcam", 1)
    assert offered(made)[-1].formats == ("96", "98", "102", "45")
