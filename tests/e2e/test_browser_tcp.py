"""A real browser whose network drops every UDP packet: it joins voice over TCP, hears and is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e.company import gathered
from tests.e2e.conftest import Arrive
from tests.e2e.person import TONES_HZ, Person
from tests.e2e.tcp_proxy import running_proxy
from tests.support.blocked_network import BlockedNetwork, network_without_udp
from tests.support.browser import CHROMIUM, running_browser, voice_stats
from tests.support.namespaces import missing
from tests.support.server import Server, running_server
from tests.support.tones import write_tone

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def blocked() -> Iterator[BlockedNetwork]:
    if lacking := missing():
        pytest.skip(f"a network without UDP {lacking}")
    with network_without_udp() as network:
        yield network


@pytest.fixture(scope="module")
def server(blocked: BlockedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"VOICECHAT_MEDIA_HOST": blocked.server_address}
    with running_server(tmp_path_factory.mktemp("server"), environment) as server:
        yield server


@pytest.fixture
def walled_in(
    blocked: BlockedNetwork, server: Server, playwright: Playwright, tmp_path: Path, people: list[Person]
) -> Iterator[Person]:
    """Somebody whose browser is behind the router; the pages come through a relay, voice does not."""
    number = 1
    tone = write_tone(tmp_path / "tone.wav", TONES_HZ[number])
    executable = blocked.client.wrap(CHROMIUM, tmp_path)
    with (
        running_proxy(server.port, blocked.client.listen()) as proxy,
        running_browser(playwright, tone, executable=executable) as browser,
        browser.new_context() as context,
    ):
        person = Person(context.new_page(), proxy.url, TONES_HZ[number])
        people.append(person)
        yield person


def used_protocols(person: Person) -> set[str]:
    """Say over what the person's selected pair of candidates goes."""
    stats = {entry["id"]: entry for kind in _KINDS for entry in voice_stats(person.page, kind)}
    pairs: list[Any] = [stats[entry["selectedCandidatePairId"]] for entry in stats.values()
                        if entry["type"] == "transport"]  # fmt: skip
    return {stats[pair["localCandidateId"]]["protocol"] for pair in pairs}


_KINDS = ("transport", "candidate-pair", "local-candidate")


def test_whoever_cannot_send_udp_talks_over_tcp(arrive: Arrive, walled_in: Person, server: Server) -> None:
    with gathered(server, [arrive(0), walled_in]) as company:
        ann, bob = company.people
        company.all_join_voice()
        assert used_protocols(ann) == {"udp"}
        assert used_protocols(bob) == {"tcp"}
        expect(bob.find("voice-over-tcp")).to_be_visible()
        expect(ann.find("voice-over-tcp")).to_be_hidden()
        for person, other in ((ann, bob), (bob, ann)):
            person.hears(other)
            [stream] = person.received()
            assert stream["packetsLost"] == 0
        bob.find("voice-leave").click()
        ann.sees_in_voice(ann)
