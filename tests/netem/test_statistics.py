"""What browsers are told and what they measure: round trip, loss, and a delay that no mutes move."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.netem.call import Call, Hearing, leg
from tests.support.browser import voice_stats
from tests.support.impaired_network import Impairment
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

WAY_MS = 40.0
SLACK_MS = 40.0
MUTES = 50
GROWN_MS = 60.0


def test_the_round_trip_and_the_loss_reported_to_a_browser_are_those_of_its_way(call: Call) -> None:
    call.link.impairment = Impairment(delay_ms=WAY_MS)
    _wait_told(call, call.bob, 2 * WAY_MS)
    _wait_told(call, call.ann, 0.0)
    _wait_told_of_loss(call, lambda loss: loss == 0)
    call.link.impairment = Impairment(delay_ms=WAY_MS, loss=0.5)
    _wait_told_of_loss(call, lambda loss: loss > 0.05)  # of half of the packets, most came again
    call.link.impairment = Impairment()
    _wait_told_of_loss(call, lambda loss: loss == 0)
    assert leg(call.ann).fraction_lost == 0
    for person in (call.ann, call.bob):
        [sent] = voice_stats(person.page, "outbound-rtp")
        assert sent["packetsSent"] > 0
        assert sent["remoteId"] in {report["id"] for report in voice_stats(person.page, "remote-inbound-rtp")}


def _wait_told(call: Call, person: Person, way_ms: float) -> None:
    eventually(
        lambda: way_ms <= leg(person).rtt_ms < way_ms + SLACK_MS,
        f"{person.username} is told of {way_ms:.0f} ms, by an answer to a report; Chromium's are 5 s apart",
        within_s=40.0,
        pause=call.let_pass,
    )


def _wait_told_of_loss(call: Call, is_right: Callable[[float], bool]) -> None:
    eventually(
        lambda: is_right(leg(call.bob).fraction_lost),
        "Bob is told the loss of his own packets",
        within_s=40.0,
        pause=call.let_pass,
    )


def test_fifty_mutes_leave_the_delay_where_it_was(call: Call) -> None:
    """Timestamps follow the clock over each pause; where they stand still, a listener's delay grows by it."""
    before = call.listen(3.0)["up"]
    for _ in range(MUTES):
        for muted in ("true", "false"):
            call.bob.find("toggle-mute").click()
            expect(call.ann.in_voice(call.bob)).to_have_attribute("data-muted", muted)
    call.ann.hears(call.bob)
    after = call.listen_until(lambda heard: _is_as_before(heard["up"], before), 3.0)["up"]
    print(f"before {before}, after {after}")
    assert _is_as_before(after, before)


def _is_as_before(after: Hearing, before: Hearing) -> bool:
    return after.delay_ms < before.delay_ms + GROWN_MS and after.concealed < 0.05
