"""The real server and real browsers for the tests of the whole.

A module's tests share one server; all tests share the browsers, one for each tone, and open their own pages.
A failing test shows the end of the server's log, what each page's console said, and where its picture is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.account import Account, Guild, api_client, new_username, sign_up
from tests.e2e.company import Gather, gathered
from tests.e2e.person import TONES_HZ, Person
from tests.support.browser import running_browser
from tests.support.server import Server, running_server
from tests.support.tones import write_tone

_LOG_LINES = 60
_PAGE_PATIENCE_MS = 15_000.0  # the machine may be busy with other tests

Arrive = Callable[..., Person]
"""`arrive(number)` opens a page in the browser of tone `number`.

`url` is another way to the server; `beside` makes it another tab of somebody who is there already.
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with api_client(server.url) as client:
        yield client


@pytest.fixture
def account(http: httpx.Client) -> Account:
    return sign_up(http, new_username("ann"))


@pytest.fixture
def guild(account: Account) -> Guild:
    return account.create_guild("The guild")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=_PAGE_PATIENCE_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser_of(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], Browser]]:
    """Browsers by number, each started when it is first asked for."""
    folder = tmp_path_factory.mktemp("tones")
    started: dict[int, Browser] = {}
    with ExitStack() as stack:

        def browser(number: int) -> Browser:
            if number not in started:
                hz = TONES_HZ[number]
                microphone = write_tone(folder / f"{hz}.wav", hz)
                started[number] = stack.enter_context(running_browser(playwright, microphone))
            return started[number]

        yield browser


@pytest.fixture
def people() -> list[Person]:
    """Everybody who arrived in this test."""
    return []


@pytest.fixture
def arrive(server: Server, browser_of: Callable[[int], Browser], people: list[Person]) -> Iterator[Arrive]:
    with ExitStack() as stack:

        def person(number: int, *, url: str | None = None, beside: Person | None = None) -> Person:
            context = beside.page.context if beside else stack.enter_context(browser_of(number).new_context())
            arrived = Person(context.new_page(), url or server.url, TONES_HZ[number])
            people.append(arrived)
            return arrived

        yield person


@pytest.fixture
def gather(server: Server) -> Iterator[Gather]:
    with ExitStack() as stack:
        yield lambda *people: stack.enter_context(gathered(server, list(people)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    report = yield
    if report.failed and call.when == "call":
        fixtures: dict[str, Any] = getattr(item, "funcargs", {})
        folder = item.config.rootpath / ".run" / "e2e"
        report.sections += [*_seen(item.name, fixtures.get("people", []), folder)]
        server = fixtures.get("server")
        if isinstance(server, Server):
            report.sections.append(("server log", "\n".join(server.lines()[-_LOG_LINES:])))
    return report


def _seen(test: str, people: list[Person], folder: Path) -> Iterator[tuple[str, str]]:
    """Describe each page that is still open: its picture's path, and its console."""
    for number, person in enumerate(people):
        if person.page.is_closed() or person.has_crashed:
            continue
        picture = folder / f"{test}-{number}.png"
        person.page.screenshot(path=picture)
        yield (
            f"page of {person.username or number}",
            "\n".join([f"picture: {picture}", *person.console[-30:]]),
        )
