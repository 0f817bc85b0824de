"""Strangers at both ports while people talk: the call goes on, the server lives, and drops are counted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

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
COUNTED = {
    "drop_short",
    "drop_not_ours",
    "drop_stun_malformed",
    "drop_stun_unknown_ufrag",
    "drop_stun_source_rate",
    "drop_dtls_unknown_tuple",
    "drop_media_unknown_tuple",
}


def test_strangers_neither_end_nor_interrupt_a_call_and_are_counted(
    server: Server, arrive: Arrive, gather: Gather
) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    with recorded(bob.page, ann.tone_hz) as loudness:
        throw(server.media_port, bob.server_ufrag(), count=DATAGRAMS)
        _send_all_malformed(server, company.accounts[1].access_token)
    assert loudness().longest_gap_ms() < LONGEST_GAP_MS
    ann.hears(bob)
    assert [stream["packetsLost"] for stream in bob.received()] == [0]

    assert server.lines('"traceback"') == []
    assert server.stop() == 0
    [closed] = [json.loads(line) for line in server.lines("voice_port_closed")]
    assert {name for name in COUNTED if closed.get(name, 0) == 0} == set()
    assert closed.get("drop_auth", 0) == closed.get("drop_ring_full", 0) == 0


def _send_all_malformed(server: Server, token: str) -> None:
    """Send everything that is malformed, several at a time."""
    exchanges = [[request] for request in REQUESTS.values()]
    exchanges += [[upgrade_request(token), frame] for frame in FRAMES.values()]
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(exchange, server.port, *pieces) for pieces in exchanges]:
            future.result()
