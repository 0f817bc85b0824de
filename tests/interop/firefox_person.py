"""Somebody at a Firefox: uses the web client by what it shows, hears what its page plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.account import PASSWORD
from tests.e2e.person import TONES_HZ, VOICE_CHANNEL, Person
from tests.interop.marionette import Failed, Firefox
from tests.support import browser
from tests.support.browser import HEARD_DB
from tests.support.waiting import eventually

_WITHIN_S = 60.0  # three browsers share a machine with whatever else runs
_EARS = Path(browser.__file__).with_name("ears.js").read_text(encoding="utf-8")
_FRAMES = """const video = document.querySelector(arguments[0]);
  const track = video?.srcObject?.getVideoTracks()[0]?.id;
  const stats = await ears.stats();
  const isIt = (each) => each.type == "inbound-rtp" && each.trackIdentifier == track;
  return stats.find(isIt)?.framesDecoded ?? 0;"""


class FirefoxPerson:
    """A tab of a Firefox whose microphone plays `tone_hz`."""

    def __init__(self, firefox: Firefox, url: str, tone_hz: int) -> None:
        self.tone_hz = tone_hz
        self.username = ""
        self._firefox = firefox
        self._url = url

    def open_guild(self, username: str) -> None:
        """Sign in as somebody who is in a guild, and wait for it."""
        self.username = username
        self._firefox.visit(self._url)
        self._firefox.run(_EARS)  # the client looks once whether it is to be measured
        self.reload()
        self._fill("auth-username", username)
        self._fill("auth-password", PASSWORD)
        if self._run("auth-submit", "return it.innerText") != "Sign in":
            self.click("auth-switch")
        self.click("auth-submit")
        self._find("guild-menu")

    def reload(self) -> None:
        """Load the page again."""
        self._firefox.ask("WebDriver:Refresh")
        self._firefox.run(_EARS)

    def click(self, testid: str, within: str = "") -> None:
        """Click a control once it can be."""
        element = self._find(testid, within)

        def is_clicked() -> bool:
            try:
                self._firefox.ask("WebDriver:ElementClick", id=element)
            except Failed:
                return False
            return True

        self.wait(is_clicked, f"a click on {testid}")

    def join_voice(self) -> None:
        """Join the voice channel, and wait until media flows."""
        self.click(f"voice-channel-{VOICE_CHANNEL}")
        self.is_connected()

    def is_connected(self) -> None:
        """Wait until the voice panel says so."""
        self.wait(
            lambda: self._run("voice-panel", "return it?.dataset.phase === 'connected'"), "is connected"
        )

    def turn_camera_on(self) -> None:
        """Turn the fake camera on, at its smallest."""
        self.click("toggle-camera")
        self._find("camera-turn-on")
        change = "it.value = 'low'; it.dispatchEvent(new Event('change', {bubbles: true}))"
        self._run("camera-tier", change)
        self.wait(lambda: self._run("camera-turn-on", "return !it.disabled"), "there is a preview")
        self.click("camera-turn-on")

    def hears(self, *others: FirefoxPerson | Person) -> None:
        """Wait until exactly these people, of all that have a tone here, are heard."""
        wanted = {other.tone_hz for other in others}
        self.wait(lambda: self.heard() == wanted, f"hears {wanted or 'nobody'}")

    def heard(self) -> set[int]:
        """Return which tones the page plays just now."""
        levels = self._firefox.run("return ears.levels(arguments[0])", list(TONES_HZ))
        return {int(hz) for hz, level_db in levels.items() if level_db > HEARD_DB}

    def sees_moving(self, css: str) -> None:
        """Wait until further frames of a picture are decoded."""
        first = self._frames(css)
        self.wait(lambda: self._frames(css) > first + 3, f"sees {css} move")

    def wait(self, look: Callable[[], Any], what: str) -> None:
        """Wait until `look` finds something."""
        eventually(look, f"{self.username}: {what}", within_s=_WITHIN_S)

    def _frames(self, css: str) -> int:
        return int(self._firefox.run(_FRAMES, css))

    def _fill(self, testid: str, text: str) -> None:
        self._firefox.ask("WebDriver:ElementSendKeys", id=self._find(testid), text=text)

    def _run(self, testid: str, script: str) -> Any:
        return self._firefox.run(f"const it = document.querySelector(arguments[0]); {script}", _css(testid))

    def _find(self, testid: str, within: str = "") -> str:
        css = _css(testid) + within
        self.wait(lambda: self._firefox.find(css), f"there is {testid}")
        return self._firefox.find(css)[0]


def _css(testid: str) -> str:
    return f"[data-testid='{testid}']"
