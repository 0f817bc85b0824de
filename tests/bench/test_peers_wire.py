"""What the drivers speak: protocol buffers, Mumble's numbers, session descriptions."""

from __future__ import annotations

import pytest
from bench.peers import sdp
from bench.peers.exchange import open_exchange
from bench.peers.mumble import number_bytes
from bench.peers.protobuf import decode, encode, last, last_number
from bench.peers.webrtc import RtpLeg
from bench.programs import Broken
from hypothesis import given
from hypothesis import strategies as st

JANUS_OFFER = """v=0
o=- 1 1 IN IP4 192.0.2.2
s=VideoRoom
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 96
a=sendonly
a=mid:0
a=ice-ufrag:XkHr
a=ice-pwd:9xYDeuu3KhOTOw
a=setup:actpass
a=rtpmap:96 opus/48000/2
a=candidate:1 1 udp 2015363327 192.0.2.2 41000 typ host
a=candidate:2 1 udp 2015363327 127.0.0.1 41001 typ host
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:1
"""


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 1 << 63) | st.binary())))
def test_fields_survive_the_wire(fields: list[tuple[int, int | bytes]]) -> None:
    wanted: dict[int, list[int | bytes]] = {}
    for number, value in fields:
        wanted.setdefault(number, []).append(value)
    assert decode(encode(*fields)) == wanted


@given(st.binary(max_size=60))
def test_garbage_is_refused_with_the_promised_error_alone(garbage: bytes) -> None:
    try:
        decode(garbage)
    except ValueError:
        pass


def test_known_bytes() -> None:
    assert encode((1, 150), (2, "testing")) == bytes.fromhex("08960112 0774657374696e67")
    fields = decode(bytes.fromhex("0896011207 74657374696e67"))
    assert (last_number(fields, 1), last(fields, 2), last(fields, 9), last_number(fields, 9)) == (
        150, b"testing", b"", 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "wire"), [(0, "00"), (0x7F, "7f"), (0x80, "8080"), (0x3FFF, "bfff"), (0x4000, "c04000"),
                        (0x1F_FFFF, "dfffff"), (0x20_0000, "e0200000")],
)  # fmt: skip
def test_mumbles_numbers_say_their_length_in_leading_ones(value: int, wire: str) -> None:
    assert number_bytes(value).hex() == wire


def test_a_server_is_reached_at_loopback_where_it_offers_that() -> None:
    found = sdp.remote(JANUS_OFFER)
    assert (found.ufrag, found.password, found.address) == ("XkHr", "9xYDeuu3KhOTOw", ("127.0.0.1", 41001))


def test_a_description_without_candidates_is_no_way_to_a_server() -> None:
    with pytest.raises(Broken, match="candidate"):
        sdp.remote("v=0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\n")


async def test_an_answer_listens_in_every_audio_section_and_keeps_the_rest() -> None:
    async with open_exchange() as exchange:
        leg = RtpLeg(exchange)
        answer = sdp.listening_answer(JANUS_OFFER, leg)
    audio, data = sdp.sections(answer)
    assert (audio.kind, audio.mid, audio.direction, audio.opus) == ("audio", "0", "recvonly", 96)
    assert (data.kind, data.mid) == ("application", "1")
    assert f"a=fingerprint:sha-256 {leg.fingerprint}" in answer
    assert answer.count("a=setup:active") == 2


async def test_who_talks_names_its_source() -> None:
    async with open_exchange() as exchange:
        leg = RtpLeg(exchange)
        assert f"a=ssrc:{leg.ssrc} " in sdp.publishing_offer(leg)
        assert f"a=ssrc:{leg.ssrc} " in sdp.listening_answer(JANUS_OFFER, leg, talks=True)
        assert sdp.sections(sdp.publishing_offer(leg))[0].direction == "sendonly"
