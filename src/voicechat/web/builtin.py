"""The skin's own routes: is the process alive, are its parts, and what is served where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import trio

from voicechat import __version__
from voicechat.house import House
from voicechat.logs import get_logger
from voicechat.protocol.service import Discovery, Health
from voicechat.settings import Settings
from voicechat.web.routes import Reply, Request, Route

_log = get_logger("web.health")

Check = Callable[[], Awaitable[bool]]
"""Tells whether a part answers; an exception or more than `_PATIENCE_S` means that it does not."""

_PATIENCE_S = 2.0


def builtin_routes(
    settings: Settings, features: Sequence[str], checks: Mapping[str, Check]
) -> tuple[Route, ...]:
    """Make the routes that every server has; `features` are what clients may count on."""

    async def live(house: House, request: Request) -> Health:
        """Tell that the process answers."""
        return Health(status="ok")

    async def ready(house: House, request: Request) -> Reply:
        """Tell whether the parts that requests need answer: 200, or 503 naming those that do not."""
        found = await run_checks(checks)
        is_ready = all(state == "ok" for state in found.values())
        health = Health(status="ok" if is_ready else "unavailable", checks=found)
        return Reply(health, status=200 if is_ready else 503)

    async def discovery(house: House, request: Request) -> Discovery:
        """Say what is served here and where, for clients that know nothing but the address."""
        return discovered

    discovered = Discovery(
        name=settings.server.name,
        api="/api",
        ws="/ws",
        version=__version__,
        features=sorted(features),
        auth={"methods": ["password"], "registration_policy": settings.auth.registration_policy},
    )
    return (
        Route("GET", "/health/live", live, answer=Health, auth="none", limit=None, tag="service"),
        Route("GET", "/health/ready", ready, answer=Health, auth="none", limit=None, tag="service"),
        Route(
            "GET",
            "/.well-known/voicechat",
            discovery,
            answer=Discovery,
            auth="none",
            limit="public",
            tag="service",
        ),
    )


async def run_checks(checks: Mapping[str, Check]) -> dict[str, str]:
    """Ask every part at once; each is `ok` or `unavailable`."""
    found = dict.fromkeys(checks, "unavailable")

    async def ask(name: str, check: Check) -> None:
        try:
            with trio.move_on_after(_PATIENCE_S):
                found[name] = "ok" if await check() else "unavailable"
        except Exception:
            _log.exception("check_failed", part=name)

    async with trio.open_nursery() as nursery:
        for name, check in checks.items():
            nursery.start_soon(ask, name, check)
    return found
