"""Many deadlines, one timer: a heap that forgets lazily (pure)."""

from __future__ import annotations

import heapq


class Deadlines:
    """The next deadline of each key."""

    def __init__(self) -> None:
        self._armed: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def arm(self, key: str, at: float | None) -> bool:
        """Set or, with None, forget the deadline of `key`; tell whether it is now the earliest of all."""
        if at is None:
            self._armed.pop(key, None)
            return False
        if self._armed.get(key) != at:
            self._armed[key] = at
            heapq.heappush(self._heap, (at, key))
        return self.next_at() == at

    def next_at(self) -> float | None:
        """Return the earliest deadline; None when there is none."""
        while self._heap and self._armed.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[str]:
        """Take the keys whose deadline has come, the longest overdue first; they are disarmed."""
        keys: list[str] = []
        while (at := self.next_at()) is not None and at <= now:
            _, key = heapq.heappop(self._heap)
            del self._armed[key]
            keys.append(key)
        return keys
