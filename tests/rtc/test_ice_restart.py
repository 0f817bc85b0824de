"""ICE restarts: old and new credentials overlap, and nothing is cut before the client has moved."""

from __future__ import annotations

import pytest
from aioice import stun as codec

from voicechat.rtc import stun
from voicechat.rtc.ice import OVERLAP_S, Credentials, IceAgent, new_credentials

OLD, NEW, LATER = ("192.0.2.1", 1000), ("192.0.2.2", 2000), ("192.0.2.3", 3000)


def check(
    agent: IceAgent,
    ours: Credentials,
    client: str,
    source: tuple[str, int],
    now: float,
    *,
    nominates: bool = True,
) -> tuple[bool, str | None]:
    """Let a client's check arrive; tell whether it was answered, and which fragment of ours it retired."""
    message = codec.Message(codec.Method.BINDING, codec.Class.REQUEST)
    message.attributes = {"USERNAME": f"{ours.ufrag}:{client}", "PRIORITY": 100, "ICE-CONTROLLING": 7}
    if nominates:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(ours.password.encode())
    request = stun.parse_request(bytes(message))
    assert request is not None
    verdict = agent.receive(request, source, now)
    return verdict.reply is not None, verdict.retired


@pytest.fixture
def before() -> Credentials:
    return new_credentials()


@pytest.fixture
def after() -> Credentials:
    return new_credentials()


@pytest.fixture
def agent(before: Credentials, after: Credentials) -> IceAgent:
    """An agent whose client has chosen OLD, with a restart on offer."""
    made = IceAgent(before)
    made.answered("old", before.ufrag)
    assert check(made, before, "old", OLD, 0.0) == (True, None)
    made.restart(after)
    return made


def test_both_credentials_hold_until_the_first_check_with_the_new(
    agent: IceAgent, before: Credentials, after: Credentials
) -> None:
    assert check(agent, before, "old", OLD, 1.0) == (True, None)
    assert check(agent, after, "new", NEW, 2.0, nominates=False) == (True, before.ufrag)
    assert check(agent, before, "old", OLD, 3.0) == (False, None)
    assert check(agent, after, "new", NEW, 4.0) == (True, None)
    assert agent.local == after


def test_a_forged_check_with_the_new_fragment_retires_nothing(
    agent: IceAgent, before: Credentials, after: Credentials
) -> None:
    forged = Credentials(after.ufrag, "guessed" * 4)
    assert check(agent, forged, "new", NEW, 1.0) == (False, None)
    assert check(agent, before, "old", OLD, 2.0) == (True, None)


def test_the_old_tuple_is_good_until_a_while_after_the_new_one_is_chosen(
    agent: IceAgent, after: Credentials
) -> None:
    check(agent, after, "new", NEW, 10.0, nominates=False)
    assert agent.selected == OLD
    assert agent.retire(1000.0) == ()
    check(agent, after, "new", NEW, 11.0)
    assert agent.selected == NEW
    assert agent.retires_at == 11.0 + OVERLAP_S
    assert agent.retire(11.0 + OVERLAP_S - 0.1) == ()
    assert agent.tuples == (OLD, NEW)
    assert agent.retire(11.0 + OVERLAP_S) == (OLD,)
    assert agent.tuples == (NEW,)
    assert agent.retires_at is None


def test_a_client_that_comes_from_the_same_address_keeps_its_tuple(
    agent: IceAgent, after: Credentials
) -> None:
    check(agent, after, "new", OLD, 10.0)
    assert agent.retire(100.0) == ()
    assert agent.tuples == (OLD,)


def test_after_the_answer_only_the_answered_client_may_check(agent: IceAgent, after: Credentials) -> None:
    agent.answered("new", after.ufrag)
    assert check(agent, after, "other", NEW, 1.0) == (False, None)
    assert check(agent, after, "new", NEW, 1.0)[0]


def test_tuples_of_another_client_are_forgotten_by_the_answer_and_old_ones_are_not(
    agent: IceAgent, after: Credentials
) -> None:
    check(agent, after, "other", LATER, 1.0, nominates=False)
    check(agent, after, "new", NEW, 1.0, nominates=False)
    assert agent.answered("new", after.ufrag) == (LATER,)
    assert agent.tuples == (OLD, NEW)


def test_the_answer_to_an_offer_from_before_the_restart_names_the_old_client(
    agent: IceAgent, before: Credentials, after: Credentials
) -> None:
    assert agent.answered("old", before.ufrag) == ()
    assert check(agent, after, "new", NEW, 1.0)[0]


def test_a_second_restart_begins_anew(agent: IceAgent, after: Credentials) -> None:
    check(agent, after, "new", NEW, 10.0)
    agent.retire(10.0 + OVERLAP_S)
    again = new_credentials()
    agent.restart(again)
    assert check(agent, again, "newer", LATER, 20.0) == (True, after.ufrag)
    assert agent.retire(20.0 + OVERLAP_S) == (NEW,)
