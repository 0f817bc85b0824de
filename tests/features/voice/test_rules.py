"""The table of voice occupants, who counts as heard, whom a whisper reaches, who has been silent long."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voicechat.features.voice.rules import (
    AfkPlace,
    Occupancy,
    Occupant,
    Switches,
    hearers,
    idle,
    is_full,
)
from voicechat.protocol.accounts import User
from voicechat.protocol.video import ScreenShare, Webcam
from voicechat.rtc.rooms import Whisper


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


AFK = AfkPlace("afk", 60)


@pytest.mark.parametrize(
    ("speaking", "quiet_since_s", "channel", "moved"),
    [
        (False, 40.0, "c1", True),
        (False, 40.1, "c1", False),  # a moment short of a minute
        (True, 0.0, "c1", False),  # speaks, since long
        (False, 0.0, "afk", False),  # is there already
    ],
)
def test_whoever_is_silent_for_the_time_is_moved(
    speaking: bool, quiet_since_s: float, channel: str, moved: bool
) -> None:
    ada, elsewhere = _occupant("ada", channel=channel), _occupant("bob", guild="g2")
    ada.speaking, ada.quiet_since_s = speaking, quiet_since_s
    found = idle([ada, elsewhere], {"g1": AFK}, now_s=100.0)
    assert found == ([(ada, "afk")] if moved else []), "a guild without such a channel moves nobody"


def test_whoever_shows_something_is_not_away_however_silent() -> None:
    ada = _occupant("ada")
    ada.webcam = Webcam(channel_id="c1", user_id="ada", username="ada", quality="low")
    assert idle([ada], {"g1": AFK}, now_s=1000.0) == []
    ada.webcam = None
    assert idle([ada], {"g1": AFK}, now_s=1000.0) == [(ada, "afk")]


def test_what_somebody_shows_has_a_name_each_and_the_sound_of_a_screen_its_own() -> None:
    ada = _occupant("ada")
    for stream_id, has_audio in (("a", True), ("b", False)):
        ada.screens[stream_id] = ScreenShare(
            channel_id="c1",
            user_id="ada",
            stream_id=stream_id,
            username="ada",
            source_label="",
            has_audio=has_audio,
            quality="high",
            started_at=datetime.now(UTC),
        )
    assert ada.sources == {"screen_video:a", "screen_audio:a", "screen_video:b"}
    assert (ada.state().screen_sharing, ada.participant().webcam_active) == (True, False)


def test_a_whisper_is_heard_by_those_named_who_are_there_and_by_the_whole_channel() -> None:
    table = Occupancy()
    ada, bob, eve = _occupant("ada"), _occupant("bob"), _occupant("eve", channel="c2")
    for occupant in (ada, bob, eve):
        table.enter(occupant)
    assert hearers(table, ada) == []
    ada.whisper = Whisper(frozenset({"peer-bob", "peer-ada", "peer-gone"}), "c2")
    assert hearers(table, ada) == [bob, eve]
    ada.whisper = Whisper(room_id="c1")
    assert hearers(table, ada) == [bob]


@pytest.mark.parametrize(
    ("switches", "closed"),
    [
        (Switches(push_to_talk=True), True),
        (Switches(push_to_talk=True, pressed=True), False),
        (Switches(push_to_talk=True, pressed=True, server_muted=True), True),
        (Switches(pressed=False), False),
    ],
)
def test_a_key_that_is_required_and_not_pressed_closes_the_microphone(
    switches: Switches, closed: bool
) -> None:
    assert switches.is_closed is closed


def test_the_leaving_event_names_the_channel_left() -> None:
    event = _occupant("ada").left_event()
    assert (event.channel_id, event.left_channel_id, event.user_id) == (None, "c1", "ada")


def test_the_state_event_says_what_the_snapshot_says() -> None:
    ada = _occupant("ada")
    ada.switches.muted = ada.connected = True
    state, event = ada.state(), ada.state_event()
    assert all(getattr(event, name) == getattr(state, name) for name in state.__struct_fields__)
