"""The arithmetic of one gateway session: seq, replay, command rate, heartbeat. Pure; time is given.

number(payload)      payload → frame with the next seq, remembered for a resume
frames_after(seq)    what a client that has seen `seq` missed, or None when that is forgotten or never was
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto


def frame(payload: bytes, seq: int) -> bytes:
    """Put `seq` in front of an encoded event, whose own bytes are shared by all who get it."""
    return b'{"seq":%d,%b' % (seq, payload[1:])


class Replay:
    """Numbers what is sent and remembers the newest of it, within a count and a size."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._payloads: deque[bytes] = deque()
        self._bytes = 0
        self.last_seq = 0

    def number(self, payload: bytes) -> bytes:
        """Return the frame of the next event, and remember it."""
        self.last_seq += 1
        self._payloads.append(payload)
        self._bytes += len(payload)
        while len(self._payloads) > self._max_events or self._bytes > self._max_bytes:
            self._bytes -= len(self._payloads.popleft())
        return frame(payload, self.last_seq)

    def frames_after(self, seq: int) -> list[bytes] | None:
        """Return the frames after `seq`, in order; None when some are forgotten or `seq` was never sent."""
        missed = self.last_seq - seq
        if not 0 <= missed <= len(self._payloads):
            return None
        first = len(self._payloads) - missed
        return [frame(self._payloads[first + index], seq + 1 + index) for index in range(missed)]


class Verdict(Enum):
    """What becomes of a command."""

    ALLOWED = auto()
    REFUSED = auto()  # over the rate: an `error` event
    ABUSE = auto()  # keeps on regardless: close


class CommandRate:
    """120 commands at once, refilled over a minute; another 60 refused ones in a row are abuse."""

    CAPACITY = 120
    PER_S = 2.0
    PATIENCE = 60

    def __init__(self, now_s: float) -> None:
        self._tokens = float(self.CAPACITY)
        self._at_s = now_s
        self._refused = 0

    def judge(self, now_s: float) -> Verdict:
        """Count one command that came at `now_s`."""
        self._tokens = min(self.CAPACITY, self._tokens + (now_s - self._at_s) * self.PER_S)
        self._at_s = now_s
        if self._tokens >= 1:
            self._tokens -= 1
            self._refused = 0
            return Verdict.ALLOWED
        self._refused += 1
        return Verdict.REFUSED if self._refused <= self.PATIENCE else Verdict.ABUSE

    @property
    def retry_after_s(self) -> float:
        """How long until the next command is allowed."""
        return max(0.0, (1 - self._tokens) / self.PER_S)


class Heartbeat:
    """Until when a client may stay silent: twice the interval it was told to ping in."""

    def __init__(self, interval_s: float, now_s: float) -> None:
        self._patience_s = 2 * interval_s
        self.deadline_s = now_s + self._patience_s

    def heard(self, now_s: float) -> None:
        """Note that a frame, any frame, came at `now_s`."""
        self.deadline_s = now_s + self._patience_s
