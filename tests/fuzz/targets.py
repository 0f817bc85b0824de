"""What is fuzzed here: the parsers that are Python's. Each target takes bytes and lets only Invalid out."""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz import mutations, seeds
from tests.fuzz.mutations import Mutate
from tests.rtc.test_stun import signed
from tests.support.dtls_client import ClientCertificate, DtlsClient
from voicechat.errors import Invalid
from voicechat.rtc import reflexive, sdp, stun
from voicechat.rtc.candidates import require_candidate
from voicechat.rtc.dtls import DtlsIdentity, DtlsServer, DtlsState, is_whole_records
from voicechat.rtc.ice import IceAgent
from voicechat.rtc.negotiation import Negotiation, read_answer, render_offer
from voicechat.rtc.peer import Peer

SOURCE = ("192.0.2.7", 4000)


@dataclass(frozen=True)
class Target:
    """A way into the server: what it is given, and what may not happen."""

    corpus: Sequence[bytes]
    mutate: Mutate
    run: Callable[[bytes], None]


def _stun(data: bytes) -> None:
    """A stranger's datagram: read or dropped; never authentic, unless it is a seed."""
    request = stun.parse_request(data)
    if request is not None:
        stun.is_authentic(request, seeds.SERVER.password)
        stun.error_response(request, stun.UNKNOWN_ATTRIBUTE, seeds.SERVER.password)
    stun.is_answer(data, seeds.SERVER.password)
    reflexive.read_answer(data, seeds.QUERY)


def _signed_stun(data: bytes) -> None:
    """A client's own check with attributes of its choice: whatever it says, the answer is well formed."""
    agent = IceAgent(seeds.SERVER)
    request = stun.parse_request(signed(data, seeds.SERVER.password))
    if request is None:
        return
    verdict = agent.receive(request, SOURCE, now=1.0)
    assert len(agent.tuples) <= 1
    if verdict.reply is not None:
        assert stun.parse_request(verdict.reply) is None
        assert len(verdict.reply) < 1500


def _sdp(data: bytes) -> None:
    """Any description: refused, or read as what it is when it is written again."""
    text = _text(data)
    with contextlib.suppress(Invalid):
        description = sdp.parse(text)
        if "\r" not in text.replace("\r\n", "\n"):  # one amid a line may come to its end
            with contextlib.suppress(Invalid):  # as it is a little longer
                assert sdp.parse(sdp.render(description)) == description
        for media in description.media:
            with contextlib.suppress(Invalid):
                assert media.direction


def _text(data: bytes) -> str:
    """As JSON may bring it: even lone surrogates are possible."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


_FIRST = seeds.first_offer()
_GROWN = seeds.grown().offer


def _first_answer(data: bytes) -> None:
    with contextlib.suppress(Invalid):
        answer = read_answer(_FIRST, _text(data))
        assert set(answer.slot_mids) <= {slot.mid for slot in _FIRST.slots}
        assert set(answer.redundant_mids) <= set(answer.slot_mids)
        assert answer.ssrc is None or 0 < answer.ssrc < 2**32


def _later_answer(data: bytes) -> None:
    """An answer to sections of every kind; a refused one leaves the session as it was."""
    session: Negotiation = seeds.grown()
    offer = session.offer
    try:
        answer = session.read(_text(data))
    except Invalid:
        assert session.is_out
        assert session.offer == offer
        return
    assert answer.rejected <= set(offer.mids)
    assert {slot.mid for slot in answer.video_slots} <= set(offer.mids)
    session.withdraw("webcam")
    session.restart_ice(seeds.CLIENT)
    following = session.next_offer()
    assert following is not None
    sdp.parse(render_offer(following))


def _candidate(data: bytes) -> None:
    with contextlib.suppress(Invalid):
        require_candidate(_text(data))


_IDENTITY = DtlsIdentity()


def _dtls(data: bytes) -> None:
    """A client's first datagrams: the handshake goes on or fails, and a stranger's get no answer at all."""
    peer = Peer(_FIRST, _IDENTITY, 0.0)
    server = DtlsServer(_IDENTITY)
    for now in (1.0, 1.1):
        is_whole_records(data)
        server.receive(data, now)
        peer.receive_dtls(data, SOURCE, now)
    assert sum(map(len, server.poll_transmit())) < 8000
    assert peer.poll_transmits() == [], "a stranger got an answer"


_CERTIFICATE = ClientCertificate()


def _handshake(data: bytes) -> None:
    """A client whose datagrams come damaged and then whole, a place and the bits flipped there for each.

    Of an even number of bytes the server begins.
    """
    begins = len(data) % 2 == 0
    client = DtlsClient(_CERTIFICATE, mtu=400, waits=begins)
    server = DtlsServer(_IDENTITY, begins=begins)
    damage = itertools.chain(struct.iter_unpack("!HB", data[: len(data) // 3 * 3]), itertools.repeat((0, 0)))
    to_server = client.start()
    if begins:
        server.begin()
    for turn in range(12):  # a handshake takes four
        for datagram, (where, bits) in zip(to_server, damage, strict=False):
            broken = bytearray(datagram)
            broken[where % len(broken)] ^= bits
            server.receive(bytes(broken), turn)
            server.receive(datagram, turn)
        to_server = [reply for sent in server.poll_transmit() for reply in client.receive(sent)]
    if server.state is DtlsState.FINISHED and client.is_finished:
        assert server.keys_for(_CERTIFICATE.fingerprint) == client.keys()
    server.close()


TARGETS = {
    "stun": Target(seeds.checks(), mutations.of_bytes, _stun),
    "signed_stun": Target(seeds.attribute_lists(), mutations.of_bytes, _signed_stun),
    "sdp": Target(seeds.descriptions(), mutations.of_lines, _sdp),
    "first_answer": Target(seeds.answers(_FIRST), mutations.of_lines, _first_answer),
    "later_answer": Target(seeds.answers(_GROWN), mutations.of_lines, _later_answer),
    "candidate": Target(
        [b"candidate:1 1 udp 2113937151 0a1b.local 57219 typ host generation 0", b"", b"a=candidate:"],
        mutations.of_lines,
        _candidate,
    ),
    "dtls": Target(seeds.hellos(), mutations.of_bytes, _dtls),
    "handshake": Target(seeds.damages(), mutations.of_bytes, _handshake),
}
