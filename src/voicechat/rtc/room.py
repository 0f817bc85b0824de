"""Who hears whom in one voice room, and in which slot (pure; the media room mirrors it into the engine).

Every connected member listens on a bank of slots and, if it publishes and may speak, wants a slot in
the bank of everybody else. A publisher keeps its slot in a bank until it leaves or loses the right to
speak, so that nothing jumps about on the listener's screen. Slots that were freed the longest ago are
used first.

While there are slots for all, everybody has one, silent or not. Above that, who starts to speak takes
the slot of whoever has been silent the longest; nobody loses a slot while speaking. Mute and deafen do
not touch slots: the track is gated at its source, the listener at its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

MICROPHONE = "microphone"


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Feed the slot `mid` of `subscriber` from the microphone of `publisher`."""

    subscriber: str
    mid: str
    publisher: str


@dataclass(frozen=True, slots=True)
class ClearRoute:
    """Leave the slot `mid` of `subscriber` empty."""

    subscriber: str
    mid: str


@dataclass(frozen=True, slots=True)
class GateTrack:
    """Forward nothing of the microphone of `publisher` while `is_closed`."""

    publisher: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class GatePeer:
    """Forward nothing to `subscriber` while `is_closed`."""

    subscriber: str
    is_closed: bool


RouteCommand = SetRoute | ClearRoute | GateTrack | GatePeer


@dataclass(frozen=True, slots=True)
class SlotState:
    """Who is heard in the media section `mid`: nobody where `user_id` is None."""

    mid: str
    user_id: str | None
    source: str = MICROPHONE


@dataclass(slots=True)
class Changes:
    """What a change of the room asks of the engine, and which members' slots it altered, in order."""

    commands: list[RouteCommand] = field(default_factory=list)
    rearranged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Member:
    user_id: str
    may_speak: bool
    is_muted: bool = False
    is_deafened: bool = False
    is_connected: bool = False
    publishes: bool = False
    is_speaking: bool = False
    spoke_at: float = 0.0
    slots: dict[str, str | None] = field(default_factory=dict)  # mid → publisher
    free: deque[str] = field(default_factory=deque)

    @property
    def is_audible(self) -> bool:
        return self.is_connected and self.publishes and self.may_speak

    @property
    def is_gated(self) -> bool:
        """A deafened member is not heard either; a member who may not speak is not heard at all."""
        return self.is_muted or self.is_deafened or not self.may_speak

    @property
    def is_heard(self) -> bool:
        return self.is_speaking and not self.is_gated


class Room:
    """The members of one room and their slots; its one owner is the media room."""

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        self._members: dict[str, _Member] = {}

    def __len__(self) -> int:
        return len(self._members)

    @property
    def peer_ids(self) -> tuple[str, ...]:
        """All members, connected or not, in the order they joined."""
        return tuple(self._members)

    def join(self, peer_id: str, user_id: str, *, may_speak: bool) -> None:
        """Let a member in; it hears and is heard from `connect` on."""
        self._members[peer_id] = _Member(user_id, may_speak)

    def connect(self, peer_id: str, *, publishes: bool, slot_mids: Iterable[str]) -> Changes:
        """Say that the media of `peer_id` can flow, with the slots its client listens to."""
        member = self._members[peer_id]
        member.is_connected, member.publishes = True, publishes
        member.slots = dict.fromkeys(slot_mids)
        member.free = deque(member.slots)
        changes = Changes([GateTrack(peer_id, member.is_gated)] if publishes else [])
        changes.commands.append(GatePeer(peer_id, member.is_deafened))
        self._fill(peer_id, changes)
        if member.is_audible:
            self._fill_others(peer_id, changes)
        return changes

    def leave(self, peer_id: str) -> Changes:
        """Let a member go; its own routes end with the peer, those it fed are cleared here."""
        changes = Changes()
        if self._members.pop(peer_id, None) is not None:
            self._withdraw(peer_id, changes)
        return changes

    def set_muted(self, peer_id: str, is_muted: bool) -> Changes:
        """Gate or open a member's microphone."""
        member = self._members[peer_id]
        member.is_muted = is_muted
        return self._gated(peer_id, member)

    def set_deafened(self, peer_id: str, is_deafened: bool) -> Changes:
        """Gate or open both directions of a member."""
        member = self._members[peer_id]
        member.is_deafened = is_deafened
        changes = self._gated(peer_id, member)
        if member.is_connected:
            changes.commands.append(GatePeer(peer_id, is_deafened))
        return changes

    def set_may_speak(self, peer_id: str, may_speak: bool) -> Changes:
        """Give or take a member's voice, and with it its slots."""
        member = self._members[peer_id]
        had_slots, member.may_speak = member.is_audible, may_speak
        changes = self._gated(peer_id, member)
        if had_slots and not may_speak:
            self._withdraw(peer_id, changes)
        elif member.is_audible and not had_slots:
            self._fill_others(peer_id, changes)
        return changes

    def _gated(self, peer_id: str, member: _Member) -> Changes:
        speaks = member.is_connected and member.publishes
        return Changes([GateTrack(peer_id, member.is_gated)] if speaks else [])

    def set_speaking(self, peer_id: str, is_speaking: bool, now: float) -> Changes:
        """Note that a member starts or stops to speak: where slots are short, that decides who has one."""
        member = self._members[peer_id]
        member.is_speaking, member.spoke_at = is_speaking, now
        changes = Changes()
        for subscriber, listener in self._members.items():
            if len(self._wanted(subscriber)) > len(listener.slots):
                self._fill(subscriber, changes)
        return changes

    def slots_of(self, peer_id: str) -> tuple[SlotState, ...]:
        """Show a member's slots in the order of its media sections."""
        slots = self._members[peer_id].slots
        return tuple(SlotState(mid, self._user_of(publisher)) for mid, publisher in slots.items())

    def user_of(self, peer_id: str) -> str | None:
        """Return whose peer that is; None when it is not here."""
        return self._user_of(peer_id)

    def _user_of(self, peer_id: str | None) -> str | None:
        member = None if peer_id is None else self._members.get(peer_id)
        return None if member is None else member.user_id

    def _wanted(self, subscriber: str) -> list[str]:
        """List whom `subscriber` would hear if it had slots enough."""
        return [other for other, member in self._members.items() if other != subscriber and member.is_audible]

    def _fill_others(self, peer_id: str, changes: Changes) -> None:
        for subscriber in self._members:
            if subscriber != peer_id:
                self._fill(subscriber, changes)

    def _fill(self, subscriber: str, changes: Changes) -> None:
        """Give slots to those without one: free slots to anybody, taken ones only to those who speak now."""
        listener = self._members[subscriber]
        held = set(listener.slots.values())
        waiting = [peer_id for peer_id in self._wanted(subscriber) if peer_id not in held]
        waiting.sort(key=lambda peer_id: not self._members[peer_id].is_heard)
        for publisher in waiting:
            mid = listener.free.popleft() if listener.free else self._yielding(listener, publisher)
            if mid is None:
                break
            listener.slots[mid] = publisher
            changes.commands.append(SetRoute(subscriber, mid, publisher))
            _mark(changes, subscriber)

    def _yielding(self, listener: _Member, publisher: str) -> str | None:
        """Find the slot of whoever has been silent the longest, for a publisher who speaks now."""
        if not self._members[publisher].is_heard:
            return None
        holders = ((mid, self._members[held]) for mid, held in listener.slots.items() if held is not None)
        silent = [(not held.is_gated, held.spoke_at, mid) for mid, held in holders if not held.is_heard]
        return min(silent)[2] if silent else None

    def _withdraw(self, publisher: str, changes: Changes) -> None:
        """Free the slots of `publisher` in every bank, and let those who wait have them."""
        for subscriber, listener in self._members.items():
            mid = next((mid for mid, held in listener.slots.items() if held == publisher), None)
            if mid is None:
                continue
            listener.slots[mid] = None
            listener.free.append(mid)
            changes.commands.append(ClearRoute(subscriber, mid))
            _mark(changes, subscriber)
            self._fill(subscriber, changes)


def _mark(changes: Changes, subscriber: str) -> None:
    if subscriber not in changes.rearranged:
        changes.rearranged.append(subscriber)
