"""Whoever cannot see the screen or hold a mouse gets along: axe finds nothing grave, keys suffice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.account import PASSWORD, Account, Guild
from tests.e2e.axe import grave_violations
from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.e2e.person import VOICE_CHANNEL, Person

pytestmark = pytest.mark.browser

MOST_TAB_STOPS = 60
FOCUSED = "() => document.activeElement?.dataset.testid ?? ''"


@pytest.fixture
def still(arrive: Arrive) -> Person:
    """Somebody who asks for less motion: nothing fades while it is looked at."""
    person = arrive(0)
    person.page.emulate_media(reduced_motion="reduce")
    return person


def test_the_pages_before_signing_in_have_no_grave_violations(still: Person, guild: Guild) -> None:
    still.visit()
    expect(still.find("auth-form")).to_be_visible()
    assert grave_violations(still.page) == []
    still.find("auth-switch").click()
    assert grave_violations(still.page) == []
    still.visit(f"/invite/{guild.invite()}")
    expect(still.find("invite-guild-name")).to_be_visible()
    assert grave_violations(still.page) == []


def test_the_main_screen_and_its_dialogs_have_no_grave_violations(
    still: Person, arrive: Arrive, gather: Gather
) -> None:
    company = gather(still, arrive(1))
    other = company.people[1]
    company.all_join_voice()
    found = {"voice room": grave_violations(still.page)}

    still.read()
    other.read()
    still.write("Hello **there**, see `this` and https://example.org")
    other.write("Well met.")
    still.sees("Well met.")
    found["text channel"] = grave_violations(still.page)
    still.find("voice-state").click()
    expect(still.find("quality-popover")).to_be_visible()
    found["quality popover"] = grave_violations(still.page)
    still.page.keyboard.press("Escape")

    still.find("open-settings").click()
    found |= _of_each_page(still, "account", "voice", "appearance", "keybinds")
    still.find("dialog-close").click()
    still.find("guild-menu").click()
    still.find("menu-guild-settings").click()
    found |= _of_each_page(still, "overview", "roles", "members", "invites", "bans")
    assert {place: violations for place, violations in found.items() if violations} == {}


def _of_each_page(person: Person, *names: str) -> dict[str, list[str]]:
    """Turn the pages of the dialog on screen; return what each violates."""
    found = {}
    for name in names:
        person.find(f"page-{name}").click()
        expect(person.page.get_by_label("Loading")).to_have_count(0)
        found[f"{name} page"] = grave_violations(person.page)
    return found


def test_the_keyboard_is_enough_to_sign_in_write_talk_and_leave(
    arrive: Arrive, account: Account, guild: Guild
) -> None:
    body = {"guild_id": guild.id, "channel_type": "text", "name": "raids"}
    account.call("POST", "/api/channels", body, status=201)
    ann = arrive(0)
    ann.username = account.username
    keyboard = ann.page.keyboard
    ann.visit()
    expect(ann.find("auth-username")).to_be_focused()
    keyboard.type(account.username)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(ann.find("shell")).to_be_visible()

    _tab_to(ann.page, "channel-raids")
    keyboard.press("Enter")
    expect(ann.find("channel-title")).to_have_text("raids")
    _tab_to(ann.page, "composer")
    keyboard.type("No mouse here.")
    keyboard.press("Enter")
    ann.sees("No mouse here.")

    _tab_to(ann.page, f"voice-channel-{VOICE_CHANNEL}")
    keyboard.press("Enter")
    ann.is_connected()
    _tab_to(ann.page, "toggle-mute")
    keyboard.press("Space")
    expect(ann.in_voice(ann)).to_have_attribute("data-muted", "true")
    _tab_to(ann.page, "voice-leave")
    keyboard.press("Enter")
    ann.sees_in_voice()


def _tab_to(page: Page, testid: str) -> None:
    """Press Tab until the element has the focus."""
    passed: list[str] = []
    while (focused := page.evaluate(FOCUSED)) != testid:
        passed.append(focused)
        assert len(passed) < MOST_TAB_STOPS, f"{testid} is no tab stop; passed {passed}"
        page.keyboard.press("Tab")
