"""What browsers are told and what they measure: round trip, loss, and a delay that no mutes move."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.netem.call import Call, leg
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
    eventually(
        lambda: leg(call.bob).rtt_ms >= 2 * WAY_MS,
        "a report answers one that went the longer way: Chromium sends them 5 s apart",
        within_s=20.0,
        pause=call.let_pass,
    )
    assert min(call.wait_measured(call.bob, times=1).rtt_ms for _ in range(3)) < 2 * WAY_MS + SLACK_MS
    assert min(call.wait_measured(call.ann, times=1).rtt_ms for _ in range(2)) < SLACK_MS
    for person in (call.ann, call.bob):
        assert leg(person).fraction_lost == 0
        [sent] = voice_stats(person.page, "outbound-rtp")
        assert sent["packetsSent"] > 0
        assert sent["remoteId"] in {report["id"] for report in voice_stats(person.page, "remote-inbound-rtp")}


def test_fifty_mutes_leave_the_delay_where_it_was(call: Call) -> None:
    """Timestamps follow the clock over each pause; where they stand still, a listener's delay grows by it."""
    before = call.listen(3.0)["up"]
    for _ in range(MUTES):
        for muted in ("true", "false"):
            call.bob.find("toggle-mute").click()
            expect(call.ann.in_voice(call.bob)).to_have_attribute("data-muted", muted)
    call.ann.hears(call.bob)
    after = call.listen(3.0)["up"]
    print(f"before {before}, after {after}")
    assert after.delay_ms < before.delay_ms + GROWN_MS
    assert after.concealed < 0.05
