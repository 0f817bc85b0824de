"""The history of connections, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voicechat.protocol.quality import ConnectionDay, ConnectionPoint, ConnectionSession
from voicechat.storage import Connection, Row

# Whoever or whatever is gone by now is left out, or null: nothing here may fail for everybody else.
KEEP_SESSIONS = """
INSERT INTO connection_sessions (id, user_id, guild_id, channel_id, started_at, last_seen_at)
SELECT s.id, u.id, c.guild_id, c.id,
       now() - s.began_s * interval '1 second', now() - s.seen_s * interval '1 second'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::float8[], $5::float8[])
    s (id, user_id, channel_id, began_s, seen_s)
JOIN users u ON u.id = s.user_id
LEFT JOIN channels c ON c.id = s.channel_id
ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at
"""

KEEP_SAMPLES = """
INSERT INTO connection_samples
    (session_id, at, rtt_ms, loss_up_percent, loss_down_percent, jitter_up_ms, jitter_down_ms, quality)
SELECT s.id, c.last_seen_at, s.rtt, s.loss_up, s.loss_down, s.jitter_up, s.jitter_down, s.quality
FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::int[])
    s (id, rtt, loss_up, loss_down, jitter_up, jitter_down, quality)
JOIN connection_sessions c ON c.id = s.id
ON CONFLICT (session_id, at) DO NOTHING
"""

SWEEP_SAMPLES = "DELETE FROM connection_samples WHERE at < now() - $1 * interval '1 day'"

SWEEP_SESSIONS = "DELETE FROM connection_sessions WHERE last_seen_at < now() - $1 * interval '1 day'"

SUMMARY = """
SELECT count(DISTINCT s.id),
       coalesce((SELECT sum(extract(epoch FROM last_seen_at - started_at))::bigint FROM connection_sessions
                 WHERE user_id = $1 AND last_seen_at > now() - $2 * interval '1 day'), 0),
       avg(p.rtt_ms)::float8, avg(greatest(p.loss_up_percent, p.loss_down_percent))::float8,
       avg(greatest(p.jitter_up_ms, p.jitter_down_ms))::float8
FROM connection_sessions s LEFT JOIN connection_samples p ON p.session_id = s.id
WHERE s.user_id = $1 AND s.last_seen_at > now() - $2 * interval '1 day'
"""

DAYS = """
SELECT to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), count(DISTINCT s.id),
       avg(p.rtt_ms)::float8, avg(greatest(p.loss_up_percent, p.loss_down_percent))::float8,
       avg(greatest(p.jitter_up_ms, p.jitter_down_ms))::float8
FROM connection_sessions s JOIN connection_samples p ON p.session_id = s.id
WHERE s.user_id = $1 AND p.at > now() - $2 * interval '1 day'
GROUP BY 1 ORDER BY 1
"""

_SESSION = """
SELECT s.id, s.guild_id, s.channel_id, s.started_at, s.last_seen_at, p.rtt, p.loss, p.jitter, p.quality
FROM connection_sessions s
CROSS JOIN LATERAL (
    SELECT avg(rtt_ms)::float8 AS rtt, avg(greatest(loss_up_percent, loss_down_percent))::float8 AS loss,
           avg(greatest(jitter_up_ms, jitter_down_ms))::float8 AS jitter,
           coalesce(min(quality) FILTER (WHERE quality > 0), 0) AS quality
    FROM connection_samples WHERE session_id = s.id
) p
"""

SESSIONS = f"""{_SESSION}
WHERE s.user_id = $1 AND ($2::uuid IS NULL OR s.id < $2)
ORDER BY s.id DESC LIMIT $3
"""

SESSION = f"""{_SESSION}
WHERE s.user_id = $1 AND s.id = $2
"""

POINTS = """
SELECT min(at), avg(rtt_ms)::float8, avg(loss_up_percent)::float8, avg(loss_down_percent)::float8,
       avg(jitter_up_ms)::float8, avg(jitter_down_ms)::float8,
       coalesce(min(quality) FILTER (WHERE quality > 0), 0)
FROM (SELECT *, ntile($2) OVER (ORDER BY at) AS part FROM connection_samples WHERE session_id = $1) parted
GROUP BY part ORDER BY 1
"""


class Measured(NamedTuple):
    """A session and what was measured of it since the last time, with its age and silence in seconds."""

    session_id: str
    user_id: str
    channel_id: str
    began_s: float
    seen_s: float
    rtt_ms: float | None
    loss_up_percent: float | None
    loss_down_percent: float | None
    jitter_up_ms: float | None
    jitter_down_ms: float | None
    quality: int


class Overall(NamedTuple):
    """A person's connections in one row."""

    sessions: int
    connected_s: int
    latency: float | None
    packet_loss: float | None
    jitter: float | None


async def keep(conn: Connection, measured: Sequence[Measured]) -> None:
    """Write down all that was measured, in two statements."""
    columns = [list(column) for column in zip(*measured, strict=True)]
    await conn.execute(KEEP_SESSIONS, *columns[:5])
    await conn.execute(KEEP_SAMPLES, columns[0], *columns[5:])


async def sweep(conn: Connection, days: int) -> None:
    """Forget what is older."""
    await conn.execute(SWEEP_SAMPLES, days)
    await conn.execute(SWEEP_SESSIONS, days)


async def overall(conn: Connection, user_id: str, days: int) -> Overall:
    """Average a person's last days."""
    row = await conn.fetchrow(SUMMARY, user_id, days)
    assert row is not None
    return Overall(*row)


async def days(conn: Connection, user_id: str, count: int) -> list[ConnectionDay]:
    """Average each of a person's last days on which they were in voice."""
    return [
        ConnectionDay(date=row[0], sessions=row[1], latency=row[2], packet_loss=row[3], jitter=row[4])
        for row in await conn.fetch(DAYS, user_id, count)
    ]


async def sessions(conn: Connection, user_id: str, before: str | None, limit: int) -> list[ConnectionSession]:
    """Return up to `limit` of a person's sessions that began before the one given."""
    return [_session(row) for row in await conn.fetch(SESSIONS, user_id, before, limit)]


async def session(conn: Connection, user_id: str, session_id: str) -> ConnectionSession | None:
    """Return one of a person's own sessions, or None."""
    row = await conn.fetchrow(SESSION, user_id, session_id)
    return None if row is None else _session(row)


async def points(conn: Connection, session_id: str, at_most: int) -> list[ConnectionPoint]:
    """Return the course of a session, neighbours averaged where there are more points than asked for."""
    return [
        ConnectionPoint(
            at=row[0],
            latency=row[1],
            packet_loss_up=row[2],
            packet_loss_down=row[3],
            jitter_up=row[4],
            jitter_down=row[5],
            quality=row[6],
        )
        for row in await conn.fetch(POINTS, session_id, at_most)
    ]


def _session(row: Row) -> ConnectionSession:
    return ConnectionSession(
        id=row[0],
        guild_id=row[1],
        channel_id=row[2],
        started_at=row[3],
        ended_at=row[4],
        latency=row[5],
        packet_loss=row[6],
        jitter=row[7],
        quality=row[8],
    )
