"""Whose guild it is, and how long a timeout may last. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from voicechat.access import InGuild
from voicechat.access.permissions import OWNER_RANK
from voicechat.errors import Invalid

TIMEOUT_AT_MOST = timedelta(days=28)


def is_owner(member: InGuild) -> bool:
    """Tell whether the guild is theirs."""
    return member.rank == OWNER_RANK


def check_until(until: datetime, now: datetime) -> None:
    """Raise Invalid for a timeout that is over already, or longer than four weeks."""
    if not now < until <= now + TIMEOUT_AT_MOST:
        raise Invalid(
            f"expected `until` between now and {TIMEOUT_AT_MOST.days} days from now, got {until.isoformat()}",
            code="BAD_TIMEOUT",
        )
