"""How many bits each layer takes just now, worked out of the engine's counters twice a second (pure)."""

from __future__ import annotations

from dataclasses import dataclass

ALIVE_S = 3.0  # a shared screen on which nothing moves is sent once a second
DECAY = 0.9  # per look: a scene that moved a moment ago may move again


@dataclass(slots=True)
class LayerMeter:
    """The rate of one layer; written to by the media room's streams."""

    bits_per_s: float = 0.0
    last_sent: float | None = None
    _packets: int = 0
    _bytes: int = 0
    _looked: float | None = None

    def look(self, now: float, packets: int, bytes_: int) -> None:
        """Take the counters as they stand at `now`: all packets and bytes of the layer so far."""
        if packets != self._packets:
            self.last_sent = now
        if self._looked is not None and now > self._looked:
            measured = 8 * (bytes_ - self._bytes) / (now - self._looked)
            self.bits_per_s = max(measured, self.bits_per_s * DECAY)
        self._packets, self._bytes, self._looked = packets, bytes_, now

    def is_alive(self, now: float) -> bool:
        """Whether the layer is being sent, slowly perhaps, and was measured."""
        return self.bits_per_s > 0 and self.last_sent is not None and now - self.last_sent < ALIVE_S
