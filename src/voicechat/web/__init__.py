"""The HTTP skin: rate limit, authenticate, decode, call, encode. It knows no feature.

Rooms describe what they serve as `Route`s; `create_app` makes the application of them.
"""

from __future__ import annotations

from voicechat.web.app import create_app
from voicechat.web.builtin import Check
from voicechat.web.calls import Authenticate
from voicechat.web.connection import Counters
from voicechat.web.guard import serve
from voicechat.web.routes import Auth, Cookie, Handler, Headers, LimitClass, Method, Reply, Request, Route

__all__ = [
    "Auth",
    "Authenticate",
    "Check",
    "Cookie",
    "Counters",
    "Handler",
    "Headers",
    "LimitClass",
    "Method",
    "Reply",
    "Request",
    "Route",
    "create_app",
    "serve",
]
