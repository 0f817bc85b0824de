"""Reading back: from an answer to what it answers, however long ago that was, and to the present again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.account import Account, Guild
from tests.e2e.conftest import Arrive

pytestmark = pytest.mark.browser

BETWEEN = 110
"""More messages than a page opens with, so that the original is not among them."""


def test_a_click_on_an_answer_leads_to_the_original_and_a_click_back_to_the_present(
    arrive: Arrive, account: Account, guild: Guild
) -> None:
    path = f"/api/messages/channel/{guild.text_id}"
    original = account.post_message(guild.text_id, "Who brings the cake?")
    for number in range(BETWEEN):
        account.post_message(guild.text_id, f"Something else\nin three\nlines, {number}")
    account.call("POST", path, {"content": "I do!", "reply_to": original}, status=201)
    ann = arrive(0)
    ann.open_guild(account)
    ann.sees("I do!")
    first = ann.page.locator(f'[data-message="{original}"]')
    expect(first).to_have_count(0)

    ann.find("message-reply-to").click()
    expect(first).to_be_in_viewport()
    expect(first).to_be_focused()
    account.post_message(guild.text_id, "Said meanwhile")
    expect(first).to_be_in_viewport()

    ann.find("jump-to-present").click()
    ann.sees("Said meanwhile")
    expect(ann.find("message").last).to_be_in_viewport()
