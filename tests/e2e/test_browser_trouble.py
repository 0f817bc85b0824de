"""Cut cables and killed servers: nobody loses a word, and everybody comes back without doing anything."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from tests.e2e.account import Account
from tests.e2e.company import Gather
from tests.e2e.conftest import Arrive
from tests.e2e.tcp_proxy import running_proxy
from tests.support.browser import recorded
from tests.support.server import Server
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

CUT_S = 5.0
POST_EVERY_S = 0.2
LONGEST_GAP_MS = 500.0
BACK_WITHIN_S = 5.0


def test_a_cut_socket_resumes_with_each_message_once_and_voice_never_stops(
    server: Server, arrive: Arrive, gather: Gather
) -> None:
    with running_proxy(server.port) as proxy:
        company = gather(arrive(0), arrive(1, url=proxy.url))
        ann, bob = company.people
        company.all_join_voice()
        bob.read()
        company.accounts[0].post_message(company.guild.text_id, "before the cut")
        bob.sees("before the cut")

        with recorded(bob.page, ann.tone_hz) as loudness:
            proxy.cut()
            during = _post_for(CUT_S, company.accounts[0], company.guild.text_id)
            assert bob.gateway_phase() != "ready"
        proxy.mend()
        company.accounts[0].post_message(company.guild.text_id, "after the cut")
        bob.sees("after the cut")

        assert bob.messages() == ["before the cut", *during, "after the cut"]
        told = [frame["message"]["content"] for frame in bob.frames if frame["type"] == "message_new"]
        assert told == ["before the cut", *during, "after the cut"]
        assert [frame["type"] for frame in bob.frames].count("resumed") == 1
        assert loudness().longest_gap_ms() < LONGEST_GAP_MS


def _post_for(duration_s: float, account: Account, channel_id: str) -> list[str]:
    """Post a message every now and then; return what was posted."""
    posted: list[str] = []
    deadline = time.monotonic() + duration_s
    while time.monotonic() < deadline:
        posted.append(f"during the cut {len(posted)}")
        account.post_message(channel_id, posted[-1])
        time.sleep(POST_EVERY_S)
    return posted


def test_a_killed_server_keeps_what_it_answered_and_everybody_comes_back(
    server: Server, arrive: Arrive, gather: Gather
) -> None:
    company = gather(arrive(0), arrive(1))
    company.all_join_voice()
    traffic = Traffic(company.accounts[0], company.guild.text_id)
    with traffic:
        eventually(lambda: len(traffic.answered) >= 20, "messages flow")
        server.kill()
    server.start()

    ann, bob = company.people
    phases = ("ready", "ready")
    eventually(
        lambda: (ann.gateway_phase(), bob.gateway_phase()) == phases, "both are back", within_s=BACK_WITHIN_S
    )
    ann.hears(bob)
    bob.hears(ann)
    ann.sees_in_voice(ann, bob)
    kept = _all_messages(company.accounts[0], company.guild.text_id)
    assert set(traffic.answered) <= set(kept)
    ann.read()
    ann.write("Still there?")
    bob.read()
    bob.sees("Still there?")


class Traffic:
    """A thread that posts message after message until the server is gone; `answered` are those with 201."""

    def __init__(self, account: Account, channel_id: str) -> None:
        self.answered: list[str] = []
        self._account = account
        self._channel_id = channel_id
        self._thread = threading.Thread(target=self._post, name="traffic")

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _post(self) -> None:
        try:
            while True:
                self.answered.append(self._account.post_message(self._channel_id, "traffic"))
        except (httpx.HTTPError, AssertionError):  # gone, or so fast that the rate limit says stop
            pass


def _all_messages(account: Account, channel_id: str) -> list[str]:
    """List the ids of everything in the channel."""
    ids: list[str] = []
    page = {"has_more": True, "next_cursor": None}
    while page["has_more"]:
        cursor = f"&before={page['next_cursor']}" if page["next_cursor"] else ""
        page = account.call("GET", f"/api/messages/channel/{channel_id}?limit=100{cursor}")
        ids += [message["id"] for message in page["items"]]
    return ids
