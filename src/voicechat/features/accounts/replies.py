"""How a session's tokens go out: in the body, but for browsers the refresh token as a cookie."""

from __future__ import annotations

from voicechat.access.sessions import Opened, tokens_for
from voicechat.house import House
from voicechat.web import Cookie, Reply, Request

REFRESH_COOKIE = "voicechat_refresh"
_COOKIE_PATH = "/auth"


def reply_with_tokens(house: House, request: Request, opened: Opened, *, status: int = 200) -> Reply:
    """Answer with tokens. A request with an Origin comes from a page, which must not see refresh tokens."""
    is_browser = request.origin is not None
    cookie = Cookie(
        name=REFRESH_COOKIE,
        value=opened.refresh_token,
        max_age_s=house.settings.auth.refresh_ttl_s,
        path=_COOKIE_PATH,
    )
    tokens = tokens_for(house, opened, with_refresh_token=not is_browser)
    return Reply(tokens, status=status, cookies=(cookie,) if is_browser else ())


def reply_forgetting() -> Reply:
    """Answer 204 and remove the cookie."""
    return Reply(cookies=(Cookie(name=REFRESH_COOKIE, value="", max_age_s=0, path=_COOKIE_PATH),))


def refresh_token_of(request: Request) -> str | None:
    """Return the refresh token that a request brings, in its body or as its cookie."""
    return request.body.refresh_token or request.cookies.get(REFRESH_COOKIE)
