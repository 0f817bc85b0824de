"""Good inputs to break: STUN of aioice and RFC 5769, answers of browsers, first flights of DTLS clients."""

from __future__ import annotations

import struct
from pathlib import Path

from aioice import stun as codec

from tests.rtc.test_stun import SAMPLE
from tests.support.answers import chromium_answer, firefox_answer
from tests.support.dtls_client import DtlsClient
from tests.support.library_answers import aiortc_answer, pion_answer
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation import Negotiation, Offer, new_offer, render_offer

SERVER, CLIENT = Credentials("server", "p" * 24), Credentials("clnt", "c" * 24)
QUERY = bytes(range(12))
_FINGERPRINT = ":".join(["AB"] * 32)
_RECORDED = Path(__file__).parents[1] / "rtc" / "answers"


def checks() -> list[bytes]:
    """Binding requests as clients send them, responses, errors and RFC 5769's sample."""
    return [
        _message(codec.Class.REQUEST, PRIORITY=1, ICE_CONTROLLING=7),
        _message(codec.Class.REQUEST, PRIORITY=1, ICE_CONTROLLING=7, USE_CANDIDATE=None),
        _message(codec.Class.REQUEST, PRIORITY=2**32 - 1, ICE_CONTROLLED=7, SOFTWARE="fuzz"),
        _message(codec.Class.INDICATION),
        _message(codec.Class.RESPONSE, XOR_MAPPED_ADDRESS=("192.0.2.1", 32853)),
        _message(
            codec.Class.RESPONSE, XOR_MAPPED_ADDRESS=("2001:db8::1", 32853), SOURCE_ADDRESS=("1.2.3.4", 5)
        ),
        _message(codec.Class.ERROR, ERROR_CODE=(401, "Unauthorized"), REALM="realm", NONCE=b"nonce"),
        SAMPLE,
    ]


def _message(kind: codec.Class, **attributes: object) -> bytes:
    message = codec.Message(codec.Method.BINDING, kind, transaction_id=QUERY)
    message.attributes = {"USERNAME": f"{SERVER.ufrag}:{CLIENT.ufrag}"}
    message.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
    message.add_message_integrity(SERVER.password.encode())
    return bytes(message)


def attribute_lists() -> list[bytes]:
    """Attributes without the integrity and the fingerprint that would follow them."""
    return [check[20 : check.rindex(struct.pack("!HH", 8, 20))] for check in checks()]


def first_offer() -> Offer:
    """A session's first offer: voice alone."""
    return new_offer(ice=SERVER, fingerprint=_FINGERPRINT, candidates=(), slots=4)


def grown() -> Negotiation:
    """A session with an offer out that has sections of every kind."""
    session = Negotiation(first_offer())
    session.read(chromium_answer(render_offer(session.offer)))
    session.allow("webcam", 1_500_000)
    session.allow("screen_video:a", 3_000_000)
    session.allow("screen_audio:a")
    session.want_slots(video=3, sounds=2)
    session.next_offer()
    return session


def answers(offer: Offer) -> list[bytes]:
    """Answers to `offer` in the words of two browsers and two libraries."""
    text = render_offer(offer)
    return [answer(text).encode() for answer in (chromium_answer, firefox_answer, aiortc_answer, pion_answer)]


def descriptions() -> list[bytes]:
    """Offers of ours and answers that browsers once gave."""
    offers = [render_offer(first_offer()), render_offer(grown().offer)]
    return [offer.encode() for offer in offers] + [
        path.read_bytes() for path in sorted(_RECORDED.glob("*.sdp"))
    ]


def hellos() -> list[bytes]:
    """Datagrams of first DTLS flights, whole and in fragments."""
    clients = DtlsClient(), DtlsClient(mtu=400, hello_padding_bytes=1200)
    return [datagram for client in clients for datagram in client.start()]


def damages() -> list[bytes]:
    """What is done to a client's datagrams one after the other: at which byte, and which bits are flipped."""
    one = b"".join(struct.pack("!HB", where, 1) for where in (13, 25, 60, 120, 300))
    return [bytes(3), bytes(6) + struct.pack("!HB", 14, 0xFF), one, bytes(9) + one]
