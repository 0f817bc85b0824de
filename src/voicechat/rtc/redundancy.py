"""How much of what a listener hears is sent once more within later packets, by what its network loses (pure).

    nothing ──5 %──▶ the packet before ──15 %──▶ the two before
    nothing ◀──2 %── the packet before ◀──8 %── the two before      but only after ten seconds below

What a network loses is more than a listener's reports say: of what it asked for again in time they say
nothing. So the losses of a path are those reported and those sent again, out of all that was sent. (Chromium
reports of voice about every five seconds, but asks within 20 ms, and goes on asking for what redundancy
brought: a path looks the same with it as without.) What was merely late and asked for counts as lost.

Unlike what is asked for again, redundancy (RFC 2198) comes with the next packet, whatever the round trip. It
costs bits: each payload is sent `copies` times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

UP = (0.05, 0.15)  # from these losses on: the packet before, the two before
DOWN = (0.02, 0.08)  # below these for HOLD_S: nothing, the packet before
HOLD_S = 10.0
LOOK_PACKETS = 50  # a second of one voice: fewer say little
SMOOTH_S = 4.0
REPORT_S = 5.0  # what a report brings is spread over as long


@dataclass(slots=True)
class Redundancy:
    """What one listener's voices are sent with; written to by the media room.

    `distance` is how many earlier packets each carries, 0 to 2; `loss` is what the network loses, smoothed.
    """

    distance: int = 0
    loss: float = 0.0
    _packets: int = 0
    _resent: int = 0
    _lost: int = 0
    _unspread: float = 0.0
    _looked: float | None = None
    _low_since: float | None = None

    @property
    def copies(self) -> int:
        """How often each payload is sent, so how many times the bits of plain voices these take."""
        return 1 + self.distance

    def look(self, now: float, *, packets: int, resent: int, lost: int) -> int:
        """Take how much was sent, sent again, and lost by reports, all so far; return the distance.

        Where these went back, slots have ended: it is taken as a new beginning.
        """
        sent, again = packets - self._packets, resent - self._resent
        if self._looked is None or sent < 0 or again < 0:
            self._unspread = 0.0
        elif sent < LOOK_PACKETS:
            return self.distance
        else:
            self._take(now - self._looked, sent, again, lost - self._lost)
            self._step(now)
        self._packets, self._resent, self._lost, self._looked = packets, resent, lost, now
        return self.distance

    def _take(self, elapsed_s: float, sent: int, again: int, reported: int) -> None:
        self._unspread += reported
        missing = self._unspread * min(1.0, elapsed_s / REPORT_S)
        self._unspread -= missing
        share = min(1.0, max(0.0, again + missing) / (sent + again))
        self.loss += (1 - math.exp(-elapsed_s / SMOOTH_S)) * (share - self.loss)

    def _step(self, now: float) -> None:
        while self.distance < len(UP) and self.loss >= UP[self.distance]:
            self.distance += 1
            self._low_since = None
        if self.distance == 0 or self.loss >= DOWN[self.distance - 1]:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = now
        elif now - self._low_since >= HOLD_S:
            self.distance -= 1
            self._low_since = None
