"""The keeper of one gateway session: acts, one after the other, on all that happens to it, until its end.

    opened → (news → topics again → changed | socket gone → lost | socket back → resumed)* → ended

One task for each session, so a room's hooks never overtake one another. Each hook is a bulkhead; only when
what may be seen cannot be found out does the session end: better none than one that sees too much.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from voicechat.errors import Unavailable
from voicechat.gateway.connection import GatewayConnection, Occasion
from voicechat.gateway.gathering import Gathering
from voicechat.gateway.hooks import Change, Hooks, Lifecycle, Scope
from voicechat.gateway.registry import Registry
from voicechat.house import House
from voicechat.logs import get_logger
from voicechat.protocol import News
from voicechat.protocol.gateway import CloseCode

_log = get_logger("gateway")

_REFRESHES_AT_ONCE = 8
"""After a gap in the news all look again, everywhere: some at a time, so that requests come through."""

_PATIENCE_S, _ASK_AGAIN_S = 10.0, 0.5
"""How long a database may be away before sessions end for it, and how soon it is asked again."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the gateway's parts share; made and owned by `open_gateway`."""

    house: House
    hooks: Hooks
    registry: Registry
    nursery: trio.Nursery
    refreshing: trio.CapacityLimiter
    topics_in: Gathering[Scope, Collection[str]]


def make_desk(house: House, hooks: Hooks, nursery: trio.Nursery) -> Desk:
    """Set up what the gateway's parts share."""
    registry = Registry(house.settings.limits)
    topics_in = Gathering(partial(hooks.topics_in, house))
    return Desk(house, hooks, registry, nursery, trio.CapacityLimiter(_REFRESHES_AT_ONCE), topics_in)


async def keep(desk: Desk, connection: GatewayConnection) -> None:
    """Live with one session from its opening to its end."""
    await connection.opened.wait()
    while (occasion := await connection.next_occasion()) is not None:
        await _act(desk, connection, occasion)
    connection.end(CloseCode.NORMAL, "nobody came back within the resume window")
    desk.registry.remove(connection)
    await connection.introduced.wait()  # what `connected` remembers must not outlive `ended`
    await run_hooks(desk, connection, desk.hooks.ended)


async def run_hooks(desk: Desk, connection: GatewayConnection, hooks: Sequence[Lifecycle]) -> None:
    """Call each hook; what one raises is logged and keeps none of the others from running."""
    for hook in hooks:
        try:
            await hook(desk.house, connection)
        except Exception:
            _log.exception("hook_failed", hook=hook.__qualname__, session=connection.session_id)


async def _act(desk: Desk, connection: GatewayConnection, occasion: News | Occasion) -> None:
    if occasion is Occasion.LOST:
        await run_hooks(desk, connection, desk.hooks.lost)
    elif occasion is Occasion.RESUMED:
        await run_hooks(desk, connection, desk.hooks.resumed)
    else:
        await _refresh(desk, connection, occasion if isinstance(occasion, News) else None)


async def _refresh(desk: Desk, connection: GatewayConnection, news: News | None) -> None:
    try:
        gained, lost = await _look_again(desk, connection, news)
    except Exception:
        _log.exception("topics_failed", session=connection.session_id)
        connection.end(CloseCode.INTERNAL, "what may be seen is unknown")
        return
    change = Change(news, gained, lost)
    for hook in desk.hooks.changed:
        try:
            await hook(desk.house, connection, change)
        except Exception:
            _log.exception("hook_failed", hook=hook.__qualname__, session=connection.session_id)


async def _look_again(
    desk: Desk, connection: GatewayConnection, news: News | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Ask what the connection may follow; a database that is away is given a few seconds to come back.

    As long as it is away nothing is posted that somebody should not see any more.
    """
    patient_until = trio.current_time() + _PATIENCE_S
    while True:
        try:
            return await _ask(desk, connection, news)
        except Unavailable as problem:
            if connection.is_ended or trio.current_time() >= patient_until:
                raise
            _log.warning("topics_wait", session=connection.session_id, problem=problem.message)
        await trio.sleep(_ASK_AGAIN_S)


async def _ask(
    desk: Desk, connection: GatewayConnection, news: News | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Ask where the news say that something changed, together with the others they concern; or everywhere."""
    guild_id: str | None = getattr(news, "guild_id", None)
    if guild_id is None:
        async with desk.refreshing:
            return connection.see(await desk.hooks.topics(desk.house, connection.caller))
    scope = Scope(guild_id, getattr(news, "channel_id", None))
    topics = await desk.topics_in.ask(scope, connection.caller.user_id)
    return connection.see_in(scope, topics or ())
