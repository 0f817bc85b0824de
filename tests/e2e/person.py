"""Somebody at a browser: uses the web client by what it shows, hears what its page plays."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

from tests.e2e.account import PASSWORD, Account
from tests.support.browser import give_ears, heard, voice_stats
from tests.support.waiting import eventually

TEXT_CHANNEL = "general"
VOICE_CHANNEL = "General"
HEARS_WITHIN_S = 15.0

TONES_HZ = (500, 800, 1300)
"""The microphones of the test browsers: far enough apart to tell, and none a multiple of another."""


class Person:
    """A page of a browser whose microphone plays `tone_hz`; `url` is how this browser reaches the server."""

    def __init__(self, page: Page, url: str, tone_hz: int) -> None:
        self.page = page
        self.tone_hz = tone_hz
        self.username = ""
        self.has_crashed = False
        self.console: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self._url = url
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda problem: self.console.append(f"uncaught: {problem}"))
        page.on("websocket", lambda socket: socket.on("framereceived", self._note_frame))
        give_ears(page)

    def find(self, testid: str) -> Locator:
        """Return the element that carries the test id."""
        return self.page.get_by_test_id(testid)

    def crash(self) -> None:
        """Kill the page's renderer process: it gets to say goodbye to nobody."""
        with self.page.expect_event("crash"), contextlib.suppress(Error):
            self.page.goto("chrome://crash", wait_until="commit")
        self.has_crashed = True

    # -- accounts and guilds

    def visit(self, path: str = "/") -> None:
        """Open a page of the client, given by its path or its whole address."""
        self.page.goto(path if path.startswith("http") else self._url + path)

    def register(self, username: str) -> None:
        """Sign up with the form that is on screen."""
        self._fill_in(username, "Create account")

    def sign_in(self, username: str) -> None:
        """Sign in with the form that is on screen."""
        self._fill_in(username, "Sign in")

    def create_guild(self, name: str) -> None:
        """Make a guild from the welcome screen and wait until its channels are there."""
        self.find("welcome-create").click()
        self.find("guild-name").fill(name)
        self.find("guild-create").click()
        expect(self.find("guild-menu")).to_contain_text(name)

    def invite_link(self) -> str:
        """Make an invite link to the guild on screen."""
        self.find("guild-menu").click()
        self.find("menu-invite").click()
        link = self.find("invite-link")
        value: str = eventually(link.input_value, "the invite link is made", pause=self._pause)
        self.find("dialog-close").click()
        return value

    def open_guild(self, account: Account) -> None:
        """Sign in as `account` and wait for its guild to be on screen."""
        self.visit()
        self.sign_in(account.username)
        expect(self.find("guild-menu")).to_be_visible()

    def is_told(self, words: str) -> None:
        """Wait until a toast says so."""
        expect(self.find("toast").filter(has_text=words)).to_be_visible()

    # -- text

    def read(self, channel: str = TEXT_CHANNEL) -> None:
        """Open a text channel."""
        self.find(f"channel-{channel}").click()
        expect(self.find("messages")).to_be_visible()

    def write(self, text: str) -> None:
        """Send a message to the channel on screen."""
        self.find("composer").fill(text)
        self.find("composer").press("Enter")

    def sees(self, text: str, *, within_s: float = 10.0) -> None:
        """Wait until a message reads so."""
        expect(self.find("message-text").filter(has_text=text)).to_be_visible(timeout=within_s * 1000)

    def messages(self) -> list[str]:
        """Return the messages on screen, oldest first."""
        return self.find("message-text").all_inner_texts()

    # -- voice

    def join_voice(self) -> None:
        """Join the voice channel by a click on it, and wait until media flows."""
        self.find(f"voice-channel-{VOICE_CHANNEL}").click()
        self.is_connected()

    def is_connected(self, *, within_s: float = 15.0) -> None:
        """Wait until the voice panel says so."""
        expect(self.find("voice-panel")).to_have_attribute("data-phase", "connected", timeout=within_s * 1000)

    def press(self, testid: str) -> float:
        """Click a control; return when the page took the click, in ms since the epoch."""
        control = self.find(testid)
        control.evaluate(
            "it => it.addEventListener('click', () => (window.pressedAt = Date.now()), {once: true})"
        )
        control.click()
        pressed_at: float = self.page.evaluate("window.pressedAt")
        return pressed_at

    def sees_in_voice(self, *others: Person, within_s: float = 10.0) -> None:
        """Wait until exactly these people, and nobody else, are listed under the voice channel."""
        wanted = {other.username for other in others}
        eventually(
            lambda: self._listed() == wanted,
            f"{self.username} sees {wanted or 'nobody'} in voice",
            within_s=within_s,
            pause=self._pause,
        )

    def hears(self, *others: Person, within_s: float = HEARS_WITHIN_S) -> None:
        """Wait until exactly these people, of all that have a tone here, are heard."""
        wanted = {other.tone_hz for other in others}
        eventually(
            lambda: heard(self.page, TONES_HZ) == wanted,
            f"{self.username} hears {wanted or 'nothing'}",
            within_s=within_s,
            pause=self._pause,
        )

    def in_voice(self, other: Person) -> Locator:
        """Return the entry of somebody under the voice channel."""
        return self.find(f"voice-person-{other.username}")

    def received(self) -> list[dict[str, Any]]:
        """Return the statistics of the streams received."""
        streams = voice_stats(self.page, "inbound-rtp")
        return [stream for stream in streams if stream.get("packetsReceived", 0) > 0]

    def gateway_phase(self) -> str:
        """Return the phase of the client's gateway machine."""
        phase: str = self.page.evaluate("window.__voicechat.gateway")
        return phase

    def sent_packets(self) -> int:
        """Return how many packets of the microphone were sent."""
        return sum(stream["packetsSent"] for stream in voice_stats(self.page, "outbound-rtp"))

    def received_packets(self) -> int:
        """Return how many packets of others arrived."""
        return sum(stream["packetsReceived"] for stream in self.received())

    def server_ufrag(self) -> str:
        """Return the ICE user fragment that the server gave this person."""
        sdp: str = self.page.evaluate("window.__voicechat.pc.remoteDescription.sdp")
        found = re.search(r"a=ice-ufrag:(\S+)", sdp)
        assert found is not None
        return found.group(1)

    def _note_frame(self, frame: str | bytes) -> None:
        self.frames.append(json.loads(frame))

    def _listed(self) -> set[str]:
        people = self.page.locator('[data-testid^="voice-person-"]')
        ids: list[str] = people.evaluate_all("all => all.map((one) => one.dataset.testid)")
        return {each.removeprefix("voice-person-") for each in ids}

    def _fill_in(self, username: str, action: str) -> None:
        submit = self.find("auth-submit")
        expect(submit).to_be_visible()
        if submit.inner_text() != action:
            self.find("auth-switch").click()
        self.find("auth-username").fill(username)
        self.find("auth-password").fill(PASSWORD)
        submit.click()
        self.username = username
        expect(self.find("shell")).to_be_visible()

    def _pause(self, seconds: float) -> None:
        """Let time pass in a way that lets the browser's events through."""
        self.page.wait_for_timeout(seconds * 1000)
