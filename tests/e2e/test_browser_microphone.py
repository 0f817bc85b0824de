"""Microphones that open under conditions: when the browser allows it, while a key is held."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.e2e.person import TONES_HZ, Person
from tests.support.browser import running_browser
from tests.support.server import Server
from tests.support.tones import write_tone
from voicechat.protocol import Permission

pytestmark = pytest.mark.browser


def test_whoever_denies_the_microphone_is_told_and_still_listens(
    server: Server,
    arrive: Arrive,
    gather: Gather,
    people: list[Person],
    playwright: Playwright,
    tmp_path: Path,
) -> None:
    tone = write_tone(tmp_path / "unheard.wav", TONES_HZ[1])
    with running_browser(playwright, tone, says_yes=False) as browser:
        page = browser.new_context(permissions=[]).new_page()
        ann, bob = arrive(0), Person(page, server.url, TONES_HZ[1])
        people.append(bob)
        gather(ann, bob)
        ann.join_voice()
        bob.join_voice()
        expect(bob.find("microphone-trouble")).to_contain_text("You can listen")
        bob.hears(ann)
        ann.sees_in_voice(ann, bob)
        ann.hears()


def test_where_voice_may_not_open_by_itself_one_is_heard_while_the_button_is_held(
    arrive: Arrive, gather: Gather
) -> None:
    ann, bob = arrive(0), arrive(1)
    company = gather(ann, bob)
    allowed = company.guild.everyone()["permissions"]
    company.guild.allow_everyone(allowed & ~Permission.USE_VOICE_ACTIVITY)
    ann.join_voice()
    bob.join_voice()
    bob.hears(ann)
    ann.hears()
    bob.find("hold-to-talk").hover()
    bob.page.mouse.down()
    ann.hears(bob)
    expect(bob.find("hold-to-talk")).to_have_text("You are heard")
    bob.page.mouse.up()
    ann.hears()
    expect(bob.find("hold-to-talk")).to_have_text("Hold to talk")
