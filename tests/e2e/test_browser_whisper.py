"""Speaking to some alone, and hearing a room from another, in real browsers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive

pytestmark = pytest.mark.browser


def test_a_whisper_is_heard_by_whom_it_is_for_while_the_key_is_held(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1), arrive(2))
    ann, bob, cleo = company.people
    company.all_join_voice()
    ann.in_voice(bob).click()
    ann.find("participant-whisper").click()
    ann.page.keyboard.press("Escape")

    ann.page.keyboard.down("Alt")
    ann.page.keyboard.down("w")
    expect(ann.find("hold-to-whisper")).to_contain_text("Only")
    bob.hears(ann, cleo)
    cleo.hears(bob)
    ann.page.keyboard.up("w")
    ann.page.keyboard.up("Alt")
    cleo.hears(ann, bob)
    bob.hears(ann, cleo)


def test_whoever_listens_in_hears_the_other_room_and_is_named_there(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    body = {"guild_id": company.guild.id, "channel_type": "voice", "name": "Stage"}
    company.accounts[0].call("POST", "/api/channels", body, status=201)
    ann.join_voice()
    bob.find("voice-channel-Stage").click()
    bob.is_connected()

    ann.find("voice-channel-Stage").click(button="right")
    ann.find("listen-in").click()
    ann.hears(bob)
    bob.hears()
    expect(bob.find("voice-listeners")).to_have_text("1 person listens in")
    ann.find("voice-channel-Stage").click(button="right")
    ann.find("listen-in").click()
    ann.hears()
    expect(bob.find("voice-listeners")).to_have_count(0)
