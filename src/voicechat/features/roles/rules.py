"""Where roles stand among each other. Pure."""

from __future__ import annotations

from collections.abc import Sequence

ROLES_AT_MOST = 250
"""Roles in a guild, @everyone included."""


def moved(role_ids: Sequence[str], role_id: str, position: int) -> list[str]:
    """Return the ids, lowest first and without @everyone, with one moved to `position` (1 is the lowest)."""
    others = [other for other in role_ids if other != role_id]
    index = min(position, len(role_ids)) - 1
    return [*others[:index], role_id, *others[index:]]
