"""The ICE-lite agent: which tuples become valid, which is chosen, how consent runs out."""

from __future__ import annotations

import re

import pytest
from aioice import stun as codec
from hypothesis import given
from hypothesis import strategies as st

from voicechat.rtc import stun
from voicechat.rtc.ice import MAX_TUPLES, Credentials, IceAgent, Verdict, canonical_address, new_credentials

A, B = ("192.0.2.1", 1000), ("192.0.2.2", 2000)


@pytest.fixture
def agent() -> IceAgent:
    return IceAgent(new_credentials())


def request(
    agent: IceAgent,
    *,
    priority: int = 100,
    nominates: bool = False,
    client: str = "clnt",
    password: str | None = None,
    controlled: bool = False,
) -> stun.Request:
    message = codec.Message(codec.Method.BINDING, codec.Class.REQUEST)
    message.attributes = {"USERNAME": f"{agent.local.ufrag}:{client}", "PRIORITY": priority}
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 7
    if nominates:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or agent.local.password).encode())
    parsed = stun.parse_request(bytes(message))
    assert parsed is not None
    return parsed


def test_credentials_are_random_and_long_enough() -> None:
    seen = {new_credentials() for _ in range(100)}
    assert len(seen) == 100
    for made in seen:
        assert re.fullmatch(r"[A-Za-z0-9+/]{8,16}", made.ufrag)
        assert re.fullmatch(r"[A-Za-z0-9+/]{22,}", made.password)


def test_an_authentic_check_makes_its_source_valid_once(agent: IceAgent) -> None:
    first = agent.receive(request(agent), A, 1.0)
    assert first.added == A
    assert first.reply is not None
    assert agent.tuples == (A,)
    again = agent.receive(request(agent), A, 2.0)
    assert again.reply is not None
    assert again.added is None


def test_what_is_not_authentic_gets_no_answer_and_leaves_no_trace(agent: IceAgent) -> None:
    other = IceAgent(new_credentials())
    wrong_password = request(agent, password="x" * 24)
    swapped = request(IceAgent(Credentials("clnt", agent.local.password)), client=agent.local.ufrag)
    for bad in (wrong_password, swapped, request(other)):
        assert agent.receive(bad, A, 1.0) == Verdict()
    assert agent.tuples == ()
    assert agent.last_heard is None


def test_a_recorded_check_sent_from_elsewhere_validates_nothing(agent: IceAgent) -> None:
    check = request(agent)
    agent.receive(check, A, 1.0)
    assert agent.receive(check, B, 2.0) == Verdict()
    assert agent.tuples == (A,)
    assert agent.receive(check, A, 2.0).reply is not None  # a retransmission is answered


def test_a_client_that_claims_to_be_controlled_is_told_of_the_conflict(agent: IceAgent) -> None:
    verdict = agent.receive(request(agent, controlled=True), A, 1.0)
    assert verdict.reply is not None
    assert codec.parse_message(verdict.reply).error_code == 487
    assert agent.tuples == ()


def test_the_nominated_tuple_of_the_highest_priority_is_selected(agent: IceAgent) -> None:
    agent.receive(request(agent, priority=300), A, 1.0)
    assert agent.selected == A
    agent.receive(request(agent, priority=100, nominates=True), B, 2.0)
    assert agent.selected == B
    agent.receive(request(agent, priority=300, nominates=True), A, 3.0)
    assert agent.selected == A  # Firefox nominates every pair and uses the best
    agent.receive(request(agent, priority=100, nominates=True), B, 4.0)
    assert agent.selected == A


def test_a_consent_check_without_nomination_does_not_undo_one(agent: IceAgent) -> None:
    agent.receive(request(agent, nominates=True), A, 1.0)
    agent.receive(request(agent), A, 2.0)
    agent.receive(request(agent, priority=500), B, 3.0)
    assert agent.selected == A


def test_the_stalest_tuple_makes_room_beyond_the_limit(agent: IceAgent) -> None:
    addresses = [("192.0.2.1", 1000 + index) for index in range(MAX_TUPLES)]
    for now, address in enumerate(addresses):
        agent.receive(request(agent), address, now)
    agent.receive(request(agent), addresses[0], 20.0)
    verdict = agent.receive(request(agent), B, 21.0)
    assert (verdict.added, verdict.removed) == (B, addresses[1])
    assert len(agent.tuples) == MAX_TUPLES


def test_the_answer_drops_tuples_of_another_fragment_and_refuses_it_from_then_on(agent: IceAgent) -> None:
    agent.receive(request(agent, client="other"), B, 1.0)
    agent.receive(request(agent, client="mine"), A, 1.0)
    assert agent.answered("mine", agent.local.ufrag) == (B,)
    assert agent.tuples == (A,)
    assert agent.receive(request(agent, client="other"), B, 2.0) == Verdict()


def test_consent_is_renewed_by_anything_heard_and_never_goes_back(agent: IceAgent) -> None:
    assert agent.consent_expires_at() is None
    agent.receive(request(agent), A, 10.0)
    assert agent.consent_expires_at() == 40.0
    agent.heard(25.0)
    agent.heard(20.0)
    assert agent.consent_expires_at() == 55.0


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_addresses_have_one_form(host: str, canonical: str) -> None:
    assert canonical_address(host, 9) == (canonical, 9)


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 2**32 - 1)), max_size=40))
def test_whatever_comes_the_table_stays_bounded_and_the_selected_tuple_is_valid(
    checks: list[tuple[int, bool, int]],
) -> None:
    agent = IceAgent(Credentials("u" * 12, "p" * 24))
    for now, (port, nominates, priority) in enumerate(checks):
        agent.receive(request(agent, nominates=nominates, priority=priority), ("192.0.2.1", port), now)
        assert len(agent.tuples) <= MAX_TUPLES
        assert agent.selected in agent.tuples
