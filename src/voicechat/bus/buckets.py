"""Token buckets: the one all nodes share, in Redis, and the local ones that stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

TOKEN_BUCKET = (resources.files("voicechat.bus") / "token_bucket.lua").read_text(encoding="utf-8")
MAX_LOCAL_BUCKETS = 20_000


@dataclass(frozen=True)
class Grant:
    """What a bucket answered: tokens left, and how long until the cost is there (0 when allowed)."""

    allowed: bool
    remaining: float
    retry_after_s: float


@dataclass
class _Bucket:
    tokens: float
    at_s: float
    full_at_s: float


class LocalBuckets:
    """The same rule in this process's memory, for while Redis is away: limits hold for each node alone.

    Bounded: when there are too many, full buckets go first (they say nothing), then the longest untouched.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, bucket: str, *, capacity: int, per_s: float, cost: float, now_s: float) -> Grant:
        """Take `cost` tokens if they are there; `now_s` is any monotonic clock."""
        held = self._buckets.pop(bucket, None) or _Bucket(capacity, now_s, now_s)
        tokens = min(capacity, held.tokens + (now_s - held.at_s) * per_s)
        allowed = tokens >= cost
        if allowed:
            tokens -= cost
        self._buckets[bucket] = _Bucket(tokens, now_s, now_s + (capacity - tokens) / per_s)
        if len(self._buckets) > MAX_LOCAL_BUCKETS:
            self._make_room(now_s)
        return Grant(allowed, tokens, 0.0 if allowed else (cost - tokens) / per_s)

    def __len__(self) -> int:
        return len(self._buckets)

    def _make_room(self, now_s: float) -> None:
        self._buckets = {name: held for name, held in self._buckets.items() if held.full_at_s > now_s}
        surplus = len(self._buckets) - MAX_LOCAL_BUCKETS * 9 // 10
        for name in list(self._buckets)[: max(0, surplus)]:
            del self._buckets[name]
