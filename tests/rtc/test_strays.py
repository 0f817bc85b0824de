"""A client whose router gave it another port: it is asked there who it is, and believed when it answers."""

from __future__ import annotations

import pytest
from aioice import stun as codec

from tests.rtc.test_peer import AWAY, HOME, TAG, Bench, bench, client_answer, connected
from voicechat.rtc.ice import MAX_TUPLES, Address
from voicechat.rtc.peer import DTLS_BURST, TupleAdded, TuplePreferred

__all__ = ["bench"]

PASSWORD = "p" * 24  # of the client, as AnswerParts has it


def asked(bench: Bench, address: Address = AWAY) -> codec.Message:
    """Let media come from `address`; return the check that went there."""
    bench.peer.stray(address, bench.now)
    [(datagram, to)] = bench.drain()
    assert to == address
    check = codec.parse_message(datagram)
    assert check.check_message_integrity(PASSWORD.encode())
    return check


def answer(check: codec.Message, password: str = PASSWORD) -> bytes:
    return client_answer(bytes(check), password)


def test_it_is_asked_with_the_clients_own_credentials_and_believed_when_it_answers(bench: Bench) -> None:
    connected(bench)
    check = asked(bench)
    assert check.attributes["USERNAME"] == f"clnt:{bench.peer.offer.ice.ufrag}"
    assert "ICE-CONTROLLED" in check.attributes
    assert check.transaction_id.startswith(TAG)
    bench.events.clear()
    bench.peer.receive_stun(answer(check), AWAY, bench.now)
    bench.drain()
    assert bench.events == [TupleAdded(AWAY)]
    assert AWAY in bench.peer.ice.tuples
    bench.check(AWAY)
    assert bench.events.count(TupleAdded(AWAY)) == 1, "it was valid already"


def test_no_other_answer_is_believed(bench: Bench) -> None:
    connected(bench)
    check = asked(bench)
    whole = answer(check)
    other = codec.Message(codec.Method.BINDING, codec.Class.REQUEST)
    for forged, source in (
        (answer(check, "q" * 24), AWAY),
        (answer(other), AWAY),
        (whole, ("192.0.2.66", 6666)),
        (whole[:-8], AWAY),
        (whole[:40], AWAY),
        (bytes([*whole[:30], whole[30] ^ 1, *whole[31:]]), AWAY),
        (whole[:20], AWAY),
        (b"", AWAY),
    ):
        bench.peer.receive_stun(forged, source, bench.now)
    assert bench.peer.ice.tuples == (HOME,)
    bench.peer.receive_stun(whole, AWAY, bench.now)
    assert bench.peer.ice.tuples == (HOME, AWAY)
    bench.peer.ice.forget(AWAY)
    bench.peer.receive_stun(whole, AWAY, bench.now)
    assert bench.peer.ice.tuples == (HOME,), "an answer is good once"


def test_nobody_is_asked_before_the_connection_nor_twice_for_what_is_known(bench: Bench) -> None:
    bench.peer.stray(AWAY, bench.now)
    connected(bench)
    bench.peer.stray(HOME, bench.now)
    bench.peer.stray((*AWAY, "tcp"), bench.now)
    assert bench.drain() == []


def test_however_many_addresses_it_is_asked_so_often_and_remembered_so_long(bench: Bench) -> None:
    connected(bench)
    checks = []
    for number in range(200):
        bench.peer.stray(("192.0.2.7", 1000 + number), bench.now)
        checks += bench.drain()
    assert len(checks) == DTLS_BURST
    first, address = checks[0]
    bench.peer.receive_stun(answer(codec.parse_message(first)), address, bench.now)
    assert bench.peer.ice.tuples == (HOME,), "its check is forgotten"
    for datagram, address in checks[-MAX_TUPLES:]:
        bench.peer.receive_stun(answer(codec.parse_message(datagram)), address, bench.now)
    assert len(bench.peer.ice.tuples) == MAX_TUPLES


@pytest.mark.parametrize("nominates", [True, False])
def test_what_the_client_nominates_stays_preferred(bench: Bench, nominates: bool) -> None:
    connected(bench)
    bench.peer.receive_stun(answer(asked(bench)), AWAY, bench.now)
    bench.events.clear()
    bench.check(AWAY, nominates=nominates, priority=200)
    assert (TuplePreferred(AWAY) in bench.events) is nominates
