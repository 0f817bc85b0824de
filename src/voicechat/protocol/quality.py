"""How well somebody was connected in voice, as the server measured it: theirs alone to see.

Units are those of `voice_stats`: latency (there and back) and jitter in ms, loss in percent, quality 0
(unknown), 1 (poor), 2 (fair) or 3 (good). Null is what nobody could measure, as latency while all are silent.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voicechat.protocol.base import Answer, Body, Id, Instant, Page


class ConnectionDay(Answer):
    """One day, UTC; `date` as 2026-11-23."""

    date: str
    sessions: int
    latency: float | None
    packet_loss: float | None
    jitter: float | None


class ConnectionSummary(Answer):
    """GET /api/me/connection/summary: averages of the last `days`, each point with its worse direction."""

    days: int
    sessions: int
    connected_s: int
    latency: float | None
    packet_loss: float | None
    jitter: float | None
    daily_stats: list[ConnectionDay]


class ConnectionSession(Answer):
    """One stay in a voice channel; `quality` is the worst known of it.

    The ids are null where the place is gone.
    """

    id: Id
    guild_id: Id | None
    channel_id: Id | None
    started_at: Instant
    ended_at: Instant
    latency: float | None
    packet_loss: float | None
    jitter: float | None
    quality: int


class ConnectionSessions(Page):
    """GET /api/me/connection/sessions, the newest first; `next_cursor` goes into `before`."""

    items: list[ConnectionSession]


class ConnectionSessionsQuery(Body):
    """Which sessions to list."""

    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class ConnectionPoint(Answer):
    """A moment of a session; up is from you to the server."""

    at: Instant
    latency: float | None
    packet_loss_up: float | None
    packet_loss_down: float | None
    jitter_up: float | None
    jitter_down: float | None
    quality: int


class ConnectionCourse(Answer):
    """GET /api/me/connection/sessions/{session_id}: the session and at most 200 points along it."""

    session: ConnectionSession
    points: list[ConnectionPoint]
