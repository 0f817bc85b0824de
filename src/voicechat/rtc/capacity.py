"""What a viewer's network carries, by all that tells of it (pure).

The times at which its packets arrived tell best; the engine makes an estimate of them. Of viewers who
report no such times the losses tell. What a viewer says itself that it takes (REMB) bounds either: it is
said every second while video arrives, so what was not repeated for five does not hold any more. Where
nothing is sent nobody measures anything, and what was said stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from voicechat.rtc.loss import LossEstimate

LIMIT_S = 5.0


@dataclass(slots=True)
class Capacity:
    """Of one viewer; written to by the media room's streams."""

    _estimated: float | None = None
    _losses: LossEstimate = field(default_factory=LossEstimate)
    _by_losses: float | None = None
    _limit: float | None = None
    _limited_at: float = 0.0
    _sent_bytes: int = 0

    def estimated(self, bits_per_s: float) -> None:
        """Take the engine's estimate; from now on losses say nothing more."""
        self._estimated = bits_per_s

    def limited(self, now: float, bits_per_s: float) -> None:
        """Take what the viewer says."""
        self._limit, self._limited_at = bits_per_s, now

    def look(self, now: float, *, sent_bytes: int, lost: float, reported_us: int) -> None:
        """Take what was sent of video so far and the newest report: the share it lost, and when it came."""
        self._by_losses = self._losses.look(now, sent_bytes=sent_bytes, lost=lost, reported_us=reported_us)
        if sent_bytes == self._sent_bytes:
            self._limited_at = now
        elif now - self._limited_at >= LIMIT_S:
            self._limit = None
        self._sent_bytes = sent_bytes

    def bits_per_s(self, now: float) -> float | None:
        """Return how much it carries; None when nothing is known against the best."""
        own = self._by_losses if self._estimated is None else self._estimated
        limit = self._limit if now - self._limited_at < LIMIT_S else None
        return min((bits for bits in (own, limit) if bits is not None), default=None)
