"""Routes as data: what the HTTP skin serves, and the view of a request that handlers get.

A feature room lists its Routes; the skin limits, authenticates, decodes, calls and encodes. Nothing here
knows Quart, so a handler can be called in a test with a Request made by hand.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from voicechat.errors import Unauthenticated
from voicechat.house import Caller, House
from voicechat.protocol import Answer, Body

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Auth = Literal["caller", "optional", "none"]
"""`caller`: a bearer token is required. `optional`: one is checked when sent. `none`: any is ignored."""

LimitClass = Literal[
    "read",
    "write",
    "message",
    "search",
    "social",
    "auth_login",
    "auth_register",
    "auth_reset",
    "auth_other",
    "auth_failed",
    "public",
]
"""Which row of `web.limits.CLASSES` a route draws on."""

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


class Headers(Protocol):
    """Request headers; names in any case."""

    def get(self, key: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler sees of a request: everything is checked and decoded already.

    `body` and `query` are of the types the Route names. `ip` is the client's own address, taken from
    X-Forwarded-For only behind a trusted proxy. `origin` is the Origin header, so None for native clients.
    """

    path: Mapping[str, str]
    body: Any
    query: Any
    headers: Headers
    cookies: Mapping[str, str]
    ip: str
    origin: str | None
    request_id: str
    caller_or_none: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Who is calling; raises Unauthenticated where the route let a stranger in."""
        if self.caller_or_none is None:
            raise Unauthenticated("a bearer token is needed here")
        return self.caller_or_none

    @property
    def user_agent(self) -> str:
        """The User-Agent header, cut to what a session list can show."""
        return (self.headers.get("User-Agent") or "")[:256]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie to set: always HttpOnly and SameSite=Strict, Secure where the site is reached by https.

    `max_age_s` 0 removes it.
    """

    name: str
    value: str
    max_age_s: int
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more than a body: another status than the Route's, headers, cookies."""

    answer: Answer | Sequence[Answer] | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()


Handler = Callable[[House, Request], Awaitable[Answer | Sequence[Answer] | Reply | None]]
"""Answers a request, None for 204; raises a Problem to refuse it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, e.g. `Route("GET", "/api/guilds/{guild_id}", get_guild, answer=Guild, …)`.

    Path parameters named `id` or ending in `_id` must be ids: anything else is a 404. A body whose fields
    all have defaults may be left out. `limit_key` gives the part of the body that an `auth_*` limit also
    counts by (the account's name). `same_origin` refuses requests whose Origin is another site's: set it
    where a cookie is the credential. The handler's docstring becomes the route's documentation.
    """

    method: Method
    path: str
    handler: Handler
    body: type[Body] | None = field(default=None, kw_only=True)
    query: type[Body] | None = field(default=None, kw_only=True)
    answer: Any = field(default=None, kw_only=True)  # an Answer type, list[…] of one, or None
    status: int = field(default=200, kw_only=True)
    auth: Auth = field(default="caller", kw_only=True)
    limit: LimitClass | None = field(kw_only=True)
    limit_key: Callable[[Any], str] | None = field(default=None, kw_only=True)
    same_origin: bool = field(default=False, kw_only=True)
    tag: str = field(kw_only=True)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """What the handler's docstring says after its first line."""
        return "\n".join(
            line.strip() for line in (self.handler.__doc__ or "").strip().splitlines()[1:]
        ).strip()


def is_id_parameter(name: str) -> bool:
    """Tell whether a path parameter of this name holds an id."""
    return name == "id" or name.endswith("_id")
