"""The state machine of one peer, from its offer to its end, driven by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from aioice import stun as codec

from tests.support.answers import AnswerParts, chromium_answer
from tests.support.dtls_client import ClientCertificate, DtlsClient
from voicechat.errors import Conflict, Invalid
from voicechat.rtc.dtls import DtlsIdentity
from voicechat.rtc.ice import OVERLAP_S, Address, new_credentials
from voicechat.rtc.negotiation import new_offer, render_offer
from voicechat.rtc.peer import (
    DTLS_BURST,
    Connected,
    Gone,
    GoneReason,
    Peer,
    PeerEvent,
    PeerState,
    PeerTimers,
    Renegotiated,
    TupleAdded,
    TuplePreferred,
    TupleRemoved,
    UfragRetired,
)

HOME, AWAY = ("192.0.2.1", 1000), ("192.0.2.9", 2000)
IDENTITY, CERTIFICATE = DtlsIdentity(), ClientCertificate()
PASSIVE = AnswerParts(fingerprint=CERTIFICATE.fingerprint, setup="passive")
TAG = b"\0\0\0\7"
BINDING_REQUEST = b"\0\1"
HANDSHAKE = 22  # the first byte of a DTLS datagram


@dataclass
class Bench:
    """A peer, a client for it, and everything the peer said so far."""

    peer: Peer
    client: DtlsClient = field(default_factory=lambda: DtlsClient(CERTIFICATE))
    events: list[PeerEvent] = field(default_factory=list)
    sent: list[tuple[bytes, Address]] = field(default_factory=list)
    now: float = 100.0

    def drain(self) -> list[tuple[bytes, Address]]:
        self.events += self.peer.poll_events()
        datagrams = self.peer.poll_transmits()
        self.sent += datagrams
        return datagrams

    def check(self, source: Address = HOME, *, nominates: bool = True, priority: int = 100) -> None:
        message = codec.Message(codec.Method.BINDING, codec.Class.REQUEST)
        ice = self.peer.offer.ice
        message.attributes = {"USERNAME": f"{ice.ufrag}:clnt", "PRIORITY": priority, "ICE-CONTROLLING": 1}
        if nominates:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity(ice.password.encode())
        self.peer.receive_stun(bytes(message), source, self.now)
        self.drain()

    def shake_hands(self, source: Address = HOME, first: list[bytes] | None = None) -> None:
        to_server = self.client.start() if first is None else first
        while to_server:
            for datagram in to_server:
                self.peer.receive_dtls(datagram, source, self.now)
            to_server = [reply for datagram, _ in self.drain() for reply in self.client.receive(datagram)]

    def answer(self, parts: AnswerParts | None = None) -> None:
        parts = parts or AnswerParts(fingerprint=CERTIFICATE.fingerprint)
        self.peer.answer(chromium_answer(render_offer(self.peer.offer), parts))
        self.drain()

    def gone(self) -> GoneReason | None:
        return next((event.reason for event in self.events if isinstance(event, Gone)), None)


@pytest.fixture
def bench() -> Bench:
    offer = new_offer(ice=new_credentials(), fingerprint=IDENTITY.fingerprint, candidates=[], slots=2)
    return Bench(Peer(offer, IDENTITY, 100.0, PeerTimers(connect_s=20, consent_s=30), tag=TAG))


def client_answer(check: bytes, password: str = "p" * 24) -> bytes:
    """Answer a check of ours as a client does with this password."""
    request = codec.parse_message(check)
    response = codec.Message(codec.Method.BINDING, codec.Class.RESPONSE, request.transaction_id)
    response.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.254", 4321)
    response.add_message_integrity(password.encode())
    return bytes(response)


def connected(bench: Bench) -> Bench:
    bench.answer()
    bench.check()
    bench.shake_hands()
    assert bench.peer.state is PeerState.CONNECTED
    return bench


def test_answer_then_handshake_connects_with_the_clients_keys(bench: Bench) -> None:
    bench.answer()
    assert bench.peer.state is PeerState.ANSWERED
    bench.check()
    assert bench.events == [TupleAdded(HOME), TuplePreferred(HOME)]
    bench.shake_hands()
    event = bench.events[-1]
    assert isinstance(event, Connected)
    assert event.keys == bench.client.keys()
    assert event.answer.ssrc == 1234


def test_a_handshake_finished_before_the_answer_waits_for_it(bench: Bench) -> None:
    bench.check()
    bench.shake_hands()
    assert bench.client.is_finished
    assert bench.peer.state is PeerState.SECURED
    assert not any(isinstance(event, Connected) for event in bench.events)
    bench.answer()
    assert bench.peer.state is PeerState.CONNECTED
    assert isinstance(bench.events[-1], Connected)


@pytest.mark.parametrize("answer_first", [True, False])
def test_a_client_whose_answer_is_passive_is_greeted_at_the_first_address_that_proved_itself(
    bench: Bench, answer_first: bool
) -> None:
    bench.client = DtlsClient(CERTIFICATE, waits=True)
    if answer_first:
        bench.answer(PASSIVE)
    bench.check()
    if not answer_first:
        bench.answer(PASSIVE)
    greetings = [(datagram, address) for datagram, address in bench.sent if datagram[0] == HANDSHAKE]
    assert [address for _, address in greetings] == [HOME]
    bench.check()  # greeted once
    bench.shake_hands(first=bench.client.receive(greetings[0][0]))
    event = bench.events[-1]
    assert isinstance(event, Connected)
    assert event.keys == bench.client.keys()


def test_a_later_answer_cannot_take_the_other_side_of_the_handshake(bench: Bench) -> None:
    connected(bench)
    bench.peer.negotiation.allow("webcam", 1)
    assert bench.peer.negotiation.next_offer() is not None
    with pytest.raises(Invalid, match="setup"):
        bench.answer(PASSIVE)
    bench.answer()


@pytest.mark.parametrize("answer_first", [True, False])
def test_another_fingerprint_than_the_answers_ends_the_peer_without_keys(
    bench: Bench, answer_first: bool
) -> None:
    wrong = AnswerParts(fingerprint=":".join(["00"] * 32))
    if answer_first:
        bench.answer(wrong)
    bench.check()
    bench.shake_hands()
    if not answer_first:
        bench.answer(wrong)
    assert bench.gone() is GoneReason.DTLS_FAILED
    assert not any(isinstance(event, Connected) for event in bench.events)


def test_dtls_from_an_address_without_a_check_is_not_looked_at(bench: Bench) -> None:
    bench.check()
    for datagram in bench.client.start():
        bench.peer.receive_dtls(datagram, AWAY, bench.now)
    assert bench.drain() == []


def test_a_bad_answer_is_refused_and_a_good_one_may_follow_but_no_second(bench: Bench) -> None:
    with pytest.raises(Invalid):
        bench.peer.answer("nonsense")
    assert bench.peer.state is PeerState.OFFERED
    bench.answer()
    with pytest.raises(Conflict):
        bench.answer()


def test_tuples_of_another_fragment_fall_with_the_answer(bench: Bench) -> None:
    bench.check()
    bench.answer(replace(AnswerParts(fingerprint=CERTIFICATE.fingerprint), ufrag="another"))
    assert bench.events[-1] == TupleRemoved(HOME)
    bench.check()
    assert bench.peer.ice.tuples == ()


def test_a_hopeless_hello_fails_this_peer_with_a_reason(bench: Bench) -> None:
    bench.client = DtlsClient(CERTIFICATE, ciphers=b"ECDHE-RSA-AES128-GCM-SHA256")
    bench.check()
    bench.shake_hands()
    assert bench.gone() is GoneReason.DTLS_FAILED
    assert bench.peer.deadline(bench.now) is None


def test_a_peer_that_never_connects_times_out(bench: Bench) -> None:
    bench.check()
    assert bench.peer.deadline(bench.now) == 120.0
    bench.peer.handle_timeout(119.9)
    bench.drain()
    assert bench.gone() is None
    bench.peer.handle_timeout(120.0)
    bench.drain()
    assert bench.gone() is GoneReason.TIMEOUT


def test_a_secured_peer_without_an_answer_times_out_too(bench: Bench) -> None:
    bench.check()
    bench.shake_hands()
    bench.peer.handle_timeout(120.0)
    bench.drain()
    assert bench.gone() is GoneReason.TIMEOUT


def test_a_connected_peer_lives_while_anything_is_heard_and_ends_in_silence(bench: Bench) -> None:
    connected(bench)
    bench.peer.heard(125.0)
    bench.peer.handle_timeout(130.0)
    bench.now = 140.0
    bench.check(nominates=False)
    bench.peer.handle_timeout(169.9)
    assert bench.gone() is None
    assert bench.peer.deadline(169.9) == 170.0
    bench.peer.handle_timeout(170.0)
    bench.drain()
    assert bench.gone() is GoneReason.CONSENT


def test_a_silent_peer_is_asked_whether_it_is_there_and_its_answer_renews_consent(bench: Bench) -> None:
    """As webrtcbin that only listens, whose libnice makes no checks of its own in a call."""
    connected(bench)
    asked_at = []
    while bench.gone() is None:
        bench.now = bench.peer.deadline(bench.now) or bench.now
        bench.peer.handle_timeout(bench.now)
        for datagram, address in bench.drain():
            if datagram[:2] == BINDING_REQUEST:
                asked_at.append(bench.now)
                assert address == HOME
                if len(asked_at) == 2:  # the first was lost
                    bench.peer.receive_stun(client_answer(datagram), HOME, bench.now)
    assert asked_at == [115.0, 120.0, 135.0, 140.0, 145.0]
    assert bench.now == 150.0


def test_a_goodbye_of_the_client_ends_it_at_once_and_is_answered(bench: Bench) -> None:
    connected(bench)
    for datagram in bench.client.close():
        bench.peer.receive_dtls(datagram, HOME, bench.now)
    for datagram, _ in bench.drain():
        bench.client.receive(datagram)
    assert bench.gone() is GoneReason.CLOSED
    assert bench.client.is_closed


def test_closing_says_goodbye_where_the_client_was_last_heard(bench: Bench) -> None:
    connected(bench)
    bench.check(AWAY)
    bench.peer.moved(AWAY)
    bench.peer.moved(("198.51.100.1", 1))  # no valid tuple: not believed
    bench.peer.close()
    ((goodbye, address),) = bench.drain()
    assert address == AWAY
    bench.client.receive(goodbye)
    assert bench.client.is_closed
    bench.peer.close()
    assert bench.drain() == []


def test_firefox_nominating_every_pair_leaves_both_usable_and_the_best_preferred(bench: Bench) -> None:
    bench.answer()
    bench.check(AWAY, priority=50)
    bench.check(HOME, priority=100)
    bench.check(AWAY, priority=50)
    assert bench.peer.ice.tuples == (AWAY, HOME)
    assert [event.address for event in bench.events if isinstance(event, TuplePreferred)] == [AWAY, HOME]


def test_dtls_beyond_the_allowance_is_dropped(bench: Bench) -> None:
    bench.check()
    bench.answer()
    junk = b"\x17\xfe\xfd\x00\x07" + bytes(6) + b"\x00\x01x"  # of an epoch that never comes
    for _ in range(DTLS_BURST):
        bench.peer.receive_dtls(junk, HOME, bench.now)
    bench.shake_hands()
    assert not bench.client.is_finished
    bench.now += 4
    bench.client = DtlsClient(CERTIFICATE)
    bench.shake_hands()
    assert bench.client.is_finished


def test_nothing_wakes_a_gone_peer(bench: Bench) -> None:
    bench.peer.handle_timeout(200.0)
    bench.drain()
    before = list(bench.events)
    bench.check()
    bench.shake_hands()
    bench.peer.handle_timeout(300.0)
    with pytest.raises(Conflict):
        bench.answer()
    bench.drain()
    assert bench.events == before


def test_a_later_answer_is_told_and_changes_nothing_else(bench: Bench) -> None:
    bench.answer()
    bench.check()
    bench.shake_hands()
    bench.peer.negotiation.allow("webcam", 1000)
    assert bench.peer.negotiation.next_offer() is not None
    bench.answer()
    assert [type(event) for event in bench.events] == [TupleAdded, TuplePreferred, Connected, Renegotiated]
    assert bench.peer.state is PeerState.CONNECTED
    with pytest.raises(Conflict):
        bench.answer()


def test_a_restart_is_offered_once_and_again_when_it_led_nowhere(bench: Bench) -> None:
    bench.answer()
    bench.check()
    bench.shake_hands()
    old, first = bench.peer.offer.ice.ufrag, bench.peer.restart_ice()
    assert first is not None
    assert bench.peer.restart_ice() is None  # it is still to be offered
    assert bench.peer.negotiation.next_offer() is not None
    assert bench.peer.restart_ice() is None  # and to be answered
    bench.answer(AnswerParts(fingerprint=CERTIFICATE.fingerprint, ufrag="again", password="q" * 24))
    second = bench.peer.restart_ice()
    bench.drain()
    assert bench.events[-1] == UfragRetired(first)
    assert second not in (None, first, old)


def test_tuples_from_before_a_restart_end_a_while_after_it(bench: Bench) -> None:
    bench.answer()
    bench.check()
    bench.shake_hands()
    old = bench.peer.offer.ice.ufrag
    bench.peer.restart_ice()
    bench.peer.negotiation.next_offer()
    bench.answer(AnswerParts(fingerprint=CERTIFICATE.fingerprint, ufrag="clnt", password="q" * 24))
    bench.check(AWAY)
    assert bench.events[-3:] == [UfragRetired(old), TupleAdded(AWAY), TuplePreferred(AWAY)]
    deadline = bench.peer.deadline(bench.now)
    assert deadline == bench.now + OVERLAP_S
    bench.now = deadline
    bench.peer.handle_timeout(bench.now)
    bench.drain()
    assert bench.events[-1] == TupleRemoved(HOME)
