"""STUN checks: what is read, what is refused, what is answered."""

from __future__ import annotations

import struct
import zlib

import pytest
from aioice import stun as codec
from hypothesis import given
from hypothesis import strategies as st

from voicechat.rtc import stun

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
# RFC 5769 §2.1: a sample request; its USERNAME is evtj:h6vY and it carries PRIORITY and ICE-CONTROLLED.
SAMPLE = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)


def check(username: str = "server:client", password: str = PASSWORD, **attributes: object) -> bytes:
    message = codec.Message(codec.Method.BINDING, codec.Class.REQUEST)
    message.attributes = {"USERNAME": username, "PRIORITY": 1, "ICE-CONTROLLING": 7}
    message.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
    message.add_message_integrity(password.encode())
    return bytes(message)


def with_attribute(datagram: bytes, kind: int, value: bytes) -> bytes:
    """Append an attribute and fix the length, as a meddler on the path would."""
    longer = datagram + struct.pack("!HH", kind, len(value)) + value
    return codec.set_body_length(longer, len(longer) - 20)


def signed(body: bytes, password: str = PASSWORD) -> bytes:
    """Sign a request with attributes of any kind."""
    message = struct.pack("!HHI12s", 1, len(body), 0x2112A442, bytes(12)) + body
    message += struct.pack("!HH", 8, 20) + codec.message_integrity(message, password.encode())
    message += struct.pack("!HHI", 0x8028, 4, codec.message_fingerprint(message))
    return codec.set_body_length(message, len(message) - 20)


def test_the_sample_request_of_rfc_5769_is_read_and_authentic() -> None:
    request = stun.parse_request(SAMPLE)
    assert request is not None
    assert (request.server_ufrag, request.client_ufrag) == ("evtj", "h6vY")
    assert request.priority == 0x6E0001FF
    assert request.claims_controlled
    assert not request.nominates
    assert stun.is_authentic(request, PASSWORD)
    assert not stun.is_authentic(request, PASSWORD + "x")


def test_a_check_tells_whom_it_is_for_and_whether_it_nominates() -> None:
    request = stun.parse_request(check(USE_CANDIDATE=None))
    assert request is not None
    assert (request.server_ufrag, request.client_ufrag, request.nominates) == ("server", "client", True)


def test_every_single_flipped_bit_is_noticed() -> None:
    datagram = check()
    for index in range(len(datagram) * 8):
        flipped = bytearray(datagram)
        flipped[index // 8] ^= 1 << index % 8
        request = stun.parse_request(bytes(flipped))
        assert request is None or not stun.is_authentic(request, PASSWORD)


def test_a_request_without_integrity_or_fingerprint_is_not_read() -> None:
    message = codec.Message(
        codec.Method.BINDING, codec.Class.REQUEST, attributes={"USERNAME": "server:client"}
    )
    assert stun.parse_request(bytes(message)) is None
    message.add_fingerprint()
    assert stun.parse_request(bytes(message)) is None
    without_fingerprint = check()[:-8]
    assert (
        stun.parse_request(codec.set_body_length(without_fingerprint, len(without_fingerprint) - 20)) is None
    )


def test_a_short_integrity_is_not_read() -> None:
    """A truncated HMAC must not make forging easier."""
    body = struct.pack("!HH", 6, 13) + b"server:client\0\0\0"
    head = struct.pack("!HHI12s", 1, 0, 0x2112A442, bytes(12)) + body
    message = head + struct.pack("!HH", 8, 4) + b"\0\0\0\0"
    message += struct.pack("!HHI", 0x8028, 4, codec.message_fingerprint(message))
    assert stun.parse_request(codec.set_body_length(message, len(message) - 20)) is None


def test_attributes_after_the_integrity_do_not_count() -> None:
    """USE-CANDIDATE slipped in behind the HMAC, with a fingerprint made good again."""
    inside = check()[:-8]
    meddled = with_attribute(inside, 0x0025, b"")
    crc = zlib.crc32(codec.set_body_length(meddled, len(meddled) - 20 + 8)) ^ 0x5354554E
    request = stun.parse_request(with_attribute(meddled, 0x8028, struct.pack("!I", crc)))
    assert request is not None
    assert stun.is_authentic(request, PASSWORD)
    assert not request.nominates


@pytest.mark.parametrize("username", ["", "server", "server:", ":client", "a:b:c"])
def test_a_username_that_is_no_pair_is_not_read(username: str) -> None:
    assert stun.parse_request(check(username)) is None


@pytest.mark.parametrize("kind", [0x0101, 0x0111, 0x0011, 0x0002, 0x0003])
def test_only_binding_requests_are_read(kind: int) -> None:
    datagram = check()
    assert stun.parse_request(struct.pack("!H", kind) + datagram[2:]) is None


def test_lengths_out_of_bounds_are_not_read() -> None:
    for length in (0, 1, 19):
        assert stun.parse_request(check()[:length]) is None
    assert stun.parse_request(signed(struct.pack("!HH", 0x8022, 1480) + bytes(1480))) is None


def test_attributes_that_would_have_to_be_understood_are_listed() -> None:
    body = struct.pack("!HH", 6, 13) + b"server:client\0\0\0"
    body += struct.pack("!HH", 0x7777, 3) + b"abc\0" + struct.pack("!HH", 0xC001, 0)
    request = stun.parse_request(signed(body))
    assert request is not None
    assert request.unknown_attributes == (0x7777,)


def test_the_success_response_is_signed_and_names_the_source() -> None:
    request = stun.parse_request(check())
    assert request is not None
    for source in (("192.0.2.1", 4711), ("2001:db8::1", 4711)):
        response = codec.parse_message(stun.success_response(request, source, PASSWORD))
        assert response.message_class == codec.Class.RESPONSE
        assert response.transaction_id == request.transaction_id
        assert response.attributes["XOR-MAPPED-ADDRESS"] == source
        assert "FINGERPRINT" in response.attributes
        assert response.check_message_integrity(PASSWORD.encode())


def test_error_responses_are_signed_and_420_lists_the_unknown() -> None:
    body = struct.pack("!HH", 6, 13) + b"server:client\0\0\0" + struct.pack("!HH", 0x7777, 0)
    request = stun.parse_request(signed(body))
    assert request is not None
    for error in (stun.UNKNOWN_ATTRIBUTE, stun.ROLE_CONFLICT):
        datagram = stun.error_response(request, error, PASSWORD)
        response = codec.parse_message(datagram)
        assert response.error_code == error[0]
        assert response.check_message_integrity(PASSWORD.encode())
        assert (b"\x00\x0a\x00\x02\x77\x77" in datagram) == (error == stun.UNKNOWN_ATTRIBUTE)


@given(st.binary(max_size=200))
def test_garbage_is_not_read_and_raises_nothing(data: bytes) -> None:
    assert stun.parse_request(data) is None


@given(st.binary(max_size=120))
def test_garbage_attributes_raise_nothing(body: bytes) -> None:
    padded = body + bytes(-len(body) % 4)
    stun.parse_request(signed(padded))
    header = struct.pack("!HHI12s", 1, len(padded), 0x2112A442, bytes(12))
    stun.parse_request(header + padded)


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255))
def test_a_damaged_sample_raises_nothing(position: int, value: int) -> None:
    stun.parse_request(SAMPLE[:position] + bytes([value]) + SAMPLE[position + 1 :])
    stun.parse_request(SAMPLE[:position])
