"""A listener's bank of slots: who is heard in which, who waits for one, who must yield (pure).

While there are slots for all that a listener is to hear, each has one, silent or not, and keeps it: nothing
jumps about on the listener's screen. Slots that were freed the longest ago are used first.

Where slots are short, weight decides. Whoever is loud takes the slot of a lighter one; among equals, the slot
of whoever has been silent the longest. Nobody loses a slot to an equal, so nobody loses one while speaking,
unless a priority speaker or a whisper needs it.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from voicechat.rtc.routes import Changes, ClearRoute, SetRoute


class Weight(enum.IntEnum):
    """How much a voice needs a slot; from LOUD on it may take another's."""

    GATED = 0  # muted
    SILENT = 1
    LOUD = 2  # speaks; or is a priority speaker, whose first syllable must not wait for a slot
    PRIORITY = 3  # a priority speaker who speaks
    WHISPER = 4  # meant for this listener


Standing = tuple[Weight, float]
"""A weight, and when its owner last started or stopped to speak."""

Stand = Callable[[str, str], Standing]
"""Tells how a publisher stands whose voice is heard as the given source."""


class SlotBank:
    """The slots of one listener; written by `Rooms` alone."""

    def __init__(self, subscriber: str, mids: Iterable[str], stand: Stand) -> None:
        self._subscriber = subscriber
        self._stand = stand
        self._slots: dict[str, str | None] = dict.fromkeys(mids)
        self._free = deque(self._slots)
        self._held: dict[str, str] = {}  # publisher → mid
        self._wanted: dict[str, str] = {}  # publisher → source
        self._waiting: dict[str, None] = {}

    @property
    def slots(self) -> Mapping[str, str | None]:
        """Each mid with the publisher who is heard there."""
        return self._slots

    @property
    def wanted(self) -> Mapping[str, str]:
        """All that the listener is to hear, with or without a slot, each with its source."""
        return self._wanted

    def want(self, publisher: str, source: str, changes: Changes) -> None:
        """Let the listener hear `publisher` as `source`, as soon as there is a slot."""
        before = self._wanted.get(publisher)
        self._wanted[publisher] = source
        if publisher in self._held:
            if before != source:
                changes.mark(self._subscriber)
            return
        self._waiting[publisher] = None
        self._try(publisher, changes, is_late=False)

    def drop(self, publisher: str, loud: Collection[str], changes: Changes) -> None:
        """Let the listener hear `publisher` no more; who waits gets the slot, the `loud` first."""
        del self._wanted[publisher]
        mid = self._held.pop(publisher, None)
        if mid is None:
            del self._waiting[publisher]
            return
        self._slots[mid] = None
        self._free.append(mid)
        changes.commands.append(ClearRoute(self._subscriber, mid))
        changes.mark(self._subscriber)
        self._refill(loud, changes)

    def reweigh(self, publisher: str, loud: Collection[str], changes: Changes) -> None:
        """Note that `publisher` became louder or quieter: where slots are short, that decides who has one."""
        if publisher in self._waiting:
            self._try(publisher, changes, is_late=True)
        elif self._waiting:
            self._refill(loud, changes)

    def _try(self, publisher: str, changes: Changes, *, is_late: bool) -> bool:
        mid = self._free.popleft() if self._free else self._yielding_to(publisher)
        if mid is None:
            return False
        evicted = self._slots[mid]
        if evicted is not None:
            del self._held[evicted]
            self._waiting[evicted] = None
        del self._waiting[publisher]
        self._slots[mid] = publisher
        self._held[publisher] = mid
        changes.commands.append(SetRoute(self._subscriber, mid, publisher, is_late))
        changes.mark(self._subscriber)
        return True

    def _refill(self, loud: Collection[str], changes: Changes) -> None:
        while self._waiting and self._try(self._next(loud), changes, is_late=True):
            pass

    def _next(self, loud: Collection[str]) -> str:
        """Pick who waits: the weightiest of the loud, else whoever has waited the longest."""
        waiting = [publisher for publisher in loud if publisher in self._waiting]
        if waiting:
            return max(waiting, key=lambda publisher: self._standing(publisher)[0])
        return next(iter(self._waiting))

    def _yielding_to(self, publisher: str) -> str | None:
        """Find the slot of the lightest, of those the longest silent, for a loud one who weighs more."""
        weight, _ = self._standing(publisher)
        if weight < Weight.LOUD or not self._held:
            return None
        lightest = min(self._held, key=self._standing)
        return self._held[lightest] if self._standing(lightest)[0] < weight else None

    def _standing(self, publisher: str) -> Standing:
        return self._stand(publisher, self._wanted[publisher])
