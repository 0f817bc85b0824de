"""How much a viewer's network carries, by the losses it reports (pure).

For those of whom nothing better is known: who reports no arrival times has no other way to tell. The rules
and their numbers are those of GoogCC's loss controller (draft-ietf-rmcat-gcc-02 §6): above 10 % of loss it
carries less than was sent, below 2 % that and perhaps a little more, and in between what it does now. Before
the first such loss, and once far more seems to fit than is sent, nothing is known against the best.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAVY, LIGHT = 0.10, 0.02
GROWTH = 1.05  # for a report, which come about once a second
CLEAR = 4.0  # times what is sent: as good as unlimited
LEAST = 50_000.0


@dataclass(slots=True)
class LossEstimate:
    """The estimate of one viewer; written to by the media room's streams."""

    bits_per_s: float | None = None
    _reported_us: int = 0
    _bytes: int = 0
    _looked: float | None = None
    _sent: float = 0.0

    def look(self, now: float, *, sent_bytes: int, lost: float, reported_us: int) -> float | None:
        """Take the bytes sent so far and the newest report: the share it lost, and when it came."""
        if self._looked is not None and now > self._looked:
            self._sent = 8 * (sent_bytes - self._bytes) / (now - self._looked)
        self._bytes, self._looked = sent_bytes, now
        if reported_us != self._reported_us:
            self._reported_us = reported_us
            self._take(lost)
        return self.bits_per_s

    def _take(self, lost: float) -> None:
        if lost > HEAVY and self._sent > 0:
            before = self._sent if self.bits_per_s is None else min(self.bits_per_s, self._sent)
            self.bits_per_s = max(LEAST, before * (1 - lost / 2))
        elif lost < LIGHT and self.bits_per_s is not None:
            grown = max(self.bits_per_s, self._sent) * GROWTH
            self.bits_per_s = None if grown > CLEAR * max(self._sent, LEAST) else grown
