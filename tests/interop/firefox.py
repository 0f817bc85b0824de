"""Two Firefoxes and a Chromium in our web client: they talk, show, watch, and survive a restart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.e2e import stage
from tests.e2e.account import api_client, sign_up
from tests.e2e.person import TONES_HZ, Person
from tests.interop.firefox_person import FirefoxPerson
from tests.interop.marionette import FIREFOX, PULSEAUDIO, running_firefox, running_sound
from tests.interop.stacks import Absent
from tests.support.browser import CHROMIUM, heard, running_browser
from tests.support.server import Server, running_server
from tests.support.tones import write_tone

_PATIENCE_MS = 30_000.0


def try_firefox(folder: Path, say: Callable[[str], None]) -> None:
    """Try what people do; raises AssertionError at the first thing that does not work."""
    for program in (FIREFOX, PULSEAUDIO, CHROMIUM):
        if not Path(program).exists():
            raise Absent(f"there is no {program}")
    expect.set_options(timeout=_PATIENCE_MS)
    with ExitStack() as opened:
        server = opened.enter_context(running_server(folder))
        sound = opened.enter_context(running_sound(folder / "sound"))
        ann, bob = (
            FirefoxPerson(opened.enter_context(running_firefox(folder / str(hz), hz, sound)), server.url, hz)
            for hz in TONES_HZ[:2]
        )
        playwright = opened.enter_context(sync_playwright())
        microphone = write_tone(folder / "tone.wav", TONES_HZ[2])
        browser = opened.enter_context(running_browser(playwright, microphone))
        cleo = Person(browser.new_context().new_page(), server.url, TONES_HZ[2])
        _gather(server, ann, bob, cleo)
        for what, step in STEPS.items():
            step(ann, bob, cleo, server)
            say(f"firefox: {what}: works")


def _gather(server: Server, ann: FirefoxPerson, bob: FirefoxPerson, cleo: Person) -> None:
    with ExitStack() as opened:
        accounts = [
            sign_up(opened.enter_context(api_client(server.url)), name) for name in ("ann", "bob", "cleo")
        ]
        guild = accounts[0].create_guild("Interop")
        for account in accounts[1:]:
            account.join(guild.invite())
        for person, account in zip((ann, bob), accounts, strict=False):
            person.open_guild(account.username)
        cleo.open_guild(accounts[2])


def _talk(ann: FirefoxPerson, bob: FirefoxPerson, _: Person, __: Server) -> None:
    for person in (ann, bob):
        person.join_voice()
    ann.hears(bob)
    bob.hears(ann)


def _mute(ann: FirefoxPerson, bob: FirefoxPerson, _: Person, __: Server) -> None:
    ann.click("toggle-mute")
    bob.hears()
    ann.click("toggle-mute")
    bob.hears(ann)


def _come_back(ann: FirefoxPerson, bob: FirefoxPerson, _: Person, __: Server) -> None:
    bob.click("voice-leave")
    ann.hears()
    bob.join_voice()
    bob.hears(ann)
    bob.reload()
    ann.hears()
    bob.join_voice()
    ann.hears(bob)
    bob.hears(ann)


def _meet_chromium(ann: FirefoxPerson, bob: FirefoxPerson, cleo: Person, _: Server) -> None:
    cleo.join_voice()
    ann.hears(bob, cleo)
    bob.wait(lambda: heard(cleo.page, TONES_HZ) == {ann.tone_hz, bob.tone_hz}, "the Chromium hears both")


def _show_faces(ann: FirefoxPerson, bob: FirefoxPerson, cleo: Person, _: Server) -> None:
    for person in (ann, bob):
        person.turn_camera_on()
        person.click("voice-place")
    ann.sees_moving("[data-testid='voice-tile-bob'] video")
    bob.sees_moving("[data-testid='voice-tile-ann'] video")
    stage.enter_room(cleo)
    for name in ("ann", "bob"):
        stage.sees_moving(cleo, cleo.find(f"voice-tile-{name}").locator("video"))


def _watch(ann: FirefoxPerson, bob: FirefoxPerson, cleo: Person, _: Server) -> None:
    for person in (ann, bob):
        person.click("toggle-camera")
    stage.share_screen(cleo)
    for person in (ann, bob):
        person.click("stream-tile-cleo", " [data-testid='watch-stream']")
        person.sees_moving("[data-testid='stage-main'] video")


def _restart(ann: FirefoxPerson, bob: FirefoxPerson, cleo: Person, server: Server) -> None:
    server.kill()
    server.start()
    ann.hears(bob, cleo)
    bob.hears(ann, cleo)


STEPS: dict[str, Callable[[FirefoxPerson, FirefoxPerson, Person, Server], None]] = {
    "two Firefoxes hear each other": _talk,
    "a mute and an unmute": _mute,
    "leaving, reloading and coming back": _come_back,
    "a Chromium hears and is heard": _meet_chromium,
    "webcams": _show_faces,
    "a screen is watched": _watch,
    "a killed server that comes back": _restart,
}
