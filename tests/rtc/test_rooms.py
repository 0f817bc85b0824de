"""Who hears whom: joins, leaves, mutes, rights, whispers, listening in, and slots that are too few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicechat.rtc.rooms import Rooms, Whisper
from voicechat.rtc.routes import (
    Changes,
    ClearRoute,
    GatePeer,
    GateTrack,
    RouteCommand,
    SetRoute,
    SlotState,
)
from voicechat.rtc.slots import Weight


def joined(rooms: Rooms, *names: str, slots: int = 4, publishes: bool = True, room_id: str = "r") -> Changes:
    changes = Changes()
    for name in names:
        rooms.join(room_id, name, f"user-{name}", may_speak=True)
        changes = rooms.connect(name, publishes=publishes, slot_mids=[str(mid + 1) for mid in range(slots)])
    return changes


def heard_by(rooms: Rooms, peer_id: str) -> list[str | None]:
    return [slot.user_id for slot in rooms.slots_of(peer_id)]


def routes(changes: Changes) -> list[RouteCommand]:
    return [command for command in changes.commands if isinstance(command, SetRoute | ClearRoute)]


def test_two_members_hear_each_other_once_both_are_connected() -> None:
    rooms = Rooms()
    assert routes(joined(rooms, "a")) == []
    rooms.join("r", "b", "user-b", may_speak=True)
    assert heard_by(rooms, "a") == [None] * 4
    changes = rooms.connect("b", publishes=True, slot_mids=["1", "2"])
    assert routes(changes) == [SetRoute("b", "1", "a"), SetRoute("a", "1", "b")]
    assert changes.rearranged == ["b", "a"]
    assert rooms.slots_of("b") == (SlotState("1", "user-a"), SlotState("2", None))


def test_a_leaver_frees_its_slot_and_nobody_else_moves() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c")
    changes = rooms.leave("b")
    assert routes(changes) == [ClearRoute("a", "1"), ClearRoute("c", "2")]
    assert heard_by(rooms, "a") == [None, "user-c", None, None]
    assert changes.rearranged == ["a", "c"]


def test_a_newcomer_gets_the_slot_that_was_free_the_longest() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", slots=3)
    rooms.leave("b")
    joined(rooms, "d", slots=3)
    assert heard_by(rooms, "a") == [None, "user-c", "user-d"]
    joined(rooms, "e", slots=3)
    assert heard_by(rooms, "a") == ["user-e", "user-c", "user-d"]


def test_a_listener_takes_no_slot() -> None:
    rooms = Rooms()
    joined(rooms, "a")
    changes = joined(rooms, "b", publishes=False)
    assert routes(changes) == [SetRoute("b", "1", "a")]
    assert heard_by(rooms, "a") == [None] * 4


def test_mute_closes_the_gate_and_leaves_the_slots_alone() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b")
    assert rooms.set_muted("b", True) == Changes([GateTrack("b", True)])
    assert heard_by(rooms, "a")[0] == "user-b"
    assert rooms.set_muted("b", False) == Changes([GateTrack("b", False)])


def test_a_deafened_member_neither_hears_nor_is_heard() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b")
    assert rooms.set_deafened("b", True).commands == [GateTrack("b", True), GatePeer("b", True)]
    assert rooms.set_muted("b", False).commands == [GateTrack("b", True)]
    assert rooms.set_deafened("b", False).commands == [GateTrack("b", False), GatePeer("b", False)]


def test_what_was_set_before_the_connection_holds_from_its_first_moment() -> None:
    rooms = Rooms()
    joined(rooms, "a")
    rooms.join("r", "b", "user-b", may_speak=False)
    assert rooms.set_muted("b", True).commands == []
    assert rooms.set_deafened("b", True).commands == []
    changes = rooms.connect("b", publishes=True, slot_mids=["1"])
    assert changes.commands == [GateTrack("b", True), GatePeer("b", True), SetRoute("b", "1", "a")]


def test_losing_the_right_to_speak_frees_the_slots_and_regaining_it_takes_some() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b")
    lost = rooms.set_may_speak("b", False)
    assert lost.commands == [GateTrack("b", True), ClearRoute("a", "1")]
    assert rooms.set_may_speak("b", False).commands == [GateTrack("b", True)]
    regained = rooms.set_may_speak("b", True)
    assert regained.commands == [GateTrack("b", False), SetRoute("a", "2", "b")]
    assert regained.rearranged == ["a"]


def test_with_slots_for_all_speaking_changes_nothing() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c")
    assert rooms.set_speaking("c", True, 1.0) == Changes()


def test_who_speaks_takes_the_slot_of_the_longest_silent_where_slots_are_short() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", "d", slots=2)
    assert heard_by(rooms, "a") == ["user-b", "user-c"]
    rooms.set_speaking("b", True, 1.0)
    rooms.set_speaking("b", False, 2.0)
    changes = rooms.set_speaking("d", True, 3.0)
    assert SetRoute("a", "2", "d", is_late=True) in changes.commands
    assert heard_by(rooms, "a") == ["user-b", "user-d"]


def test_nobody_loses_a_slot_while_speaking_and_the_muted_lose_theirs_first() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", "d", slots=2)
    rooms.set_speaking("b", True, 1.0)
    rooms.set_speaking("c", True, 1.0)
    assert "a" not in rooms.set_speaking("d", True, 2.0).rearranged
    changes = rooms.set_speaking("c", False, 3.0)  # d has waited for this
    assert SetRoute("a", "2", "d", is_late=True) in changes.commands
    rooms.set_speaking("d", False, 4.0)
    rooms.set_speaking("b", False, 5.0)
    rooms.set_muted("b", True)
    rooms.set_speaking("c", True, 6.0)
    assert heard_by(rooms, "a") == ["user-c", "user-d"]


def test_a_freed_slot_goes_to_who_waits() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", slots=1)
    assert routes(rooms.leave("b")) == [ClearRoute("a", "1"), SetRoute("a", "1", "c", is_late=True)]
    assert heard_by(rooms, "a") == ["user-c"]


def test_leaving_twice_or_unknown_changes_nothing() -> None:
    rooms = Rooms()
    assert rooms.leave("nobody") == Changes()
    assert len(rooms) == 0
    joined(rooms, "a")
    assert (len(rooms), rooms.size("r")) == (1, 1)
    rooms.leave("a")
    assert (len(rooms), rooms.size("r")) == (0, 0)


# ---- priority speakers ----


def test_a_priority_speaker_has_a_slot_before_the_first_syllable() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", "d", slots=2)
    assert heard_by(rooms, "a") == ["user-b", "user-c"]
    changes = rooms.set_priority("d", True)
    assert SetRoute("a", "1", "d", is_late=True) in changes.commands
    rooms.set_speaking("b", True, 1.0)
    assert heard_by(rooms, "a") == ["user-d", "user-b"]


def test_a_priority_speaker_who_speaks_takes_the_slot_of_one_who_speaks_and_a_silent_one_does_not() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", slots=1)
    rooms.set_speaking("b", True, 1.0)
    rooms.set_priority("c", True)
    assert heard_by(rooms, "a") == ["user-b"]
    rooms.set_speaking("c", True, 2.0)
    assert heard_by(rooms, "a") == ["user-c"]
    rooms.set_priority("c", False)
    assert heard_by(rooms, "a") == ["user-c"], "nobody loses a slot to an equal"
    rooms.set_speaking("c", False, 3.0)
    assert heard_by(rooms, "a") == ["user-b"], "who waited speaks still"


def test_a_muted_priority_speaker_needs_no_slot() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c", slots=1)
    rooms.set_muted("c", True)
    rooms.set_priority("c", True)
    rooms.set_speaking("c", True, 1.0)
    assert heard_by(rooms, "a") == ["user-b"]
    rooms.set_muted("c", False)
    assert heard_by(rooms, "a") == ["user-c"]


# ---- whispers ----


def test_a_whisper_is_heard_by_its_targets_alone_wherever_they_are() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b", "c")
    joined(rooms, "x", "y", room_id="other")
    changes = rooms.whisper("a", Whisper(frozenset({"b", "x"})))
    assert routes(changes) == [ClearRoute("c", "1"), SetRoute("x", "2", "a")]
    assert changes.rearranged == ["c", "b", "x"], "b is told that it is a whisper now"
    assert rooms.slots_of("b")[0] == SlotState("1", "user-a", "whisper")
    assert SlotState("2", "user-a", "whisper") in rooms.slots_of("x")
    assert "user-a" not in heard_by(rooms, "c") + heard_by(rooms, "y")
    changes = rooms.whisper("a", None)
    assert routes(changes) == [ClearRoute("x", "2"), SetRoute("c", "3", "a")]
    assert rooms.slots_of("b")[0] == SlotState("1", "user-a")


def test_who_is_to_hear_no_more_is_cut_off_before_anybody_else_hears() -> None:
    rooms = Rooms()
    joined(rooms, "x", room_id="other")
    joined(rooms, "a", "b", "c", "d")
    commands = rooms.whisper("a", Whisper(room_id="other")).commands
    assert [type(command) for command in commands] == [*[ClearRoute] * 3, GateTrack, SetRoute]
    assert commands[3] == GateTrack("a", False), "said anew: what was said before is forgotten"


def test_a_whisper_to_a_channel_reaches_who_comes_later_and_none_who_only_listens_in() -> None:
    rooms = Rooms()
    joined(rooms, "a")
    joined(rooms, "x", room_id="other")
    joined(rooms, "z", room_id="third")
    rooms.listen("z", ["other"])
    rooms.whisper("a", Whisper(room_id="other"))
    joined(rooms, "y", room_id="other")
    assert [len([user for user in heard_by(rooms, name) if user == "user-a"]) for name in "xyz"] == [1, 1, 0]


def test_a_whisper_takes_a_slot_even_from_one_who_speaks() -> None:
    rooms = Rooms()
    joined(rooms, "x", "y", slots=1, room_id="other")
    joined(rooms, "a")
    rooms.set_speaking("y", True, 1.0)
    rooms.whisper("a", Whisper(frozenset({"x"})))
    assert rooms.slots_of("x") == (SlotState("1", "user-a", "whisper"),)
    rooms.whisper("a", None)
    assert heard_by(rooms, "x") == ["user-y"]


def test_a_muted_whisperer_takes_no_slot_until_unmuted() -> None:
    rooms = Rooms()
    joined(rooms, "x", "y", slots=1, room_id="other")
    joined(rooms, "a")
    rooms.set_muted("a", True)
    rooms.whisper("a", Whisper(frozenset({"x"})))
    assert heard_by(rooms, "x") == ["user-y"]
    rooms.set_muted("a", False)
    assert heard_by(rooms, "x") == ["user-a"]


def test_a_whisper_to_nobody_present_is_heard_by_nobody() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b")
    rooms.whisper("a", Whisper(frozenset({"gone"}), "nowhere"))
    assert heard_by(rooms, "b") == [None] * 4
    rooms.leave("a")
    joined(rooms, "a")
    assert heard_by(rooms, "b")[1:3] == ["user-a", None], "a new session whispers to nobody"


# ---- listening in ----


def test_who_listens_in_hears_both_rooms_and_is_heard_in_its_own_alone() -> None:
    rooms = Rooms()
    joined(rooms, "a", "b")
    joined(rooms, "x", "y", room_id="other")
    assert rooms.listeners("other") == 0
    assert routes(rooms.listen("a", ["other"])) == [SetRoute("a", "2", "x"), SetRoute("a", "3", "y")]
    assert (rooms.listeners("other"), rooms.listened_by("a")) == (1, {"other"})
    assert "user-a" not in heard_by(rooms, "x")
    assert "user-x" not in heard_by(rooms, "b")
    joined(rooms, "z", room_id="other")
    assert heard_by(rooms, "a") == ["user-b", "user-x", "user-y", "user-z"]
    rooms.leave("x")
    assert heard_by(rooms, "a") == ["user-b", None, "user-y", "user-z"]
    rooms.listen("a", [])
    assert heard_by(rooms, "a") == ["user-b", None, None, None]
    assert rooms.listeners("other") == 0


def test_listening_in_before_the_connection_holds_from_its_first_moment_and_ends_with_the_session() -> None:
    rooms = Rooms()
    joined(rooms, "x", room_id="other")
    rooms.join("r", "a", "user-a", may_speak=True)
    assert rooms.listen("a", ["other"]) == Changes()
    assert routes(rooms.connect("a", publishes=True, slot_mids=["1"])) == [SetRoute("a", "1", "x")]
    rooms.leave("a")
    assert rooms.listeners("other") == 0


def test_an_empty_room_can_be_listened_to() -> None:
    rooms = Rooms()
    joined(rooms, "a")
    rooms.listen("a", ["later"])
    joined(rooms, "x", room_id="later")
    assert heard_by(rooms, "a")[0] == "user-x"


class RoomModel(RuleBasedStateMachine):
    """Whatever happens, commands mirrored blindly give the picture that the rules of the model give."""

    NAMES = st.sampled_from("abcdefg")
    ROOMS = st.sampled_from(["one", "two"])

    def __init__(self) -> None:
        super().__init__()
        self.rooms = Rooms()
        self.place: dict[str, str] = {}
        self.slots: dict[str, int] = {}
        self.publishing: set[str] = set()
        self.allowed: set[str] = set()
        self.muted: set[str] = set()
        self.priority: set[str] = set()
        self.speaking: set[str] = set()
        self.whispers: dict[str, Whisper] = {}
        self.listens: dict[str, set[str]] = {}
        self.routes: dict[tuple[str, str], str] = {}
        self.now = 0.0

    def mirror(self, changes: Changes) -> None:
        for command in changes.commands:
            if isinstance(command, SetRoute):
                assert command.publisher in self.place
                self.routes[command.subscriber, command.mid] = command.publisher
            elif isinstance(command, ClearRoute):
                del self.routes[command.subscriber, command.mid]

    @rule(name=NAMES, room=ROOMS, publishes=st.booleans(), may_speak=st.booleans(), slots=st.integers(0, 4))
    def join(self, name: str, room: str, publishes: bool, may_speak: bool, slots: int) -> None:
        if name not in self.place:
            self.place[name], self.slots[name], self.listens[name] = room, slots, set()
            self.publishing |= {name} if publishes else set()
            self.allowed |= {name} if may_speak else set()
            self.rooms.join(room, name, name, may_speak=may_speak)
            self.mirror(self.rooms.connect(name, publishes=publishes, slot_mids=map(str, range(slots))))

    @rule(name=NAMES)
    def leave(self, name: str) -> None:
        self.mirror(self.rooms.leave(name))
        for table in (self.place, self.slots, self.listens, self.whispers):
            table.pop(name, None)
        for group in (self.publishing, self.allowed, self.muted, self.priority, self.speaking):
            group.discard(name)
        self.routes = {route: publisher for route, publisher in self.routes.items() if route[0] != name}

    def flip(self, group: set[str], name: str, on: bool) -> None:
        (group.add if on else group.discard)(name)

    @rule(name=NAMES, on=st.booleans())
    def may_speak(self, name: str, on: bool) -> None:
        if name in self.place:
            self.flip(self.allowed, name, on)
            self.mirror(self.rooms.set_may_speak(name, on))

    @rule(name=NAMES, on=st.booleans())
    def mute(self, name: str, on: bool) -> None:
        if name in self.place:
            self.flip(self.muted, name, on)
            self.mirror(self.rooms.set_muted(name, on))

    @rule(name=NAMES, on=st.booleans())
    def prioritise(self, name: str, on: bool) -> None:
        if name in self.place:
            self.flip(self.priority, name, on)
            self.mirror(self.rooms.set_priority(name, on))

    @rule(name=NAMES, on=st.booleans())
    def speak(self, name: str, on: bool) -> None:
        if name in self.place:
            self.now += 1
            self.flip(self.speaking, name, on)
            self.mirror(self.rooms.set_speaking(name, on, self.now))

    @rule(name=NAMES, people=st.frozensets(NAMES, max_size=3), room=st.none() | ROOMS)
    def whisper(self, name: str, people: frozenset[str], room: str | None) -> None:
        if name in self.place:
            self.whispers[name] = Whisper(people, room)
            self.mirror(self.rooms.whisper(name, self.whispers[name]))

    @rule(name=NAMES)
    def stop_whispering(self, name: str) -> None:
        if name in self.place:
            self.whispers.pop(name, None)
            self.mirror(self.rooms.whisper(name, None))

    @rule(name=NAMES, rooms=st.sets(ROOMS))
    def listen(self, name: str, rooms: set[str]) -> None:
        if name in self.place:
            self.listens[name] = rooms
            self.mirror(self.rooms.listen(name, rooms))

    def wanted(self, listener: str) -> dict[str, str]:
        """Whom the listener is to hear, each with the source, from the rules alone."""
        wanted = {}
        for name in (self.publishing & self.allowed) - {listener}:
            whisper = self.whispers.get(name)
            if whisper is None:
                if self.place[name] in {self.place[listener], *self.listens[listener]}:
                    wanted[name] = "microphone"
            elif listener in whisper.peer_ids or self.place[listener] == whisper.room_id:
                wanted[name] = "whisper"
        return wanted

    def weight(self, name: str, source: str) -> Weight:
        if name in self.muted:
            return Weight.GATED
        if source == "whisper":
            return Weight.WHISPER
        if name in self.priority:
            return Weight.PRIORITY if name in self.speaking else Weight.LOUD
        return Weight.LOUD if name in self.speaking else Weight.SILENT

    @invariant()
    def slots_and_routes_agree_and_no_slot_is_wasted(self) -> None:
        for name in self.place:
            slots, wanted = self.rooms.slots_of(name), self.wanted(name)
            held = {slot.user_id: slot.source for slot in slots if slot.user_id is not None}
            fed = [publisher for (subscriber, _), publisher in self.routes.items() if subscriber == name]
            assert {slot.mid: slot.user_id for slot in slots if slot.user_id} == {
                mid: publisher for (subscriber, mid), publisher in self.routes.items() if subscriber == name
            }
            assert sorted(fed) == sorted(held), "each voice is in one slot"
            assert held.items() <= wanted.items()
            assert len(held) == min(len(slots), len(wanted))

    @invariant()
    def nobody_loud_waits_while_somebody_lighter_is_heard(self) -> None:
        for name in self.place:
            wanted = self.wanted(name)
            held = {slot.user_id for slot in self.rooms.slots_of(name)} - {None}
            waiting = [self.weight(other, wanted[other]) for other in wanted.keys() - held]
            if held and waiting and max(waiting) >= Weight.LOUD:
                assert max(waiting) <= min(self.weight(other, wanted[other]) for other in held if other)


TestRoomModel = RoomModel.TestCase


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, unique=True))
def test_everybody_hears_everybody_else_where_slots_suffice(names: list[str]) -> None:
    rooms = Rooms()
    joined(rooms, *names, slots=8)
    for name in names:
        others = {f"user-{other}" for other in names if other != name}
        assert {user for user in heard_by(rooms, name) if user} == others
