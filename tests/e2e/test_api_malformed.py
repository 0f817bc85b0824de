"""No single client, however broken, ends the server or troubles its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.account import Account
from tests.e2e.malformed import FRAMES, REQUESTS, exchange, upgrade_request
from tests.support.server import Server


@pytest.fixture(autouse=True)
def unharmed(server: Server, http: httpx.Client) -> Iterator[None]:
    """Whatever a test sends: the server answers others afterwards, and nothing in it broke."""
    tracebacks = len(server.lines('"traceback"'))
    yield
    assert http.get("/health/ready").status_code == 200
    assert server.lines('"traceback"')[tracebacks:] == []


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_malformed_request_is_refused_or_dropped(server: Server, request_bytes: bytes) -> None:
    answer = exchange(server.port, request_bytes)
    assert not answer.startswith(b"HTTP/1.1 500"), answer[:200]
    assert b"root:" not in answer


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_a_malformed_frame_is_refused_or_ends_its_own_socket(
    server: Server, account: Account, frame: bytes
) -> None:
    answer = exchange(server.port, upgrade_request(account.access_token), frame)
    assert answer.startswith(b"HTTP/1.1 101"), answer[:200]
