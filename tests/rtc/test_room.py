"""Who hears whom: joins, leaves, mutes, rights, and slots that are too few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicechat.rtc.room import (
    Changes,
    ClearRoute,
    GatePeer,
    GateTrack,
    Room,
    RouteCommand,
    SetRoute,
    SlotState,
)


def joined(room: Room, *names: str, slots: int = 4, publishes: bool = True) -> Changes:
    changes = Changes()
    for name in names:
        room.join(name, f"user-{name}", may_speak=True)
        changes = room.connect(name, publishes=publishes, slot_mids=[str(mid + 1) for mid in range(slots)])
    return changes


def heard_by(room: Room, peer_id: str) -> list[str | None]:
    return [slot.user_id for slot in room.slots_of(peer_id)]


def routes(changes: Changes) -> list[RouteCommand]:
    return [command for command in changes.commands if isinstance(command, SetRoute | ClearRoute)]


def test_two_members_hear_each_other_once_both_are_connected() -> None:
    room = Room("r")
    assert routes(joined(room, "a")) == []
    room.join("b", "user-b", may_speak=True)
    assert heard_by(room, "a") == [None] * 4
    changes = room.connect("b", publishes=True, slot_mids=["1", "2"])
    assert routes(changes) == [SetRoute("b", "1", "a"), SetRoute("a", "1", "b")]
    assert changes.rearranged == ["b", "a"]
    assert room.slots_of("b") == (SlotState("1", "user-a"), SlotState("2", None))


def test_a_leaver_frees_its_slot_and_nobody_else_moves() -> None:
    room = Room("r")
    joined(room, "a", "b", "c")
    changes = room.leave("b")
    assert routes(changes) == [ClearRoute("a", "1"), ClearRoute("c", "2")]
    assert heard_by(room, "a") == [None, "user-c", None, None]
    assert changes.rearranged == ["a", "c"]


def test_a_newcomer_gets_the_slot_that_was_free_the_longest() -> None:
    room = Room("r")
    joined(room, "a", "b", "c", slots=3)
    room.leave("b")
    joined(room, "d", slots=3)
    assert heard_by(room, "a") == [None, "user-c", "user-d"]
    joined(room, "e", slots=3)
    assert heard_by(room, "a") == ["user-e", "user-c", "user-d"]


def test_a_listener_takes_no_slot() -> None:
    room = Room("r")
    joined(room, "a")
    changes = joined(room, "b", publishes=False)
    assert routes(changes) == [SetRoute("b", "1", "a")]
    assert heard_by(room, "a") == [None] * 4


def test_mute_closes_the_gate_and_leaves_the_slots_alone() -> None:
    room = Room("r")
    joined(room, "a", "b")
    assert room.set_muted("b", True) == Changes([GateTrack("b", True)])
    assert heard_by(room, "a")[0] == "user-b"
    assert room.set_muted("b", False) == Changes([GateTrack("b", False)])


def test_a_deafened_member_neither_hears_nor_is_heard() -> None:
    room = Room("r")
    joined(room, "a", "b")
    assert room.set_deafened("b", True).commands == [GateTrack("b", True), GatePeer("b", True)]
    assert room.set_muted("b", False).commands == [GateTrack("b", True)]
    assert room.set_deafened("b", False).commands == [GateTrack("b", False), GatePeer("b", False)]


def test_what_was_set_before_the_connection_holds_from_its_first_moment() -> None:
    room = Room("r")
    joined(room, "a")
    room.join("b", "user-b", may_speak=False)
    assert room.set_muted("b", True).commands == []
    assert room.set_deafened("b", True).commands == []
    changes = room.connect("b", publishes=True, slot_mids=["1"])
    assert changes.commands == [GateTrack("b", True), GatePeer("b", True), SetRoute("b", "1", "a")]


def test_losing_the_right_to_speak_frees_the_slots_and_regaining_it_takes_some() -> None:
    room = Room("r")
    joined(room, "a", "b")
    lost = room.set_may_speak("b", False)
    assert lost.commands == [GateTrack("b", True), ClearRoute("a", "1")]
    assert room.set_may_speak("b", False).commands == [GateTrack("b", True)]
    regained = room.set_may_speak("b", True)
    assert regained.commands == [GateTrack("b", False), SetRoute("a", "2", "b")]
    assert regained.rearranged == ["a"]


def test_with_slots_for_all_speaking_changes_nothing() -> None:
    room = Room("r")
    joined(room, "a", "b", "c")
    assert room.set_speaking("c", True, 1.0) == Changes()


def test_who_speaks_takes_the_slot_of_the_longest_silent_where_slots_are_short() -> None:
    room = Room("r")
    joined(room, "a", "b", "c", "d", slots=2)
    assert heard_by(room, "a") == ["user-b", "user-c"]
    room.set_speaking("b", True, 1.0)
    room.set_speaking("b", False, 2.0)
    changes = room.set_speaking("d", True, 3.0)
    assert SetRoute("a", "2", "d") in changes.commands
    assert heard_by(room, "a") == ["user-b", "user-d"]


def test_nobody_loses_a_slot_while_speaking_and_the_muted_lose_theirs_first() -> None:
    room = Room("r")
    joined(room, "a", "b", "c", "d", slots=2)
    room.set_speaking("b", True, 1.0)
    room.set_speaking("c", True, 1.0)
    assert "a" not in room.set_speaking("d", True, 2.0).rearranged
    changes = room.set_speaking("c", False, 3.0)  # d has waited for this
    assert SetRoute("a", "2", "d") in changes.commands
    room.set_speaking("d", False, 4.0)
    room.set_speaking("b", False, 5.0)
    room.set_muted("b", True)
    room.set_speaking("c", True, 6.0)
    assert heard_by(room, "a") == ["user-c", "user-d"]


def test_a_freed_slot_goes_to_who_waits() -> None:
    room = Room("r")
    joined(room, "a", "b", "c", slots=1)
    assert routes(room.leave("b")) == [ClearRoute("a", "1"), SetRoute("a", "1", "c")]
    assert heard_by(room, "a") == ["user-c"]


def test_leaving_twice_or_unknown_changes_nothing() -> None:
    room = Room("r")
    assert room.leave("nobody") == Changes()
    assert len(room) == 0
    assert room.user_of("nobody") is None


class RoomModel(RuleBasedStateMachine):
    """Whatever happens, commands mirrored blindly give the same picture as the room itself."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room("r")
        self.present: dict[str, bool] = {}
        self.speakers: set[str] = set()
        self.routes: dict[tuple[str, str], str] = {}
        self.now = 0.0

    def mirror(self, changes: Changes) -> None:
        for command in changes.commands:
            if isinstance(command, SetRoute):
                self.routes[command.subscriber, command.mid] = command.publisher
            elif isinstance(command, ClearRoute):
                del self.routes[command.subscriber, command.mid]

    @rule(
        name=st.sampled_from("abcdef"),
        publishes=st.booleans(),
        may_speak=st.booleans(),
        slots=st.integers(0, 4),
    )
    def join(self, name: str, publishes: bool, may_speak: bool, slots: int) -> None:
        if name not in self.present:
            self.present[name] = publishes
            self.room.join(name, name, may_speak=may_speak)
            self.speakers |= {name} if may_speak and publishes else set()
            self.mirror(self.room.connect(name, publishes=publishes, slot_mids=map(str, range(slots))))

    @rule(name=st.sampled_from("abcdef"))
    def leave(self, name: str) -> None:
        if self.present.pop(name, None) is not None:
            self.mirror(self.room.leave(name))
            self.speakers.discard(name)
            self.routes = {route: publisher for route, publisher in self.routes.items() if route[0] != name}

    @rule(name=st.sampled_from("abcdef"), on=st.booleans())
    def may_speak(self, name: str, on: bool) -> None:
        if name in self.present:
            self.mirror(self.room.set_may_speak(name, on))
            self.speakers.discard(name)
            self.speakers |= {name} if on and self.present[name] else set()

    @rule(name=st.sampled_from("abcdef"), on=st.booleans())
    def speak(self, name: str, on: bool) -> None:
        if name in self.present:
            self.now += 1
            self.mirror(self.room.set_speaking(name, on, self.now))

    @invariant()
    def slots_and_routes_agree_and_no_slot_is_wasted(self) -> None:
        for name in self.present:
            slots = self.room.slots_of(name)
            held = [slot.user_id for slot in slots if slot.user_id is not None]
            assert {slot.mid: slot.user_id for slot in slots if slot.user_id} == {
                mid: publisher for (subscriber, mid), publisher in self.routes.items() if subscriber == name
            }
            assert len(set(held)) == len(held)
            assert set(held) <= self.speakers - {name}
            assert len(held) == min(len(slots), len(self.speakers - {name}))


TestRoomModel = RoomModel.TestCase


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, unique=True))
def test_everybody_hears_everybody_else_where_slots_suffice(names: list[str]) -> None:
    room = Room("r")
    joined(room, *names, slots=8)
    for name in names:
        others = {f"user-{other}" for other in names if other != name}
        assert {user for user in heard_by(room, name) if user} == others
