"""Rate limits of HTTP: classes of routes, the buckets they draw on, the headers that tell of them.

The buckets live in Redis, so all nodes count together. When Redis is away, what a known user does is let
through, and what costs a password hash is refused: guessing must not become free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from voicechat.errors import TooMany, Unavailable
from voicechat.house import House
from voicechat.logs import get_logger
from voicechat.web.network import is_loopback, rate_group
from voicechat.web.routes import LimitClass

_log = get_logger("web.limits")

_LOOPBACK_FACTOR = 10
"""Behind a local proxy that is not configured as trusted, loopback stands for everybody at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`requests` at once, refilled evenly over a minute."""

    requests: int
    by: str  # "user" (the address, for strangers), "ip", or "account" (address and account together)
    is_strict: bool = False  # refused rather than let through when Redis is away


def _by(requests: int, by: str, *, is_strict: bool = False) -> Allowance:
    return Allowance(requests=requests, by=by, is_strict=is_strict)


CLASSES: Mapping[LimitClass, tuple[Allowance, ...]] = {
    "read": (_by(600, "user"),),
    "write": (_by(120, "user"),),
    "message": (_by(120, "user"),),
    "search": (_by(30, "user"),),
    "social": (_by(60, "user"),),
    "public": (_by(120, "ip"),),
    "auth_login": (_by(60, "ip", is_strict=True), _by(10, "account", is_strict=True)),
    "auth_register": (_by(20, "ip", is_strict=True),),
    "auth_reset": (_by(5, "ip", is_strict=True),),
    "auth_other": (_by(60, "ip"),),
    "auth_failed": (_by(60, "ip"),),
}


async def take(
    house: House, limit: LimitClass, *, ip: str, user_id: str | None = None, account: str | None = None
) -> dict[str, str]:
    """Count one request and return the X-RateLimit-* headers.

    Without an `account` it draws on the buckets of the user or address, with one only on the account's.
    Raises TooManyRequests when a bucket is empty, Unavailable when a strict one cannot be asked.
    """
    headers: dict[str, str] = {}
    if not house.settings.limits.enabled:
        return headers
    for allowance in CLASSES[limit]:
        if (allowance.by == "account") != (account is not None):
            continue
        capacity, bucket = _bucket(limit, allowance, ip=ip, user_id=user_id, account=account)
        try:
            grant = await house.bus.take(bucket, capacity=capacity, per_s=capacity / 60)
        except Unavailable:
            if allowance.is_strict:
                raise
            _log.warning("limit_not_counted", limit=limit)
            continue
        headers = _headers(capacity, grant.remaining)
        if not grant.allowed:
            raise TooManyRequests(grant.retry_after_s, headers)
    return headers


class TooManyRequests(TooMany):
    """A bucket is empty; `headers` go with the answer."""

    def __init__(self, retry_after_s: float, headers: Mapping[str, str]) -> None:
        wait_s = max(1, math.ceil(retry_after_s))
        super().__init__(
            f"too many requests; try again in {wait_s} s",
            retry_after_s=wait_s,
            details={"retry_after_s": wait_s},
        )
        self.headers = {**headers, "Retry-After": str(wait_s)}


def _bucket(
    limit: LimitClass, allowance: Allowance, *, ip: str, user_id: str | None, account: str | None
) -> tuple[int, str]:
    """Return the capacity and the name of the bucket that this request draws on."""
    if allowance.by == "user" and user_id is not None:
        return allowance.requests, f"http:{limit}:user:{user_id}"
    if allowance.by == "account":
        return allowance.requests, f"http:{limit}:account:{rate_group(ip)}:{account}"
    factor = _LOOPBACK_FACTOR if is_loopback(ip) else 1
    return allowance.requests * factor, f"http:{limit}:ip:{rate_group(ip)}"


def _headers(capacity: int, remaining: float) -> dict[str, str]:
    left = max(0, math.floor(remaining))
    return {
        "X-RateLimit-Limit": str(capacity),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(math.ceil((capacity - left) * 60 / capacity)),
    }
