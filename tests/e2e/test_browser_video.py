"""Screens and cameras between real browsers: seen moving, heard, chosen in size, and ended in every way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import grave_violations
from tests.e2e.company import Company, Gather
from tests.e2e.conftest import Arrive
from tests.e2e.person import Person
from tests.e2e.stage import (
    enter_room,
    face,
    is_live,
    large_picture,
    sees_height,
    sees_moving,
    share_screen,
    stream_tile,
    turn_camera_on,
    watch,
)
from voicechat.protocol import Permission

pytestmark = pytest.mark.browser

BROWSER_STOPS_SHARING = "video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"


@pytest.fixture
def company(arrive: Arrive, gather: Gather) -> Company:
    """Two people in the voice channel, the first the guild's owner."""
    company = gather(arrive(0), arrive(1))
    for person in company.people:
        person.page.emulate_media(reduced_motion="reduce")
        person.join_voice()
    return company


def _is_over(viewer: Person, sharer: Person) -> None:
    expect(viewer.find("stage-main")).to_have_count(0)
    expect(stream_tile(viewer, sharer)).to_have_count(0)
    is_live(viewer, sharer, count=0)


def test_a_screen_is_watched_and_heard_though_the_microphone_is_muted(company: Company) -> None:
    ann, bob = company.people
    ann.find("toggle-mute").click()
    bob.hears()
    share_screen(ann)
    is_live(bob, ann)
    bob.hears()
    watch(bob, ann)
    bob.hears(ann)

    bob.find("stream-mute").click()
    bob.hears()
    bob.find("stream-mute").click()
    bob.hears(ann)
    bob.page.keyboard.press("Escape")
    bob.hears()
    expect(bob.find("stage-main")).to_have_count(0)


def test_cameras_are_seen_by_each_other_and_large_on_a_click(company: Company) -> None:
    ann, bob = company.people
    for person in (ann, bob):
        turn_camera_on(person)
        enter_room(person)
    for person, other in ((ann, bob), (bob, ann)):
        sees_moving(person, face(person, other))
    bob.find(f"voice-tile-{ann.username}").hover()
    bob.find("camera-enlarge").first.click()
    sees_moving(bob, large_picture(bob))
    ann.find("toggle-camera").click()
    expect(bob.find("stage-main")).to_have_count(0)
    expect(face(bob, ann)).to_have_count(0)
    sees_moving(ann, face(ann, bob))


def test_the_picture_is_as_large_as_the_viewer_chooses(company: Company) -> None:
    ann, bob = company.people
    share_screen(ann, tier="medium")
    picture = watch(bob, ann)
    for choice, lines in (("low", (1, 200)), ("high", (600, 720)), ("medium", (300, 400))):
        bob.find("stream-quality").click()
        bob.find(f"quality-{choice}").click()
        sees_height(bob, picture, lines)
        sees_moving(bob, picture)


def test_a_share_ends_by_every_button_there_is(company: Company) -> None:
    ann, bob = company.people
    enter_room(ann)
    for end in ("its tile", "the dialog", "the browser's own bar"):
        share_screen(ann)
        watch(bob, ann)
        if end == "its tile":
            ann.find("stream-stop").click()
        elif end == "the dialog":
            ann.find("share-screen").click()
            ann.find("own-share-stop").click()
            ann.find("dialog-close").click()
        else:
            stream_tile(ann, ann).locator("video").evaluate(BROWSER_STOPS_SHARING)
        _is_over(bob, ann)
        expect(ann.find("share-screen")).to_have_attribute("aria-pressed", "false")


def test_a_share_ends_with_its_voice_and_with_its_page(company: Company) -> None:
    ann, bob = company.people
    share_screen(ann)
    watch(bob, ann)
    ann.find("voice-leave").click()
    bob.sees_in_voice(bob)
    _is_over_for(bob)
    ann.join_voice()
    share_screen(ann)
    watch(bob, ann)
    ann.page.close()
    bob.sees_in_voice(bob)
    _is_over_for(bob)


def _is_over_for(viewer: Person) -> None:
    expect(viewer.find("stage-main")).to_have_count(0)
    expect(viewer.page.locator('[data-testid^="stream-tile-"]')).to_have_count(0)


def test_whoever_comes_late_sees_it_and_nobody_else_is_disturbed(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1), arrive(2))
    ann, bob, cleo = company.people
    ann.join_voice()
    bob.join_voice()
    share_screen(ann)
    turn_camera_on(bob)
    picture = watch(bob, ann)
    cleo.join_voice()
    watch(cleo, ann)
    sees_moving(cleo, face(cleo, bob))
    share_screen(cleo)
    sees_moving(bob, picture)
    cleo.find("voice-leave").click()
    bob.sees_in_voice(ann, bob)
    sees_moving(bob, picture)
    cleo.join_voice()
    watch(cleo, ann)
    sees_moving(bob, picture)


def test_a_permission_taken_away_ends_what_is_shown(company: Company) -> None:
    ann, bob = company.people
    share_screen(bob)
    turn_camera_on(bob)
    watch(ann, bob)
    bits = company.guild.everyone()["permissions"]
    company.guild.allow_everyone(bits & ~int(Permission.SCREEN_SHARE | Permission.USE_VIDEO))
    _is_over(ann, bob)
    expect(face(ann, bob)).to_have_count(0)
    bob.is_told("You may not show video in this channel any more.")
    expect(bob.find("share-screen")).to_be_disabled()
    expect(bob.find("toggle-camera")).to_be_disabled()
    ann.hears(bob)


def test_the_stream_stays_in_sight_elsewhere_in_a_corner_or_a_window_of_its_own(company: Company) -> None:
    ann, bob = company.people
    share_screen(ann)
    watch(bob, ann)
    bob.read()
    corner = bob.find("mini-player").locator("video")
    sees_moving(bob, corner)
    bob.find("mini-back").click()
    sees_moving(bob, large_picture(bob))

    with bob.page.context.expect_page() as opening:
        bob.find("stream-pop-out").click()
    window = opening.value
    expect(bob.find("pop-in")).to_be_visible()
    bob.read()
    expect(bob.find("mini-player")).to_have_count(0)
    sees_moving(bob, window.get_by_test_id("pop-out").locator("video"))
    with window.expect_event("close"):
        window.get_by_test_id("pop-out-close").click()
    sees_moving(bob, corner)


def test_several_screens_of_one_person_are_told_apart(company: Company) -> None:
    ann, bob = company.people
    share_screen(ann)
    share_screen(ann)
    enter_room(bob)
    expect(stream_tile(bob, ann)).to_have_count(2)
    stream_tile(bob, ann).first.get_by_test_id("watch-stream").click()
    sees_moving(bob, large_picture(bob))
    stream_tile(bob, ann).get_by_test_id("watch-stream").click()
    sees_moving(bob, large_picture(bob))
    bob.page.keyboard.press("g")
    for number in range(2):
        sees_moving(bob, stream_tile(bob, ann).nth(number).locator("video"))


def test_pickers_and_viewer_have_no_grave_violations(company: Company) -> None:
    ann, bob = company.people
    found = {}
    ann.find("share-screen").click()
    found["share picker"] = grave_violations(ann.page)
    ann.find("dialog-close").click()
    ann.find("toggle-camera").click()
    expect(ann.find("camera-turn-on")).to_be_enabled()
    found["camera picker"] = grave_violations(ann.page)
    ann.find("camera-turn-on").click()
    share_screen(ann)
    enter_room(ann)
    found["own room"] = grave_violations(ann.page)
    watch(bob, ann)
    bob.find("stream-toggle-stats").click()
    expect(bob.find("stream-size")).to_be_visible()
    found["spotlight"] = grave_violations(bob.page)
    bob.page.keyboard.press("g")
    found["grid"] = grave_violations(bob.page)
    bob.page.keyboard.press("g")
    bob.page.keyboard.press("v")
    bob.find("stream-theater").focus()
    found["theater"] = grave_violations(bob.page)
    bob.page.keyboard.press("Escape")
    bob.read()
    expect(bob.find("mini-player")).to_be_visible()
    found["corner player"] = grave_violations(bob.page)
    assert {place: violations for place, violations in found.items() if violations} == {}
