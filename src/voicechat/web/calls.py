"""One call of one route: place, origin, limit, caller, body, handler, answer — in this order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import quart
from quart import Response

from voicechat.errors import Forbidden, Invalid, NotFound, Unauthenticated, UnsupportedMedia
from voicechat.house import Caller, House
from voicechat.ids import is_id
from voicechat.protocol.decoding import decode_json, decode_parameters
from voicechat.web import limits
from voicechat.web.errors import json_response
from voicechat.web.network import Network
from voicechat.web.routes import Cookie, Reply, Request, Route, is_id_parameter

Authenticate = Callable[[House, str], Awaitable[Caller]]
"""Turns an access token into its Caller; raises Unauthenticated."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Calls:
    """Answers requests by the routes' handlers."""

    house: House
    network: Network
    authenticate: Authenticate

    async def answer(
        self, route: Route, raw: quart.Request, path: Mapping[str, str], request_id: str
    ) -> Response:
        """Carry out one request; raises a Problem to refuse it."""
        _check_path(path)
        if route.same_origin and not self.network.is_own_origin(raw.headers):
            raise Forbidden("expected a request from this site, got one from another", code="FOREIGN_ORIGIN")
        ip = self.network.client_ip(peer_of(raw), raw.headers)
        caller = await self._caller(route, raw, ip)
        counted = await self._take(route, ip, caller)
        body = await _body(route, raw)
        if route.limit_key is not None:
            counted |= await self._take(route, ip, caller, account=route.limit_key(body))
        request = Request(
            path=path,
            body=body,
            query=_query(route, raw),
            headers=raw.headers,
            cookies=raw.cookies,
            ip=ip,
            origin=raw.headers.get("Origin"),
            request_id=request_id,
            caller_or_none=caller,
        )
        result = await route.handler(self.house, request)
        response = _response(route, result if isinstance(result, Reply) else Reply(result))
        response.headers.update(counted)
        self._set_cookies(response, raw, result.cookies if isinstance(result, Reply) else ())
        return response

    async def _caller(self, route: Route, raw: quart.Request, ip: str) -> Caller | None:
        header = raw.headers.get("Authorization")
        if route.auth == "none" or (route.auth == "optional" and header is None):
            return None
        try:
            return await self.authenticate(self.house, bearer_token(header))
        except Unauthenticated as problem:
            refused = problem
        await limits.take(self.house, "auth_failed", ip=ip)
        raise refused

    async def _take(
        self, route: Route, ip: str, caller: Caller | None, *, account: str | None = None
    ) -> dict[str, str]:
        if route.limit is None:
            return {}
        user_id = caller.user_id if caller is not None else None
        return await limits.take(self.house, route.limit, ip=ip, user_id=user_id, account=account)

    def _set_cookies(self, response: Response, raw: quart.Request, cookies: tuple[Cookie, ...]) -> None:
        secure = self.network.is_encrypted(peer_of(raw), raw.scheme, raw.headers)
        for cookie in cookies:
            response.set_cookie(
                cookie.name,
                cookie.value,
                max_age=cookie.max_age_s,
                path=cookie.path,
                secure=secure,
                httponly=True,
                samesite="Strict",
            )


def peer_of(raw: quart.Request | quart.Websocket) -> str:
    """Return the address at the other end of the connection."""
    scope: Mapping[str, Any] = raw.scope
    client = scope.get("client")
    return str(client[0]) if client else ""


def bearer_token(header: str | None) -> str:
    """Take the token out of an Authorization header (RFC 6750 §2.1)."""
    if header is None:
        raise Unauthenticated("expected the header Authorization: Bearer <token>", code="MISSING_AUTH")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("expected Authorization: Bearer <token>", code="INVALID_AUTH_HEADER")
    return token.strip()


def _check_path(path: Mapping[str, str]) -> None:
    for name, value in path.items():
        if (is_id_parameter(name) and not is_id(value)) or "\0" in value:
            raise NotFound(f"no such {name.removesuffix('_id').replace('_', ' ')}")


async def _body(route: Route, raw: quart.Request) -> Any:
    if route.body is None:
        return None
    data = await raw.get_data(True, False, False)
    if not data:
        return decode_json(b"{}", route.body)
    if raw.mimetype != "application/json":
        raise UnsupportedMedia(f"expected Content-Type: application/json, got {raw.mimetype or 'none'}")
    return decode_json(data, route.body)


def _query(route: Route, raw: quart.Request) -> Any:
    if route.query is None:
        return None
    repeated = [name for name, values in raw.args.lists() if len(values) > 1]
    if repeated:
        raise Invalid(f"expected each query parameter once, got {repeated[0]} several times")
    return decode_parameters(raw.args.to_dict(), route.query)


def _response(route: Route, reply: Reply) -> Response:
    status = reply.status or (204 if reply.answer is None else route.status)
    body = b"" if reply.answer is None else _encoder.encode(reply.answer)
    response = json_response(body, status, reply.headers)
    if reply.answer is None:
        del response.headers["Content-Type"]
    return response
