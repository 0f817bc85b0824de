"""Reading and writing session descriptions: tolerant, bounded, never repairing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answers import chromium_answer
from voicechat.errors import Invalid
from voicechat.rtc import sdp

MINIMAL = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"


def test_sections_keep_their_attributes_in_order() -> None:
    read = sdp.parse(
        MINIMAL + "a=ssrc:1 cname:x\r\na=ssrc:2\r\na=rtcp-mux\r\nm=video 0 UDP/TLS/RTP/SAVPF 96 97\r\n"
    )
    audio, video = read.media
    assert (audio.kind, audio.port, audio.formats) == ("audio", 9, ("111",))
    assert audio.every("ssrc") == ("1 cname:x", "2")
    assert audio.first("ssrc") == "1 cname:x"
    assert audio.has("rtcp-mux")
    assert not audio.has("rtcp")
    assert (video.port, video.formats) == (0, ("96", "97"))


def test_attributes_before_the_first_section_belong_to_the_session() -> None:
    read = sdp.parse(MINIMAL.replace("t=0 0", "t=0 0\r\na=ice-lite\r\na=group:BUNDLE 0"))
    assert read.first("group") == "BUNDLE 0"
    assert read.first("ice-lite") == ""
    assert read.first("fingerprint") is None


@pytest.mark.parametrize("change", [("\r\n", "\n"), ("a=mid", "\r\n\na=mid"), ("a=mid", "b=AS:64\r\na=mid")])
def test_what_browsers_get_up_to_is_tolerated(change: tuple[str, str]) -> None:
    assert sdp.parse(MINIMAL.replace(*change)).media[0].first("mid") == "0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=1\r\nm=audio 9 X 1\r\n",
        "v=0\r\n",
        MINIMAL + "garbage\r\n",
        MINIMAL + "=x\r\n",
        MINIMAL + "m=audio\r\n",
        MINIMAL + "m=audio 70000 X 1\r\n",
        MINIMAL + "m=audio -1 X 1\r\n",
        MINIMAL + "m=audio ９ X 1\r\n",
        MINIMAL + "m=audio 9 X 1\r\na=mid:0\r\n",
        MINIMAL + "a=mid:0\r\n",
        MINIMAL + "a=x:" + "y" * 4096 + "\r\n",
        MINIMAL + "a=x\r\n" * 5000,
        MINIMAL + "a=x:" + "y" * 70_000 + "\r\n",
        MINIMAL + "m=audio 9 X 1\r\n" * 200,
    ],
)
def test_what_contradicts_or_exceeds_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="expected"):
        sdp.parse(text)


def test_two_directions_in_a_section_are_refused() -> None:
    (audio,) = sdp.parse(MINIMAL + "a=sendonly\r\na=inactive\r\n").media
    with pytest.raises(Invalid, match="one direction"):
        _ = audio.direction


def test_the_direction_is_sendrecv_unless_given() -> None:
    assert sdp.parse(MINIMAL).media[0].direction == "sendrecv"
    assert sdp.parse(MINIMAL + "a=recvonly\r\n").media[0].direction == "recvonly"


_token = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
_attributes = st.lists(st.tuples(_token.filter(lambda name: name != "mid"), _token), max_size=5).map(tuple)
_media = st.builds(
    sdp.Media,
    _token,
    st.integers(0, 65535),
    _token,
    st.lists(_token, min_size=1, max_size=3).map(tuple),
    _attributes,
)


@given(st.builds(sdp.Description, _token, _attributes, st.lists(_media, min_size=1, max_size=4).map(tuple)))
def test_what_is_written_is_read_back_the_same(description: sdp.Description) -> None:
    assert sdp.parse(sdp.render(description)) == description


@given(st.text(max_size=300))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        sdp.parse(text)


@given(st.data())
def test_damaged_answers_are_read_or_refused(data: st.DataObject) -> None:
    text = chromium_answer(MINIMAL)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    try:
        sdp.parse(text[:start] + data.draw(st.text("ab:=/ 019\r\n", max_size=20)) + text[end:])
    except Invalid:
        pass
