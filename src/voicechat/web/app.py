"""The HTTP application: routes bound to paths, one error shape, ids and security headers on everything."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import quart
import trio
from quart import Response, g
from quart.globals import request_ctx, websocket_ctx
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, NotFound

from voicechat.errors import Forbidden, Problem
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.logs import bind_request_id, get_logger
from voicechat.web.builtin import Check, builtin_routes
from voicechat.web.calls import Authenticate, Calls, peer_of
from voicechat.web.docs_page import DOCS_PATHS, docs_files
from voicechat.web.errors import framework_response, internal_response, problem_response
from voicechat.web.headers import security_headers
from voicechat.web.network import Network, open_network
from voicechat.web.openapi import describe
from voicechat.web.routes import Route
from voicechat.web.static import StaticFile, WebClient

_log = get_logger("web")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_NO_PAGES = ("/api/", "/auth/", "/health/", "/.well-known/", "/assets/", "/ws")
"""Below these nothing is a page of the web client: what is missing there is a 404."""

ServeSocket = Callable[[quart.Websocket], Awaitable[None]]


def create_app(
    house: House,
    routes: Sequence[Route],
    *,
    authenticate: Authenticate,
    gateway: ServeSocket,
    static_dir: Path,
    features: Sequence[str] = (),
    checks: Mapping[str, Check] | None = None,
) -> QuartTrio:
    """Make the application that serves `routes`, the skin's own routes, the gateway and the web client.

    `features` are what discovery lists; `checks` are what /health/ready asks, by the name of the part.
    """
    app = QuartTrio("voicechat", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = house.settings.limits.body_bytes
    app.config["BODY_TIMEOUT"] = 20  # seconds for the whole body, which is small
    app.config["RESPONSE_TIMEOUT"] = None  # the guard gives up on a client that takes nothing
    network = open_network(house.settings.server)
    calls = Calls(house, network, authenticate)
    every_route = (*routes, *builtin_routes(house.settings, features, checks or {}))
    for route in every_route:
        _bind(app, calls, route)
    _bind_errors(app, WebClient(static_dir))
    _bind_docs(app, every_route)
    _bind_gateway(app, gateway, network)

    @app.before_request
    async def name_request() -> None:  # async, or Quart runs it in a thread
        given = quart.request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
        g.began_s = trio.current_time()
        bind_request_id(g.request_id)

    @app.after_request
    async def finish(response: Response) -> Response:
        raw = quart.request
        response.headers["X-Request-Id"] = g.request_id
        took_ms = round((trio.current_time() - g.began_s) * 1000, 1)
        _log.debug("request", method=raw.method, path=raw.path, status=response.status_code, ms=took_ms)
        encrypted = network.is_encrypted(peer_of(raw), raw.scheme, raw.headers)
        is_page = response.mimetype == "text/html"
        host = raw.headers.get("Host", "")
        response.headers.update(security_headers(host=host, is_page=is_page, is_encrypted=encrypted))
        return response

    return app


def _bind(app: QuartTrio, calls: Calls, route: Route) -> None:
    async def view(**path: str) -> Response:
        request_id: str = g.request_id
        try:
            return await calls.answer(route, request_ctx.request, path, request_id)
        except Problem as problem:
            return problem_response(problem)
        except HTTPException:
            raise
        except Exception:
            _log.exception("request_failed", method=route.method, route=route.path)
            return internal_response(request_id)

    rule = re.sub(r"\{([a-z_]+)\}", r"<\1>", route.path)
    app.add_url_rule(
        rule,
        endpoint=f"{route.method} {route.path}",
        view_func=view,
        methods=[route.method],
        provide_automatic_options=False,
    )


def _bind_errors(app: QuartTrio, client: WebClient) -> None:
    async def framework_error(error: HTTPException) -> Response:
        if not quart.has_request_context():  # a WebSocket handshake for a path that has none
            return framework_response(error)
        raw = quart.request
        is_page = raw.method in ("GET", "HEAD") and not raw.path.startswith(_NO_PAGES)
        if isinstance(error, NotFound) and (file := await client.file(raw.path)):
            return _file_response(file, raw)
        if isinstance(error, NotFound) and is_page:
            return _file_response(await client.page(), raw)
        return framework_response(error)

    async def bug(error: Exception) -> Response:
        _log.exception("request_failed")
        return internal_response(g.get("request_id") or new_id())

    app.register_error_handler(HTTPException, framework_error)
    app.register_error_handler(Exception, bug)


def _file_response(file: StaticFile, raw: quart.Request) -> Response:
    headers = {"Cache-Control": file.cache_control, "ETag": f'"{file.etag}"', "Vary": "Accept-Encoding"}
    if raw.if_none_match.contains_weak(file.etag):
        return Response(b"", status=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = file.content
    if file.zipped is not None and raw.accept_encodings.quality("gzip") > 0:
        body, headers["Content-Encoding"] = file.zipped, "gzip"
    return Response(body, headers=headers, content_type=file.content_type)


def _bind_docs(app: QuartTrio, routes: Sequence[Route]) -> None:
    """Serve the description of the routes; it is made when it is first asked for, and takes 0.1 s."""
    files = functools.cache(lambda: docs_files(describe(routes)))
    for path in DOCS_PATHS:

        async def view(path: str = path) -> Response:
            content_type, content = files()[path]
            return Response(content, content_type=content_type, headers={"Cache-Control": "no-cache"})

        app.add_url_rule(path, endpoint=path, view_func=view, provide_automatic_options=False)


def _bind_gateway(app: QuartTrio, gateway: ServeSocket, network: Network) -> None:
    async def socket() -> Response | None:
        websocket = websocket_ctx.websocket
        if not network.is_own_origin(websocket.headers):  # another site's page, riding on its visitor
            return problem_response(Forbidden("expected a page of this site", code="FOREIGN_ORIGIN"))
        await gateway(websocket)
        return None

    app.add_websocket("/ws", endpoint="/ws", view_func=socket)
