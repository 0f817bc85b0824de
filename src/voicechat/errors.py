"""Problems: refusals a caller may see, each with a stable code.

    Problem                 code, message (what was expected, what came), details
    ├─ Invalid              400   malformed or out of bounds
    ├─ Unauthenticated      401   we do not know you
    ├─ Forbidden            403   we know you; no
    ├─ NotFound             404   not there, or not for you to know
    ├─ Conflict             409   true of now, not of you: taken, stale
    ├─ TooLarge             413   more bytes than the route accepts
    ├─ UnsupportedMedia     415   a body of another kind than the route accepts
    ├─ TooMany              429   a rate or a count was exceeded
    └─ Unavailable          503   we cannot just now

Rooms raise Problems and never see a status number; `web.errors` and `gateway.dispatch` map them once.
Anything else that is raised is a bug and ends at the bulkhead it happened in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Problem(Exception):
    """A refusal with a stable code; subclasses choose the kind, callers may narrow the code."""

    default_code: ClassVar[str] = "PROBLEM"
    status: ClassVar[int] = 400

    def __init__(
        self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = details


class Invalid(Problem):
    """The input is malformed or out of bounds."""

    default_code = "INVALID"
    status = 400


class Unauthenticated(Problem):
    """The caller is unknown: no credentials, or bad or expired ones."""

    default_code = "UNAUTHENTICATED"
    status = 401


class Forbidden(Problem):
    """The caller is known and may not."""

    default_code = "FORBIDDEN"
    status = 403


class NotFound(Problem):
    """The thing is not there, or the caller may not know that it is."""

    default_code = "NOT_FOUND"
    status = 404


class Conflict(Problem):
    """The state of things stands in the way: taken, stale, already so."""

    default_code = "CONFLICT"
    status = 409


class TooLarge(Problem):
    """More bytes than accepted here."""

    default_code = "TOO_LARGE"
    status = 413


class UnsupportedMedia(Problem):
    """A body of another content type than accepted here."""

    default_code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class TooMany(Problem):
    """A rate or a count was exceeded; `retry_after_s` says when a rate will have recovered."""

    default_code = "RATE_LIMITED"
    status = 429

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float = 1.0,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.retry_after_s = retry_after_s


class Unavailable(Problem):
    """A part this needs is away just now."""

    default_code = "UNAVAILABLE"
    status = 503
