"""What others decide about somebody who is talking: permissions, kicks, and their own second tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.support.waiting import eventually
from voicechat.protocol import Permission

pytestmark = pytest.mark.browser

REMOVED_WITHIN_S = 1.0


def test_whoever_loses_voice_speak_is_cut_off_by_the_engine_and_heard_again_when_given_it_back(
    arrive: Arrive, gather: Gather
) -> None:
    company = gather(arrive(0), arrive(1))
    owner, bob = company.people
    company.all_join_voice()
    permissions = company.guild.everyone()["permissions"]

    company.guild.allow_everyone(permissions & ~Permission.VOICE_SPEAK)
    owner.hears()
    bob.hears(owner)
    received, sent = owner.received_packets(), bob.sent_packets()
    eventually(lambda: bob.sent_packets() > sent + 50, "bob's browser goes on sending for a second")
    assert owner.received_packets() == received

    company.guild.allow_everyone(permissions)
    owner.hears(bob)


def test_a_second_tab_takes_voice_over_and_the_first_one_says_so(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    second = arrive(1, beside=bob)
    second.username = bob.username
    second.visit()
    second.join_voice()
    bob.is_told("another tab")
    expect(bob.find("voice-panel")).to_have_count(0)
    ann.sees_in_voice(ann, bob)
    ann.hears(bob)
    second.hears(ann)
    bob.hears()


def test_a_kick_from_the_guild_ends_voice_within_a_second(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    owner, kicked = company.accounts
    owner.call("DELETE", f"/api/guilds/{company.guild.id}/members/{kicked.user_id}", status=204)
    ann.sees_in_voice(ann, within_s=REMOVED_WITHIN_S)
    ann.hears()
    bob.is_told("You were kicked")
    expect(bob.find("voice-panel")).to_have_count(0)
    expect(bob.find("welcome-create")).to_be_visible()


def test_a_revoked_session_ends_voice_within_a_second(arrive: Arrive, gather: Gather) -> None:
    company = gather(arrive(0), arrive(1))
    ann, bob = company.people
    company.all_join_voice()
    company.accounts[1].call("DELETE", "/auth/sessions")
    ann.sees_in_voice(ann, within_s=REMOVED_WITHIN_S)
    expect(bob.find("auth-form")).to_be_visible()
