"""The table of voice occupants, and who counts as heard."""

from __future__ import annotations

import pytest

from voicechat.features.voice.rules import Occupancy, Occupant, Switches, is_full
from voicechat.protocol.accounts import User


def _occupant(name: str, channel: str = "c1", guild: str = "g1") -> Occupant:
    user = User(id=name, username=name, display_name=name.title())
    return Occupant(f"peer-{name}", user, guild, channel, Switches())


def test_an_occupant_is_found_by_person_session_channel_and_guild() -> None:
    table = Occupancy()
    ada, bob = _occupant("ada"), _occupant("bob", channel="c2")
    table.enter(ada)
    table.enter(bob)
    assert table.of_user("ada") is ada
    assert table.of_peer("peer-bob") is bob
    assert table.in_channel("c1") == [ada]
    assert table.in_guild("g1") == [ada, bob]
    assert [state.user_id for state in table.states(["c2", "c1"])] == ["bob", "ada"]


def test_leaving_leaves_nothing_behind_and_twice_is_harmless() -> None:
    table = Occupancy()
    ada = _occupant("ada")
    table.enter(ada)
    assert table.leave(ada.peer_id) is ada
    assert table.leave(ada.peer_id) is None
    assert (table.of_user("ada"), table.in_channel("c1"), list(table)) == (None, [], [])


def test_a_person_cannot_be_in_twice() -> None:
    table = Occupancy()
    table.enter(_occupant("ada"))
    with pytest.raises(AssertionError):
        table.enter(_occupant("ada", channel="c2"))


@pytest.mark.parametrize(
    ("switches", "silent", "deaf"),
    [
        (Switches(), False, False),
        (Switches(muted=True), True, False),
        (Switches(deafened=True), True, True),
        (Switches(server_muted=True), True, False),
        (Switches(server_deafened=True), True, True),
    ],
)
def test_whoever_is_deaf_is_not_heard_either(switches: Switches, silent: bool, deaf: bool) -> None:
    assert (switches.is_silent, switches.is_deaf) == (silent, deaf)


@pytest.mark.parametrize(
    ("present", "user_limit", "may_exceed", "full"),
    [
        (0, None, False, False),
        (9, None, False, False),
        (10, None, True, True),
        (2, 2, False, True),
        (2, 2, True, False),
        (1, 2, False, False),
    ],
)
def test_a_room_is_full_at_its_limits(
    present: int, user_limit: int | None, may_exceed: bool, full: bool
) -> None:
    assert is_full(present, user_limit=user_limit, room_peers=10, may_exceed_limit=may_exceed) is full


def test_the_leaving_event_names_the_channel_left() -> None:
    event = _occupant("ada").left_event()
    assert (event.channel_id, event.left_channel_id, event.user_id) == (None, "c1", "ada")


def test_the_state_event_says_what_the_snapshot_says() -> None:
    ada = _occupant("ada")
    ada.switches.muted = ada.connected = True
    state, event = ada.state(), ada.state_event()
    assert all(getattr(event, name) == getattr(state, name) for name in state.__struct_fields__)
