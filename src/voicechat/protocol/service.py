"""What the server says of itself: discovery, health, public settings."""

from __future__ import annotations

from typing import Any

from voicechat.protocol.base import Answer


class Discovery(Answer):
    """GET /.well-known/voicechat."""

    name: str
    api: str
    ws: str
    version: str
    features: list[str]
    auth: dict[str, Any]


class Health(Answer):
    """GET /health/live and /health/ready: each part and whether it answers."""

    status: str
    checks: dict[str, str] = {}


class PublicSettings(Answer):
    """GET /api/settings: what a sign-in page needs to know."""

    server_name: str
    registration_policy: str
    setup_required: bool
    setup_token_required: bool
    oidc_enabled: bool = False
    auth_methods: dict[str, bool] = {}
