"""Rate limits of HTTP: classes of routes, the buckets they draw on, the headers that tell of them.

The buckets live on the bus, so all nodes count together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from voicechat.errors import TooMany
from voicechat.house import House
from voicechat.web.network import is_loopback, rate_group
from voicechat.web.routes import LimitClass

_LOOPBACK_FACTOR = 10
"""Behind a local proxy that is not configured as trusted, loopback stands for everybody at once."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`requests` at once, refilled evenly over a minute."""

    requests: int
    by: str  # "user" (the address, for strangers), "ip", or "account" (address and account together)


CLASSES: Mapping[LimitClass, tuple[Allowance, ...]] = {
    "read": (Allowance(600, "user"),),
    "write": (Allowance(120, "user"),),
    "message": (Allowance(120, "user"),),
    "search": (Allowance(30, "user"),),
    "social": (Allowance(60, "user"),),
    "public": (Allowance(120, "ip"),),
    "auth_login": (Allowance(60, "ip"), Allowance(10, "account")),
    "auth_register": (Allowance(20, "ip"),),
    "auth_reset": (Allowance(5, "ip"),),
    "auth_other": (Allowance(60, "ip"),),
    "auth_failed": (Allowance(60, "ip"),),
}


async def take(
    house: House, limit: LimitClass, *, ip: str, user_id: str | None = None, account: str | None = None
) -> dict[str, str]:
    """Count one request and return the X-RateLimit-* headers.

    Without an `account` it draws on the buckets of the user or address, with one only on the account's.
    Raises TooManyRequests when a bucket is empty.
    """
    headers: dict[str, str] = {}
    if not house.settings.limits.enabled:
        return headers
    for allowance in CLASSES[limit]:
        if (allowance.by == "account") != (account is not None):
            continue
        capacity, bucket = _bucket(limit, allowance, ip=ip, user_id=user_id, account=account)
        grant = await house.bus.take(bucket, capacity=capacity, per_s=capacity / 60)
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
