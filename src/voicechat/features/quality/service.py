"""Look at one's own connections of the last month."""

from __future__ import annotations

from voicechat.errors import NotFound
from voicechat.features.quality import queries
from voicechat.house import House
from voicechat.protocol.quality import ConnectionCourse, ConnectionSessions, ConnectionSummary
from voicechat.storage import Connection
from voicechat.web import Request

KEPT_DAYS = 30
POINTS_AT_MOST = 200


async def summary(house: House, request: Request) -> ConnectionSummary:
    """Average the caller's connections of the last 30 days, all together and day by day."""
    return await house.db.run(_summary, request.caller.user_id)


async def _summary(conn: Connection, user_id: str) -> ConnectionSummary:
    overall = await queries.overall(conn, user_id, KEPT_DAYS)
    return ConnectionSummary(
        days=KEPT_DAYS,
        sessions=overall.sessions,
        connected_s=overall.connected_s,
        latency=overall.latency,
        packet_loss=overall.packet_loss,
        jitter=overall.jitter,
        daily_stats=await queries.days(conn, user_id, KEPT_DAYS),
    )


async def sessions(house: House, request: Request) -> ConnectionSessions:
    """List the caller's voice sessions, the newest first; `next_cursor` goes into `before`."""
    query = request.query
    found = await house.db.run(queries.sessions, request.caller.user_id, query.before, query.limit + 1)
    items, has_more = found[: query.limit], len(found) > query.limit
    return ConnectionSessions(items=items, has_more=has_more, next_cursor=items[-1].id if has_more else None)


async def course(house: House, request: Request) -> ConnectionCourse:
    """Return one of the caller's sessions with its course in at most 200 points."""
    return await house.db.run(_course, request.caller.user_id, request.path["session_id"])


async def _course(conn: Connection, user_id: str, session_id: str) -> ConnectionCourse:
    session = await queries.session(conn, user_id, session_id)
    if session is None:
        raise NotFound("you had no such voice session in the last 30 days")
    return ConnectionCourse(session=session, points=await queries.points(conn, session_id, POINTS_AT_MOST))
