"""Accounts and sessions: register, log in, refresh, the own profile."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.base import END, LINE, TEXT, Answer, Body, Event, Id, Instant, Wire

Username = Annotated[str, Meta(pattern=f"^[a-z0-9_]{{3,32}}{END}")]
Password = Annotated[str, Meta(min_length=8, max_length=128)]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=rf"^[^@\s\u0000-\u001f\u007f]+@[^@\s\u0000-\u001f\u007f]+\.[^@\s\u0000-\u001f\u007f]+{END}",
    ),
]


def _masked(self: Wire) -> str:
    """Show a body that holds secrets without any of its values; for `__repr__`, so that no log shows them."""
    return f"{type(self).__name__}(***)"


class Register(Body):
    """POST /auth/register. The first account becomes system admin (needs `setup_token` off loopback)."""

    username: Username
    password: Password
    email: Email | None = None
    display_name: DisplayName | None = None
    invite_code: Annotated[str, Meta(max_length=64)] | None = None
    setup_token: Annotated[str, Meta(max_length=128)] | None = None
    __repr__ = _masked


class Login(Body):
    """POST /auth/login."""

    username: Annotated[str, Meta(max_length=64, pattern=TEXT)]
    password: Annotated[str, Meta(max_length=128)]
    __repr__ = _masked


class Refresh(Body):
    """POST /auth/refresh and /auth/logout; a browser leaves it out and sends its cookie."""

    refresh_token: Annotated[str, Meta(max_length=128)] | None = None
    __repr__ = _masked


class Tokens(Answer):
    """A session: the access token for a quarter of an hour, the refresh token until it is spent.

    `refresh_token` is null for browsers (requests with an Origin header), which get it as a cookie.
    """

    user_id: Id
    access_token: str
    refresh_token: str | None
    token_type: str = "Bearer"
    expires_in: int
    __repr__ = _masked


class User(Answer):
    """Somebody, as everybody may know them."""

    id: Id
    username: str
    display_name: str
    avatar_url: str | None = None


class Me(Answer):
    """The caller's own account."""

    id: Id
    username: str
    display_name: str
    avatar_url: str | None = None
    email: str | None = None
    is_admin: bool = False
    mfa_enabled: bool = False
    created_at: Instant


class EditMe(Body):
    """PATCH /auth/me; absent fields stay."""

    display_name: DisplayName | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET


class ChangePassword(Body):
    """POST /auth/me/password; ends every other session."""

    current_password: Annotated[str, Meta(max_length=128)]
    new_password: Password
    __repr__ = _masked


class LoginSession(Answer):
    """A device that is logged in."""

    id: Id
    device: str
    ip: str
    created_at: Instant
    last_used_at: Instant
    current: bool


class LoginSessions(Answer):
    """GET /auth/sessions."""

    sessions: list[LoginSession]


class Revoked(Answer):
    """How many sessions were ended."""

    revoked_count: int


class SessionRevoked(Event):
    """Your session was ended; the socket closes with 4003 right after."""

    session_id: Id
    reason: str


class UserUpdated(Event):
    """Somebody you share a guild with changed their profile."""

    user: User
