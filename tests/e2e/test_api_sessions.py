"""Accounts and login sessions against the real server, as a native client lives them."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.account import PASSWORD, Account, api_client, new_username, sign_in, sign_up
from tests.support.server import Server


def test_the_first_account_is_the_admin_and_the_second_is_not(server: Server) -> None:
    with api_client(server.url) as one, api_client(server.url) as two:
        first = sign_up(one, new_username("first"))
        second = sign_up(two, new_username("second"))
        assert first.call("GET", "/auth/me")["is_admin"] is True
        assert second.call("GET", "/auth/me")["is_admin"] is False


def test_whoever_signed_up_can_log_in_and_a_wrong_password_cannot(account: Account, server: Server) -> None:
    with api_client(server.url) as http:
        again = sign_in(http, account.username)
        assert again.call("GET", "/auth/me")["username"] == account.username
        refused = http.post("/auth/login", json={"username": account.username, "password": "not this one"})
        unknown = http.post("/auth/login", json={"username": "nobody_here", "password": "not this one"})
    assert refused.status_code == unknown.status_code == 401
    assert refused.json() == unknown.json()


def test_a_taken_name_is_a_conflict_in_the_one_shape_of_errors(account: Account, http: httpx.Client) -> None:
    response = http.post("/auth/register", json={"username": account.username, "password": PASSWORD})
    assert response.status_code == 409
    assert set(response.json()) <= {"error", "message", "details"}
    assert response.headers["X-Request-Id"]


def test_refreshing_rotates_the_token_and_the_new_one_works(account: Account, http: httpx.Client) -> None:
    old = account.refresh_token
    account.take(http.post("/auth/refresh", json={"refresh_token": old}).json())
    assert account.refresh_token != old
    assert account.call("GET", "/auth/me")["id"] == account.user_id


def test_a_spent_refresh_token_ends_the_whole_session(account: Account, http: httpx.Client) -> None:
    spent = account.refresh_token
    account.take(http.post("/auth/refresh", json={"refresh_token": spent}).json())
    stolen = http.post("/auth/refresh", json={"refresh_token": spent})
    assert stolen.status_code == 401
    owner = http.post("/auth/refresh", json={"refresh_token": account.refresh_token})
    assert owner.status_code == 401
    account.call("GET", "/auth/me", status=401)


def test_logging_out_ends_this_session_alone(account: Account, server: Server) -> None:
    with api_client(server.url) as http:
        other = sign_in(http, account.username)
        other.call("POST", "/auth/logout", {"refresh_token": other.refresh_token}, status=204)
        other.call("GET", "/auth/me", status=401)
    assert account.call("GET", "/auth/me")["id"] == account.user_id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ab", "password": PASSWORD},
        {"username": "UPPER", "password": PASSWORD},
        {"username": "fine_name", "password": "short"},
        {"username": "fine_name", "password": PASSWORD, "admin": True},
    ],
    ids=["empty", "short name", "upper case", "short password", "unknown field"],
)
def test_a_bad_registration_is_refused_and_leaves_nothing(
    http: httpx.Client, body: dict[str, object]
) -> None:
    response = http.post("/auth/register", json=body)
    assert response.status_code == 400, response.text
    refused = http.post("/auth/login", json={"username": "fine_name", "password": PASSWORD})
    assert refused.status_code == 401
