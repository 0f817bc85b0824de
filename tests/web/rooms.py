"""A small room of routes for the tests of the HTTP skin."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voicechat.errors import Conflict, TooMany
from voicechat.house import House
from voicechat.protocol import Answer, Body
from voicechat.web import Cookie, Reply, Request, Route


class Note(Body):
    """A note to keep."""

    text: Annotated[str, Meta(min_length=1, max_length=20)]
    stars: Annotated[int, Meta(ge=0, le=5)] = 0


class Optional(Body):
    """A body that may be left out."""

    text: str | None = None


class Listing(Body):
    """How much to list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    deep: bool = False


class Kept(Answer):
    """A note that was kept."""

    id: str
    text: str
    by: str | None = None
    stars: int = 0


async def keep(house: House, request: Request) -> Kept:
    """Keep a note."""
    return Kept(id="1", text=request.body.text, by=request.caller.username, stars=request.body.stars)


async def look(house: House, request: Request) -> Kept:
    """Look at a note.

    Anybody may.
    """
    name = request.caller_or_none.username if request.caller_or_none else None
    return Kept(id=request.path["note_id"], text=request.ip, by=name)


async def listing(house: House, request: Request) -> list[Kept]:
    """List notes."""
    return [Kept(id=str(number), text=str(request.query.deep)) for number in range(request.query.limit)]


async def forget(house: House, request: Request) -> None:
    """Forget a note."""


async def sign_in(house: House, request: Request) -> Reply:
    """Set a cookie."""
    cookie = Cookie(name="refresh", value="secret", max_age_s=60, path="/auth")
    return Reply(Kept(id="1", text=request.body.text or ""), status=201, cookies=(cookie,))


async def refresh(house: House, request: Request) -> Kept:
    """Read the cookie."""
    return Kept(id="1", text=request.cookies.get("refresh", ""))


async def fail(house: House, request: Request) -> None:
    """Run into a bug."""
    raise RuntimeError("the secret of the house")


async def refuse(house: House, request: Request) -> None:
    """Refuse."""
    raise Conflict("the name is taken", code="NAME_TAKEN", details={"name": "ann"})


async def tire(house: House, request: Request) -> None:
    """Refuse for a while."""
    raise TooMany("slow down", retry_after_s=7)


ROUTES = (
    Route("POST", "/api/notes", keep, body=Note, answer=Kept, status=201, limit="write", tag="notes"),
    Route("GET", "/api/notes/{note_id}", look, answer=Kept, auth="optional", limit="read", tag="notes"),
    Route(
        "GET", "/api/notes", listing, query=Listing, answer=list[Kept], auth="none", limit=None, tag="notes"
    ),
    Route("DELETE", "/api/notes/{note_id}", forget, auth="none", limit=None, tag="notes"),
    Route(
        "POST",
        "/auth/login",
        sign_in,
        body=Optional,
        answer=Kept,
        auth="none",
        limit="auth_login",
        limit_key=lambda body: body.text or "",
        tag="auth",
    ),
    Route(
        "POST", "/auth/refresh", refresh, answer=Kept, auth="none", limit=None, same_origin=True, tag="auth"
    ),
    Route("GET", "/api/fail", fail, auth="none", limit=None, tag="notes"),
    Route("GET", "/api/refuse", refuse, auth="none", limit=None, tag="notes"),
    Route("GET", "/api/tire", tire, auth="none", limit=None, tag="notes"),
)
