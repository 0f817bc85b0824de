"""The real server and real browsers for the tests of the whole; both are shared by the tests of a module.

A failing test shows the end of the server's log, what each page's console said, and where its screenshot is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.account import Account, api_client, new_username, sign_up
from tests.support.server import Server, running_server

_LOG_LINES = 60


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    report = yield
    if report.failed:
        fixtures: dict[str, Any] = getattr(item, "funcargs", {})
        server = fixtures.get("server")
        if isinstance(server, Server):
            report.sections.append(("server log", "\n".join(server.lines()[-_LOG_LINES:])))
    return report
