"""Somebody who uses the server through its REST API: what a native client or an administrator would do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


def new_username(prefix: str) -> str:
    """Return a name nobody has yet; the tests of a module share a server."""
    return f"{prefix}_{next(_numbers)}"


class Account:
    """A signed-up account and one of its login sessions; every call is checked for the status it expects."""

    def __init__(self, http: httpx.Client, username: str, tokens: dict[str, Any]) -> None:
        self.http = http
        self.username = username
        self.take(tokens)

    def take(self, tokens: dict[str, Any]) -> None:
        """Go on with these tokens."""
        self.user_id: str = tokens["user_id"]
        self.access_token: str = tokens["access_token"]
        self.refresh_token: str = tokens["refresh_token"]
        self.http.headers["Authorization"] = f"Bearer {self.access_token}"

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """Make a request; return the decoded answer, which must have `status`."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.http.request(method, path, json=body, headers=names)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def create_guild(self, name: str) -> Guild:
        """Make a guild and learn its first channels."""
        guild_id = self.call("POST", "/api/guilds", {"name": name}, status=201)["id"]
        channels = self.call("GET", f"/api/guilds/{guild_id}/channels")["items"]
        ids = {channel["channel_type"]: channel["id"] for channel in channels}
        return Guild(self, guild_id, ids["text"], ids["voice"])

    def join(self, invite_code: str) -> None:
        """Join the guild that the invite leads to."""
        self.call("POST", f"/api/invites/{invite_code}/join")

    def post_message(self, channel_id: str, content: str) -> str:
        """Post a message; return its id."""
        path = f"/api/messages/channel/{channel_id}"
        message_id: str = self.call("POST", path, {"content": content}, status=201)["id"]
        return message_id


class Guild:
    """A guild as its owner handles it."""

    def __init__(self, owner: Account, guild_id: str, text_id: str, voice_id: str) -> None:
        self._owner = owner
        self.id = guild_id
        self.text_id = text_id
        self.voice_id = voice_id

    def invite(self) -> str:
        """Make an invite; return its code."""
        code: str = self._owner.call("POST", f"/api/guilds/{self.id}/invites", {}, status=201)["code"]
        return code

    def everyone(self) -> dict[str, Any]:
        """Return the @everyone role."""
        roles = self._owner.call("GET", f"/api/guilds/{self.id}/roles")["items"]
        return next(role for role in roles if role["is_default"])

    def allow_everyone(self, permissions: int) -> None:
        """Set what @everyone may do."""
        role_id = self.everyone()["id"]
        self._owner.call("PATCH", f"/api/guilds/{self.id}/roles/{role_id}", {"permissions": permissions})


def sign_up(http: httpx.Client, username: str) -> Account:
    """Register a new account over `http`."""
    response = http.post("/auth/register", json={"username": username, "password": PASSWORD})
    assert response.status_code == 201, response.text
    return Account(http, username, response.json())


def sign_in(http: httpx.Client, username: str) -> Account:
    """Open one more login session of an account, over a client of its own."""
    response = http.post("/auth/login", json={"username": username, "password": PASSWORD})
    assert response.status_code == 200, response.text
    return Account(http, username, response.json())


@contextmanager
def api_client(url: str) -> Iterator[httpx.Client]:
    """Open an HTTP client of the server at `url`, which sends no Origin and so is no browser."""
    with httpx.Client(base_url=url, timeout=20) as http:
        yield http
