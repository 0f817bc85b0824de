"""Security headers: what a browser may do with our pages and answers."""

from __future__ import annotations

import re

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
_PAGE_POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
)
"""For the web client's pages: nothing from anywhere else, nothing inline."""

ANSWER_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""For everything that is not a page."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "microphone=(self), camera=(self), display-capture=(self), speaker-selection=(self), "
        "autoplay=(self), fullscreen=(self), clipboard-write=(self), geolocation=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page_policy(host: str) -> str:
    """Return the policy of a page that `host` (the Host header) was asked for.

    'self' covers the WebSocket by CSP3 §6.7.2.8; engines that do not know it yet find it by its name.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join((*_PAGE_POLICY, f"connect-src 'self'{sockets}"))


def security_headers(*, host: str, is_page: bool, is_encrypted: bool) -> dict[str, str]:
    """Return the headers for a page or an answer; HSTS only where https is what brought it."""
    headers = {**_ALWAYS, "Content-Security-Policy": page_policy(host) if is_page else ANSWER_POLICY}
    if is_encrypted:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers
