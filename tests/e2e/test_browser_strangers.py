"""Strangers at both ports while people talk: the call goes on, the server lives, and drops are counted."""

from __future__ import annotations

import pytest

from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.e2e.malformed import FRAMES, REQUESTS, exchange, upgrade_request
from tests.e2e.strangers import throw
from tests.support.browser import recorded
from tests.support.server import Server

pytestmark = pytest.mark.browser

DATAGRAMS = 7_000
LONGEST_GAP_MS = 500.0


def test_strangers_neither_end_nor_interrupt_a_call_and_are_counted(
    server: Server, arrive: Arrive, gather: Gather
) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    with recorded(bob.page, ann.tone_hz) as loudness:
        throw(server.media_port, bob.server_ufrag(), count=DATAGRAMS)
        for request in REQUESTS.values():
            exchange(server.port, request)
        for frame in FRAMES.values():
            exchange(server.port, upgrade_request(company.accounts[1].access_token), frame)
    samples = loudness().samples
    assert loudness().longest_gap_ms(samples[0][0], samples[-1][0]) < LONGEST_GAP_MS
    ann.hears(bob)
