"""Quality: how well each person was connected in voice, measured by the server and kept for a month."""

from voicechat.features.quality import sampler, service
from voicechat.protocol.quality import (
    ConnectionCourse,
    ConnectionSessions,
    ConnectionSessionsQuery,
    ConnectionSummary,
)
from voicechat.web import Route

_OWN = "/api/me/connection"

ROUTES = (
    Route(
        "GET", f"{_OWN}/summary", service.summary, answer=ConnectionSummary, limit="read", tag="connection"
    ),
    Route(
        "GET",
        f"{_OWN}/sessions",
        service.sessions,
        query=ConnectionSessionsQuery,
        answer=ConnectionSessions,
        limit="read",
        tag="connection",
    ),
    Route(
        "GET",
        f"{_OWN}/sessions/{{session_id}}",
        service.course,
        answer=ConnectionCourse,
        limit="read",
        tag="connection",
    ),
)
SERVICES = (sampler.run,)
