"""Problems and framework errors become the one error shape, with the status each stands for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET
from quart import Response
from werkzeug.exceptions import HTTPException

from voicechat.errors import Problem, Unauthenticated
from voicechat.protocol import encode
from voicechat.protocol.base import Refusal

_FRAMEWORK_CODES = {
    400: "INVALID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "BODY_TIMEOUT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}


def json_response(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Make a JSON response that no cache keeps."""
    response = Response(body, status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def problem_response(problem: Problem) -> Response:
    """Turn a refusal into its response."""
    details = UNSET if problem.details is None else msgspec.to_builtins(dict(problem.details))
    refusal = Refusal(error=problem.code, message=problem.message, details=details)
    headers: dict[str, str] = dict(getattr(problem, "headers", {}))
    retry_after_s = getattr(problem, "retry_after_s", None)
    if retry_after_s is not None:
        headers.setdefault("Retry-After", str(max(1, round(retry_after_s))))
    if isinstance(problem, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return json_response(encode(refusal), problem.status, headers)


def framework_response(error: HTTPException) -> Response:
    """Turn an error of the framework's own (no such route, body too large) into the one shape."""
    status = error.code or 500
    refusal = Refusal(
        error=_FRAMEWORK_CODES.get(status, "HTTP_ERROR"), message=error.description or error.name
    )
    headers = {name: value for name, value in error.get_headers() if name.lower() == "allow"}
    return json_response(encode(refusal), status, headers)


def internal_response(request_id: str) -> Response:
    """Answer for a bug of ours: nothing but the id under which it was logged."""
    refusal = Refusal(
        error="INTERNAL",
        message="the server failed at this; its log knows why",
        details={"request_id": request_id},
    )
    return json_response(encode(refusal), 500)
