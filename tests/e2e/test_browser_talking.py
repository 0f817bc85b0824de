"""The main job: people meet by an invite link, write to each other and hear each other."""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import expect

from tests.e2e.account import new_username
from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.support.browser import recorded

pytestmark = pytest.mark.browser

MUTES = 8  # at most: a busy machine delays some of them, and one shows what the product does
SILENT_WITHIN_MS = 200.0


def test_two_people_meet_by_an_invite_link_write_and_hear_each_other(arrive: Arrive) -> None:
    ann, bob = arrive(0), arrive(1)
    ann.visit()
    ann.register(new_username("ann"))
    ann.create_guild("Two of us")
    bob.visit(ann.invite_link())
    bob.register(new_username("bob"))
    expect(bob.find("guild-menu")).to_contain_text("Two of us")

    ann.read()
    bob.read()
    ann.write("Can you hear me?")
    bob.sees("Can you hear me?")
    bob.write("Not yet.")
    ann.sees("Not yet.")

    ann.join_voice()
    ann.sees_in_voice(ann)
    bob.sees_in_voice(ann)
    bob.join_voice()
    for person, other in ((ann, bob), (bob, ann)):
        person.sees_in_voice(ann, bob)
        person.hears(other)
        expect(person.in_voice(other)).to_have_attribute("data-speaking", "true")
        [stream] = person.received()
        assert stream["packetsReceived"] > 0
        assert stream["packetsLost"] == 0


def test_three_people_all_hear_each_other(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1), arrive(2))
    company.all_join_voice()
    for person in company.people:
        person.sees_in_voice(*company.people)
        streams = person.received()
        assert len(streams) == 2
        assert [stream["packetsLost"] for stream in streams] == [0, 0]


def test_a_mute_silences_at_once_and_an_unmute_is_heard_again(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    heard_after_ms: list[float] = []
    while len(heard_after_ms) < MUTES and min(heard_after_ms, default=math.inf) >= SILENT_WITHIN_MS:
        with recorded(bob.page, ann.tone_hz) as loudness:
            muted_at = ann.press("toggle-mute")
            bob.hears()
        heard_after_ms.append(loudness().last_heard_ms() - muted_at)
        expect(bob.in_voice(ann)).to_have_attribute("data-muted", "true")
        ann.press("toggle-mute")
        bob.hears(ann)
        expect(bob.in_voice(ann)).to_have_attribute("data-muted", "false")
    assert min(heard_after_ms) < SILENT_WITHIN_MS, heard_after_ms


def test_whoever_is_deaf_hears_nobody_and_is_not_heard(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    ann.find("toggle-deafen").click()
    ann.hears()
    bob.hears()
    ann.find("toggle-deafen").click()
    ann.hears(bob)
    bob.hears(ann)


def test_closing_a_page_empties_the_room_for_the_other(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    bob.page.close()
    ann.sees_in_voice(ann)
    ann.hears()


def test_a_crashed_page_leaves_no_ghost(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    bob.crash()
    ann.sees_in_voice(ann)
    ann.hears()


def test_a_reloaded_page_is_still_signed_in_and_joins_again(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    bob.page.reload()
    ann.sees_in_voice(ann)
    bob.join_voice()
    ann.sees_in_voice(ann, bob)
    ann.hears(bob)
    bob.hears(ann)


def test_leaving_and_coming_back_is_heard_again(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    bob.find("voice-leave").click()
    ann.sees_in_voice(ann)
    bob.sees_in_voice(ann)
    bob.join_voice()
    ann.hears(bob)
    bob.hears(ann)
