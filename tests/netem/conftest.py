"""One call for all tests here: Ann beside the server, Bob behind a network that can be spoilt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.company import gathered
from tests.e2e.conftest import browser_of, playwright, pytest_runtest_makereport
from tests.e2e.person import TONES_HZ, Person
from tests.e2e.tcp_proxy import running_proxy
from tests.netem.call import Call
from tests.support.browser import CHROMIUM, running_browser
from tests.support.impaired_network import CLEAN, ImpairedNetwork, impaired_network
from tests.support.namespaces import missing
from tests.support.server import Server, running_server
from tests.support.tones import write_tone

__all__ = ["browser_of", "playwright", "pytest_runtest_makereport"]


@pytest.fixture(scope="package")
def network() -> Iterator[ImpairedNetwork]:
    if lacking := missing():
        pytest.skip(f"a network of bad quality {lacking}")
    with impaired_network() as made:
        yield made


@pytest.fixture(scope="package")
def server(network: ImpairedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"VOICECHAT_MEDIA_HOST": network.server_address}
    with running_server(tmp_path_factory.mktemp("server"), environment) as server:
        yield server


@pytest.fixture(scope="package")
def far_browser(
    network: ImpairedNetwork, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("far")
    tone = write_tone(folder / "tone.wav", TONES_HZ[1])
    with running_browser(playwright, tone, executable=network.client.wrap(CHROMIUM, folder)) as browser:
        yield browser


@pytest.fixture(scope="package")
def people(
    network: ImpairedNetwork, server: Server, browser_of: Callable[[int], Browser], far_browser: Browser
) -> Iterator[list[Person]]:
    """Both in voice; pages and messages reach Bob by a relay, so that the link carries voice alone."""
    with running_proxy(server.port, network.client.listen()) as proxy:
        ann = Person(browser_of(0).new_page(), server.url, TONES_HZ[0])
        bob = Person(far_browser.new_page(), proxy.url, TONES_HZ[1])
        with gathered(server, [ann, bob]) as company:
            company.all_join_voice()
            yield company.people


@pytest.fixture
def call(network: ImpairedNetwork, people: list[Person]) -> Iterator[Call]:
    ann, bob = people
    yield Call(ann, bob, network.link)
    network.link.impairment = CLEAN
