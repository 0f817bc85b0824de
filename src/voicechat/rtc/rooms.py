"""Who hears whom in all voice rooms, and in which slot (pure; the media room mirrors it into the engine).

A connected member hears the audible members of its own room and of the rooms it listens in to. Who whispers
is heard by the targets instead, wherever they are, and by nobody else. `_source` says that for one pair; all
the rest keeps each listener's bank of slots in step with it.

Mute and deafen do not touch slots: the track is gated at its source, the listener at its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from voicechat.rtc.routes import MICROPHONE, WHISPER, Changes, GatePeer, GateTrack, SetRoute, SlotState
from voicechat.rtc.slots import SlotBank, Standing, Weight


@dataclass(frozen=True, slots=True)
class Whisper:
    """Whom a whisper is for: some members, and all who are in a room, whenever they come."""

    peer_ids: frozenset[str] = frozenset()
    room_id: str | None = None


@dataclass(slots=True)
class _Member:
    peer_id: str
    room_id: str
    user_id: str
    may_speak: bool
    is_muted: bool = False
    is_deafened: bool = False
    publishes: bool = False
    is_speaking: bool = False
    is_priority: bool = False
    spoke_at: float = 0.0
    whisper: Whisper | None = None
    listens: frozenset[str] = frozenset()
    bank: SlotBank | None = None  # from the connection on
    hearers: dict[str, None] = field(default_factory=dict)  # who has this member in its bank, or waiting

    @property
    def is_audible(self) -> bool:
        return self.bank is not None and self.publishes and self.may_speak

    @property
    def is_gated(self) -> bool:
        """A deafened member is not heard either; a member who may not speak is not heard at all."""
        return self.is_muted or self.is_deafened or not self.may_speak

    @property
    def weight(self) -> Weight:
        if self.is_gated:
            return Weight.GATED
        if self.is_priority:
            return Weight.PRIORITY if self.is_speaking else Weight.LOUD
        return Weight.LOUD if self.is_speaking else Weight.SILENT


class Rooms:
    """The members of all rooms of this node and their slots; its one owner is the media room."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}
        self._rooms: dict[str, dict[str, _Member]] = {}
        self._listeners: dict[str, dict[str, _Member]] = {}
        self._whisperers: dict[str, _Member] = {}
        self._loud: dict[str, None] = {}  # those who weigh enough to take another's slot

    def __len__(self) -> int:
        return len(self._rooms)

    def size(self, room_id: str) -> int:
        """Count the members of a room, connected or not."""
        return len(self._rooms.get(room_id, ()))

    def listeners(self, room_id: str) -> int:
        """Count those who listen in to a room from another."""
        return len(self._listeners.get(room_id, ()))

    def listened_by(self, peer_id: str) -> frozenset[str]:
        """Return the rooms a member listens in to."""
        return self._members[peer_id].listens

    def room_of(self, peer_id: str) -> str:
        """Return the room a member is in."""
        return self._members[peer_id].room_id

    def slots_of(self, peer_id: str) -> tuple[SlotState, ...]:
        """Show a member's slots in the order of its media sections; none before it is connected."""
        bank = self._members[peer_id].bank
        if bank is None:
            return ()
        return tuple(self._slot_state(bank, mid, publisher) for mid, publisher in bank.slots.items())

    def _slot_state(self, bank: SlotBank, mid: str, publisher: str | None) -> SlotState:
        if publisher is None:
            return SlotState(mid, None)
        return SlotState(mid, self._members[publisher].user_id, bank.wanted[publisher])

    # ---- who is where ----------------------------------------------------------------------------

    def join(self, room_id: str, peer_id: str, user_id: str, *, may_speak: bool) -> None:
        """Let a member into a room; it hears and is heard from `connect` on."""
        member = _Member(peer_id, room_id, user_id, may_speak)
        self._members[peer_id] = member
        self._rooms.setdefault(room_id, {})[peer_id] = member

    def connect(self, peer_id: str, *, publishes: bool, slot_mids: Iterable[str]) -> Changes:
        """Say that the media of `peer_id` can flow, with the slots its client listens to."""
        member = self._members[peer_id]
        member.publishes = publishes
        member.bank = SlotBank(peer_id, slot_mids, self._stand)
        changes = Changes([GateTrack(peer_id, member.is_gated)] if publishes else [])
        changes.commands.append(GatePeer(peer_id, member.is_deafened))
        self._weigh(member, changes)
        self._refresh_listener(member, changes)
        self._refresh_publisher(member, changes)
        return changes

    def leave(self, peer_id: str) -> Changes:
        """Let a member go; its own routes end with the peer, those it fed are cleared here."""
        changes = Changes()
        member = self._members.get(peer_id)
        if member is None:
            return changes
        self._loud.pop(peer_id, None)
        for hearer in list(member.hearers):
            self._connect_pair(member, self._members[hearer], None, changes)
        if member.bank is not None:
            for publisher in member.bank.wanted:
                del self._members[publisher].hearers[peer_id]
        self._forget(member)
        return changes

    def _forget(self, member: _Member) -> None:
        peer_id = member.peer_id
        del self._members[peer_id]
        self._whisperers.pop(peer_id, None)
        _remove(self._rooms, member.room_id, peer_id)
        for room_id in member.listens:
            _remove(self._listeners, room_id, peer_id)

    # ---- what holds a voice back, or carries it further ------------------------------------------

    def set_muted(self, peer_id: str, is_muted: bool) -> Changes:
        """Gate or open a member's microphone."""
        member = self._members[peer_id]
        member.is_muted = is_muted
        return self._gated(member)

    def set_deafened(self, peer_id: str, is_deafened: bool) -> Changes:
        """Gate or open both directions of a member."""
        member = self._members[peer_id]
        member.is_deafened = is_deafened
        changes = self._gated(member)
        if member.bank is not None:
            changes.commands.append(GatePeer(peer_id, is_deafened))
        return changes

    def set_may_speak(self, peer_id: str, may_speak: bool) -> Changes:
        """Give or take a member's voice, and with it its slots."""
        member = self._members[peer_id]
        member.may_speak = may_speak
        changes = self._gated(member)
        self._refresh_publisher(member, changes)
        return changes

    def _gated(self, member: _Member) -> Changes:
        changes = self._gate(member)
        self._weigh(member, changes)
        return changes

    def _gate(self, member: _Member) -> Changes:
        speaks = member.bank is not None and member.publishes
        return Changes([GateTrack(member.peer_id, member.is_gated)] if speaks else [])

    def set_speaking(self, peer_id: str, is_speaking: bool, now: float) -> Changes:
        """Note that a member starts or stops to speak at `now`."""
        member, changes = self._members[peer_id], Changes()
        member.is_speaking, member.spoke_at = is_speaking, now
        self._weigh(member, changes)
        return changes

    def set_priority(self, peer_id: str, is_priority: bool) -> Changes:
        """Make a member a priority speaker, who has a slot wherever slots are short, or an ordinary one."""
        member, changes = self._members[peer_id], Changes()
        member.is_priority = is_priority
        self._weigh(member, changes)
        return changes

    def whisper(self, peer_id: str, whisper: Whisper | None) -> Changes:
        """Let a member be heard by the targets alone; with None, by its room again.

        Between the last old hearer and the first new one the gate is said anew, which makes the engine
        forget what was said before: a slot given late begins with the syllable just said, and that was
        meant for others.
        """
        member, changes = self._members[peer_id], Changes()
        member.whisper = whisper
        if whisper is None:
            self._whisperers.pop(peer_id, None)
        else:
            self._whisperers[peer_id] = member
        self._refresh_publisher(member, changes)
        first = _first_set(changes, peer_id)
        changes.commands[first:first] = self._gate(member).commands
        self._weigh(member, changes)
        return changes

    def listen(self, peer_id: str, room_ids: Collection[str]) -> Changes:
        """Let a member hear exactly these rooms besides its own."""
        member, changes = self._members[peer_id], Changes()
        for room_id in member.listens:
            _remove(self._listeners, room_id, peer_id)
        member.listens = frozenset(room_ids)
        for room_id in room_ids:
            self._listeners.setdefault(room_id, {})[peer_id] = member
        self._refresh_listener(member, changes)
        return changes

    # ---- keeping the banks in step ---------------------------------------------------------------

    def _source(self, publisher: _Member, listener: _Member) -> str | None:
        """Say as what `listener` is to hear `publisher`, if at all: the one rule of who hears whom."""
        if publisher is listener or not publisher.is_audible or listener.bank is None:
            return None
        whisper = publisher.whisper
        if whisper is not None:
            is_meant = listener.peer_id in whisper.peer_ids or listener.room_id == whisper.room_id
            return WHISPER if is_meant else None
        is_near = publisher.room_id == listener.room_id or publisher.room_id in listener.listens
        return MICROPHONE if is_near else None

    def _refresh_publisher(self, publisher: _Member, changes: Changes) -> None:
        """Bring who hears `publisher` up to date: whoever is to hear it no more comes first."""
        pairs = [(listener, self._source(publisher, listener)) for listener in self._around(publisher)]
        pairs.sort(key=lambda pair: pair[1] is not None)
        for listener, source in pairs:
            self._connect_pair(publisher, listener, source, changes)

    def _refresh_listener(self, listener: _Member, changes: Changes) -> None:
        """Bring whom `listener` hears up to date."""
        pairs = [
            (publisher, self._source(publisher, listener)) for publisher in self._within_earshot(listener)
        ]
        pairs.sort(key=lambda pair: pair[1] is not None)
        for publisher, source in pairs:
            self._connect_pair(publisher, listener, source, changes)

    def _around(self, publisher: _Member) -> list[_Member]:
        """List all who hear `publisher` or might."""
        around: dict[str, _Member] = {peer_id: self._members[peer_id] for peer_id in publisher.hearers}
        around |= self._rooms[publisher.room_id] | self._listeners.get(publisher.room_id, {})
        if publisher.whisper is not None:
            around |= self._rooms.get(publisher.whisper.room_id or "", {})
            around |= {id: self._members[id] for id in publisher.whisper.peer_ids if id in self._members}
        return list(around.values())

    def _within_earshot(self, listener: _Member) -> list[_Member]:
        """List all whom `listener` hears or might."""
        near: dict[str, _Member] = dict(self._rooms[listener.room_id])
        for room_id in listener.listens:
            near |= self._rooms.get(room_id, {})
        near |= self._whisperers
        if listener.bank is not None:
            near |= {peer_id: self._members[peer_id] for peer_id in listener.bank.wanted}
        return list(near.values())

    def _connect_pair(
        self, publisher: _Member, listener: _Member, source: str | None, changes: Changes
    ) -> None:
        bank = listener.bank
        if bank is None or bank.wanted.get(publisher.peer_id) == source:
            return
        if source is None:
            del publisher.hearers[listener.peer_id]
            bank.drop(publisher.peer_id, self._loud, changes)
        else:
            publisher.hearers[listener.peer_id] = None
            bank.want(publisher.peer_id, source, changes)

    def _weigh(self, member: _Member, changes: Changes) -> None:
        """Let a member's new weight tell in the banks it is in."""
        if member.weight >= Weight.LOUD or member.whisper is not None:
            self._loud[member.peer_id] = None
        else:
            self._loud.pop(member.peer_id, None)
        for bank in self._banks(member.hearers):
            bank.reweigh(member.peer_id, self._loud, changes)

    def _banks(self, peer_ids: Iterable[str]) -> Iterator[SlotBank]:
        for peer_id in peer_ids:
            bank = self._members[peer_id].bank
            if bank is not None:
                yield bank

    def _stand(self, publisher: str, source: str) -> Standing:
        member = self._members[publisher]
        is_whisper = source == WHISPER and not member.is_gated
        return Weight.WHISPER if is_whisper else member.weight, member.spoke_at


def _first_set(changes: Changes, publisher: str) -> int:
    """Find where the commands begin to let the publisher be heard; their end where they do not."""
    sets = (
        number
        for number, command in enumerate(changes.commands)
        if isinstance(command, SetRoute) and command.publisher == publisher
    )
    return next(sets, len(changes.commands))


def _remove(table: dict[str, dict[str, _Member]], room_id: str, peer_id: str) -> None:
    """Take a member out of a room's part of a table, and the part when it is empty."""
    members = table[room_id]
    del members[peer_id]
    if not members:
        del table[room_id]
