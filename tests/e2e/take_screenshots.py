"""Take the README's pictures from the running client: `python -m tests.e2e.take_screenshots`.

Makes a guild with a few people in it over the API, brings three of them into the voice channel with real
browsers, and photographs what the first one sees. What their cameras and screens show is drawn (scenery.js).
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests.e2e.account import PASSWORD, Account, api_client
from tests.e2e.person import TONES_HZ, Person
from tests.e2e.stage import face, sees_moving, share_screen, turn_camera_on, watch
from tests.support.browser import running_browser
from tests.support.server import running_server
from tests.support.tones import write_tone

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
SCENERY = Path(__file__).with_name("scenery.js").read_text(encoding="utf-8")
SIZE: ViewportSize = {"width": 1280, "height": 800}
PEOPLE = {"nova": "Nova", "kestrel": "Kestrel", "byte": "Byte", "juno": "Juno"}
SAID = (
    ("nova", "Raid starts at eight. Who is in?"),
    ("kestrel", "In! Bringing two healers."),
    ("kestrel", "And I finally fixed my microphone, **promise**."),
    ("byte", "Same. Voice from the new server feels like sitting in one room."),
    ("juno", "How is the ping for everyone? `7 ms` here."),
    ("nova", "Three. Come into General, we can test it right now."),
    ("byte", "On my way."),
)


def main() -> None:
    """Set the scene and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server(folder))
        accounts = {name: _account(stack, server.url, name) for name in PEOPLE}
        owner = accounts["nova"]
        guild = owner.create_guild("Night Owls")
        body = {"guild_id": guild.id, "channel_type": "text"}
        for name, topic in (("raids", "Who, when, with what"), ("memes", "")):
            owner.call("POST", "/api/channels", {**body, "name": name, "topic": topic or None}, status=201)
        for account in list(accounts.values())[1:]:
            account.join(guild.invite())
        for name, text in SAID:
            accounts[name].post_message(guild.text_id, text)
        playwright = stack.enter_context(sync_playwright())
        people = []
        for name, tone_hz in zip(PEOPLE, TONES_HZ, strict=False):
            tone = write_tone(folder / f"{tone_hz}.wav", tone_hz)
            browser = stack.enter_context(running_browser(playwright, tone))
            page = browser.new_context(viewport=SIZE).new_page()
            page.add_init_script(f"window.sceneryOf = '{name}'; {SCENERY}")
            person = Person(page, server.url, tone_hz)
            person.open_guild(accounts[name])
            person.username = name
            person.join_voice()
            people.append(person)
        first = people[0]
        first.sees_in_voice(*people)
        people[2].press("toggle-mute")
        first.page.wait_for_timeout(4000)
        first.page.screenshot(path=PICTURES / "voice.png")
        first.read()
        first.page.wait_for_timeout(4000)
        first.page.screenshot(path=PICTURES / "main.png")
        _watch_together(people)


def _watch_together(people: list[Person]) -> None:
    """Photograph a shared screen, and the faces of those who watch it."""
    first, sharer, other = people
    for person in people:
        turn_camera_on(person, tier="medium")
    share_screen(sharer, tier="medium")
    watch(first, sharer)
    for person in (sharer, other):
        sees_moving(first, face(first, person))
    first.page.wait_for_timeout(6000)
    first.page.screenshot(path=PICTURES / "watching.png")


def _account(stack: ExitStack, url: str, username: str) -> Account:
    http = stack.enter_context(api_client(url))
    body = {"username": username, "password": PASSWORD, "display_name": PEOPLE[username]}
    return Account(http, username, http.post("/auth/register", json=body).raise_for_status().json())


if __name__ == "__main__":
    main()
