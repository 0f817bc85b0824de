"""Join: from the click on a voice channel in Chromium until the page has the first audio of the others."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import trio
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect, sync_playwright
from tests.e2e.person import VOICE_CHANNEL, Person
from tests.support.browser import CHROMIUM, running_browser
from tests.support.tones import write_tone

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.product.others import talk
from bench.product.town import Town, open_town
from bench.programs import Broken

OTHERS = 5
_TONE_HZ = 500
_WATCH = Path(__file__).parents[1].joinpath("product", "watch.js").read_text(encoding="utf-8")
_HEARD_WITHIN_MS = 15_000


Join = dict[str, float]
"""When each step was reached, in milliseconds after the click."""

# voice_join left the page, voice_offer came, voice_answer left, ICE and DTLS were done.
_STEPS = ("asked", "offered", "answered", "connected")
_ALONE = "alone"


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure joins and leaves of one page, five others talking all the time."""
    if shutil.which(CHROMIUM) is None:
        return Findings(remarks=[f"Joins were not measured: there is no Chromium at {CHROMIUM}."])
    with open_town(folder / "join", OTHERS + 1) as town:
        async with trio.open_nursery() as nursery:
            for other in town.people[:OTHERS]:
                await nursery.start(talk, town.server.url, other.access_token, town.guild.voice_id)
            try:
                joins = await trio.to_thread.run_sync(_browse, town, plan.joins, folder)
            except BrowserError as problem:
                raise Broken(f"the browser could not join: {problem}") from problem
            nursery.cancel_scope.cancel()
    return Findings(figures=_figures(joins))


def _browse(town: Town, count: int, folder: Path) -> list[Join]:
    """Join and leave `count` times and once more before: the first finds everything cold."""
    with (
        sync_playwright() as playwright,
        running_browser(playwright, write_tone(folder / "tone.wav", _TONE_HZ)) as browser,
    ):
        page = browser.new_page()
        page.add_init_script(_WATCH)
        person = Person(page, town.server.url, _TONE_HZ)
        person.open_guild(town.people[OTHERS])
        return [_join(person) | {_ALONE: _alone(person)} for _ in range(count + 1)]


def _alone(person: Person) -> float:
    """Return what the same browser needs at this moment to hear itself, without any server."""
    found = person.page.evaluate("withinMs => benchAlone(withinMs)", _HEARD_WITHIN_MS)
    if found is None:
        raise Broken(f"the page did not hear itself within {_HEARD_WITHIN_MS} ms")
    return float(found)


def _join(person: Person) -> Join:
    channel = person.find(f"voice-channel-{VOICE_CHANNEL}")
    expect(channel).to_be_visible()
    words = [f'[data-testid="voice-channel-{VOICE_CHANNEL}"]', OTHERS, _HEARD_WITHIN_MS]
    seen = person.page.evaluate("words => benchJoin(...words)", words)
    if seen is None:
        raise Broken(f"the page did not hear {OTHERS} others within {_HEARD_WITHIN_MS} ms")
    person.is_connected()
    person.find("voice-leave").click()
    expect(person.find("voice-panel")).to_be_hidden()
    heard = sorted(seen["heard"])
    reached = {step: seen[step] for step in _STEPS if step in seen}
    reached |= {"first-audio": heard[0], "all-audio": heard[OTHERS - 1]}
    return {step: at - seen["clicked"] for step, at in reached.items()}


def _figures(joins: list[Join]) -> list[Figure]:
    cold, *warm = joins
    alone = [join[_ALONE] for join in warm]
    figures = []
    for step in (*_STEPS, "first-audio", "all-audio"):
        reached = [join[step] for join in warm if step in join]
        is_compared = step == "first-audio"
        figures.append(_figure(step, reached, alone if is_compared else []))
    return [
        *(figure for figure in figures if figure.subject),
        _figure("first-audio-cold", [cold["first-audio"]]),
    ]


def _figure(metric: str, found: list[float], baseline: Sequence[float] = ()) -> Figure:
    return Figure(
        case=f"join {OTHERS}-others",
        metric=metric,
        unit="ms",
        subject=found,
        baseline=list(baseline),
        against="browser alone" if baseline else "",
    )
