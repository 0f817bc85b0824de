"""The offer, and answers good and bad."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answers import AnswerParts, chromium_answer, firefox_answer
from tests.support.damage import damaged
from voicechat.errors import Invalid
from voicechat.ids import new_id
from voicechat.protocol import decode_command, encode
from voicechat.protocol.voice import VoiceAnswer
from voicechat.rtc import sdp
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation import Offer, OpusSettings, new_offer, read_answer, render_offer
from voicechat.settings import LimitSettings, MediaSettings

ANSWERS = Path(__file__).parent / "answers"
CREDENTIALS = Credentials("servfrag0123", "s" * 24)
PARTS = AnswerParts()


@pytest.fixture(scope="module")
def offer() -> Offer:
    return make_offer()


def make_offer(slots: int = 3, opus: OpusSettings | None = None) -> Offer:
    line = "1 1 udp 2130706431 192.0.2.1 7882 typ host"
    fingerprint = ":".join(["CD"] * 32)
    return new_offer(ice=CREDENTIALS, fingerprint=fingerprint, candidates=[line], slots=slots, opus=opus)


def test_the_offer_has_a_microphone_and_then_the_slots(offer: Offer) -> None:
    microphone, *slots = sdp.parse(render_offer(offer)).media
    assert (microphone.first("mid"), microphone.direction) == ("0", "recvonly")
    assert [(slot.first("mid"), slot.direction) for slot in slots] == [
        ("1", "sendonly"), ("2", "sendonly"), ("3", "sendonly"),
    ]  # fmt: skip
    ssrcs = {slot.every("ssrc")[0].split()[0] for slot in slots}
    streams = {slot.first("msid") for slot in slots}
    assert len(ssrcs) == len(streams) == 3
    assert ssrcs == {str(line.ssrc) for line in offer.slots}


def test_every_section_repeats_the_transport(offer: Offer) -> None:
    """Firefox refuses sections without ICE attributes; aiortc forgets candidates of only some sections."""
    for section in sdp.parse(render_offer(offer)).media:
        assert section.first("ice-ufrag") == "servfrag0123"
        assert section.first("ice-pwd") == "s" * 24
        assert section.first("fingerprint") == "sha-256 " + ":".join(["CD"] * 32)
        assert section.first("setup") == "actpass"
        assert section.has("rtcp-mux")
        assert section.every("candidate") == offer.candidates
        assert section.has("end-of-candidates")
        assert section.first("rtpmap") == "111 opus/48000/2"
        assert "usedtx=1" in (section.first("fmtp") or "")


def test_slots_are_offered_with_redundancy_behind_opus_and_the_microphone_without(offer: Offer) -> None:
    """What comes first is what a publisher would send, and what we are sent stays plain."""
    microphone, *slots = sdp.parse(render_offer(offer)).media
    assert (microphone.formats, microphone.every("rtpmap")) == (("111",), ("111 opus/48000/2",))
    for slot in slots:
        assert slot.formats == ("111", "63")
        assert slot.every("rtpmap") == ("111 opus/48000/2", "63 red/48000/2")
        assert slot.every("fmtp")[1:] == ("63 111/111",)


@pytest.mark.parametrize(
    ("opus", "bitrate", "ptime"),
    [(None, "64000", "20"), (OpusSettings(8, 10), "8000", "10"), (OpusSettings(510, 60), "510000", "60")],
)
def test_every_section_asks_for_the_channels_bitrate_and_packet_time(
    opus: OpusSettings | None, bitrate: str, ptime: str
) -> None:
    """All sections, as one payload type means one codec in a bundle."""
    for section in sdp.parse(render_offer(make_offer(opus=opus))).media:
        parameters = (section.first("fmtp") or "").partition(" ")[2].split(";")
        assert f"maxaveragebitrate={bitrate}" in parameters
        assert section.every("ptime") == (ptime,)


def test_the_offer_is_bundled_and_lite(offer: Offer) -> None:
    description = sdp.parse(render_offer(offer))
    assert description.first("group") == "BUNDLE 0 1 2 3"
    assert description.first("ice-lite") == ""


@pytest.mark.parametrize("slots", [0, 129])
def test_an_impossible_bank_is_refused(slots: int) -> None:
    with pytest.raises(Invalid, match="slots"):
        make_offer(slots)


@pytest.mark.parametrize(("name", "ssrc"), [("chromium_microphone", 1727279542), ("chromium_listener", None)])
def test_what_chromium_156_answered_to_sixteen_slots_is_read(name: str, ssrc: int | None) -> None:
    text = (ANSWERS / f"{name}.sdp").read_bytes().decode()
    answer = read_answer(make_offer(16), text)
    assert (answer.publishes, answer.ssrc, answer.level_extension) == (ssrc is not None, ssrc, 1)
    assert answer.slot_mids == tuple(str(mid) for mid in range(1, 17))


@pytest.mark.parametrize("write", [chromium_answer, firefox_answer])
def test_a_browsers_answer_is_read(offer: Offer, write: type) -> None:
    answer = read_answer(offer, write(render_offer(offer), PARTS))
    assert answer.ice == Credentials("clnt", "p" * 24)
    assert answer.fingerprint == PARTS.fingerprint
    assert (answer.publishes, answer.ssrc, answer.level_extension) == (True, 1234, 1)
    assert answer.slot_mids == ("1", "2", "3")


def test_what_chromium_156_answered_to_redundancy_is_read() -> None:
    text = (ANSWERS / "chromium_redundancy.sdp").read_bytes().decode()
    answer = read_answer(make_offer(2), text)
    assert answer.slot_mids == answer.redundant_mids == ("1", "2")


def test_each_slot_knows_whether_its_receiver_takes_redundancy(offer: Offer) -> None:
    text = chromium_answer(render_offer(offer), PARTS)
    assert read_answer(offer, text).redundant_mids == ("1", "2", "3")
    first, second, third, fourth = re.split("(?=m=audio)", text)[1:]
    without = third.replace("SAVPF 111 63", "SAVPF 111").replace("a=rtpmap:63 red/48000/2\r\n", "")
    head = text[: text.index("m=audio")]
    mixed = read_answer(offer, head + first + second + without + fourth.replace("recvonly", "inactive"))
    assert (mixed.slot_mids, mixed.redundant_mids) == (("1", "2"), ("1",))


@pytest.mark.parametrize(
    ("write", "types"), [(firefox_answer, PARTS.types), (chromium_answer, {111})], ids=["firefox", "aiortc"]
)
def test_who_knows_no_redundancy_is_sent_none(offer: Offer, write: type, types: set[int]) -> None:
    answer = read_answer(offer, write(render_offer(offer), replace(PARTS, types=types)))
    assert (answer.slot_mids, answer.redundant_mids) == (("1", "2", "3"), ())


@pytest.mark.parametrize("write", [chromium_answer, firefox_answer])
@pytest.mark.parametrize("direction", ["inactive", "recvonly"])
def test_a_listener_without_a_microphone_is_welcome(offer: Offer, write: type, direction: str) -> None:
    answer = read_answer(offer, write(render_offer(offer), replace(PARTS, microphone=direction)))
    assert (answer.publishes, answer.ssrc) == (False, None)
    assert answer.slot_mids == ("1", "2", "3")


def test_a_rejected_microphone_and_unwanted_slots_are_respected(offer: Offer) -> None:
    text = chromium_answer(render_offer(offer), PARTS).replace("m=audio 9", "m=audio 0", 1)
    text = text.replace("BUNDLE 0 ", "BUNDLE ")
    head, tail = text.rsplit("a=recvonly", 1)
    answer = read_answer(offer, f"{head}a=inactive{tail}")
    assert not answer.publishes
    assert answer.slot_mids == ("1", "2")


def test_an_answer_without_an_ssrc_or_level_is_read_as_such(offer: Offer) -> None:
    text = chromium_answer(render_offer(offer), replace(PARTS, ssrc=None))
    answer = read_answer(offer, re.sub(r"a=extmap:1 .*\r\n", "", text))
    assert (answer.publishes, answer.ssrc, answer.level_extension) == (True, None, 0)


def test_other_hashes_beside_sha_256_are_ignored(offer: Offer) -> None:
    text = chromium_answer(render_offer(offer), PARTS)
    text = text.replace("a=fingerprint:", "a=fingerprint:sha-512 AA:BB\r\na=fingerprint:")
    assert read_answer(offer, text).fingerprint == PARTS.fingerprint


BAD = {
    "setups that differ": ("a=setup:active\r\na=mid:2", "a=setup:passive\r\na=mid:2"),
    "setup actpass": ("a=setup:active", "a=setup:actpass"),
    "setup missing": ("a=setup:active\r\n", ""),
    "no fingerprint": ("a=fingerprint:sha-256", "a=x-fingerprint:sha-256"),
    "sha-1 only": ("a=fingerprint:sha-256", "a=fingerprint:sha-1"),
    "short fingerprint": ("AB:AB\r\n", "AB\r\n"),
    "no bundle": ("a=group:BUNDLE", "a=group:LS"),
    "incomplete bundle": ("BUNDLE 0 1 2 3", "BUNDLE 0 1 2"),
    "no rtcp-mux": ("a=rtcp-mux\r\n", ""),
    "another mid": ("a=mid:2", "a=mid:x"),
    "a codec not offered": ("SAVPF 111", "SAVPF 111 0"),
    "another payload type": ("SAVPF 111", "SAVPF 200"),
    "another codec": ("111 opus/48000/2", "111 PCMU/8000"),
    "redundancy from the microphone": ("SAVPF 111\r\n", "SAVPF 111 63\r\n"),
    "redundancy alone": ("SAVPF 111 63", "SAVPF 63"),
    "redundancy of something else": ("63 red/48000/2", "63 red/8000"),
    "another protocol": ("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "video": ("m=audio", "m=video"),
    "sending on a slot": ("a=recvonly", "a=sendrecv"),
    "sendrecv microphone": ("a=sendonly", "a=sendrecv"),
    "an extension not offered": (
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:9 urn:x",
    ),
    "extension 0": ("a=extmap:4", "a=extmap:0"),
    "extension 256": ("a=extmap:4", "a=extmap:256"),
    "swapped extensions": ("a=extmap:4", "a=extmap:1"),
    "ssrc too large": ("a=ssrc:1234", "a=ssrc:4294967296"),
    "ssrc zero": ("a=ssrc:1234", "a=ssrc:0"),
    "ssrc text": ("a=ssrc:1234", "a=ssrc:many"),
    "short ufrag": ("a=ice-ufrag:clnt", "a=ice-ufrag:cln"),
    "short password": ("a=ice-pwd:" + "p" * 24, "a=ice-pwd:ppp"),
    "no ufrag": ("a=ice-ufrag:clnt\r\n", ""),
    "ufrag of odd signs": ("a=ice-ufrag:clnt", "a=ice-ufrag:cl nt"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_refused_and_says_what_was_expected(offer: Offer, name: str) -> None:
    good = chromium_answer(render_offer(offer), PARTS)
    bad = good.replace(*BAD[name])
    assert bad != good
    with pytest.raises(Invalid, match="expected"):
        read_answer(offer, bad)


def test_sections_that_disagree_about_the_transport_are_refused(offer: Offer) -> None:
    good = chromium_answer(render_offer(offer), PARTS)
    for line in ("a=ice-ufrag:", "a=ice-pwd:"):
        with pytest.raises(Invalid, match="expected one"):
            read_answer(offer, good.replace(line, line + "other", 1))
    with pytest.raises(Invalid, match="fingerprint"):
        read_answer(offer, good.replace("sha-256 AB", "sha-256 AC", 1))


def test_missing_added_and_wholly_rejected_sections_are_refused(offer: Offer) -> None:
    good = chromium_answer(render_offer(offer), PARTS)
    with pytest.raises(Invalid, match="media sections"):
        read_answer(offer, good[: good.rindex("m=audio")])
    with pytest.raises(Invalid, match="media sections"):
        read_answer(offer, good + good[good.rindex("m=audio") :].replace("a=mid:3", "a=mid:4"))
    with pytest.raises(Invalid, match="accepts"):
        read_answer(offer, good.replace("m=audio 9", "m=audio 0"))


def test_the_answer_to_the_largest_bank_fits_a_frame_of_the_gateway() -> None:
    [setting] = [field for field in msgspec.structs.fields(MediaSettings) if field.name == "slots"]
    bounds = msgspec.inspect.type_info(setting.type)
    assert isinstance(bounds, msgspec.inspect.IntType)
    assert bounds.le is not None
    for write in (chromium_answer, firefox_answer):
        answer = VoiceAnswer(channel_id=new_id(), sdp=write(render_offer(make_offer(bounds.le)), PARTS))
        frame = encode(answer)
        assert decode_command(frame) == answer
        assert len(frame) <= LimitSettings().frame_bytes


OFFER = make_offer()
GOOD = chromium_answer(render_offer(OFFER), PARTS)


@given(st.data())
def test_a_damaged_answer_is_read_or_refused(data: st.DataObject) -> None:
    text = damaged(data, GOOD)
    try:
        read_answer(OFFER, text)
    except Invalid:
        pass
