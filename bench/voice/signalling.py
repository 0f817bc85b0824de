"""What a connection costs Python: a STUN check, a DTLS handshake, an offer and its answer.

Each maker prepares one occasion and returns what the server does then; only that is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from aioice import stun
from tests.support.answers import AnswerParts, chromium_answer
from tests.support.dtls_client import ClientCertificate, DtlsClient

from voicechat.rtc.dtls import DtlsIdentity, DtlsServer, DtlsState
from voicechat.rtc.ice import new_credentials
from voicechat.rtc.negotiation import Offer, new_offer, render_offer
from voicechat.rtc.peer import Peer

Step = Callable[[], None]
_SLOTS = 16
_ADDRESS = ("127.0.0.1", 4000)

_identity = cache(DtlsIdentity)
_certificate = cache(ClientCertificate)


def _offer() -> Offer:
    candidates = ("candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host",)
    ice, fingerprint = new_credentials(), _identity().fingerprint
    return new_offer(ice=ice, fingerprint=fingerprint, candidates=candidates, slots=_SLOTS)


def _stun_check() -> Step:
    """Answer one check of a connected browser."""
    peer, request = _checked_peer()

    def check() -> None:
        peer.receive_stun(request, _ADDRESS, time.monotonic())
        peer.poll_events()
        assert peer.poll_transmits()

    return check


def _stun_forged() -> Step:
    """Refuse one check with the right fragment and a wrong password."""
    peer, _ = _checked_peer()
    forged = binding_request(peer.offer.ice.ufrag, "x" * 24)

    def refuse() -> None:
        peer.receive_stun(forged, _ADDRESS, time.monotonic())
        assert not peer.poll_events()
        peer.poll_transmits()

    return refuse


def _checked_peer() -> tuple[Peer, bytes]:
    peer = Peer(_offer(), _identity(), time.monotonic())
    return peer, binding_request(peer.offer.ice.ufrag, peer.offer.ice.password)


def binding_request(ufrag: str, password: str) -> bytes:
    """Return a check as a browser's, signed with `password`."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes = {"USERNAME": f"{ufrag}:them", "PRIORITY": 1_862_270_975, "ICE-CONTROLLING": 7}
    message.add_message_integrity(password.encode())
    message.add_fingerprint()
    return bytes(message)


def _dtls_handshake() -> Step:
    """Shake hands in memory. The client's share cannot be made before: about half of the figure is its."""
    client, server = DtlsClient(_certificate()), DtlsServer(_identity())

    def shake() -> None:
        waiting = client.start()
        while server.state is not DtlsState.FINISHED or not client.is_finished:
            for datagram in waiting:
                server.receive(datagram, time.monotonic())
            waiting = [reply for datagram in server.poll_transmit() for reply in client.receive(datagram)]

    return shake


def _offer_and_answer() -> Step:
    """Make the offer of a join with sixteen slots, and read its answer."""
    example = _offer()
    parts = AnswerParts(ssrc=4711)
    answer = chromium_answer(render_offer(example), parts)

    def negotiate() -> None:
        render_offer(_offer())
        peer = Peer(example, _identity(), time.monotonic())
        peer.answer(answer)

    return negotiate


#: By metric.
STEPS: dict[str, Callable[[], Step]] = {
    "stun-check": _stun_check,
    "stun-forged": _stun_forged,
    "dtls-handshake": _dtls_handshake,
    "offer-and-answer": _offer_and_answer,
}
