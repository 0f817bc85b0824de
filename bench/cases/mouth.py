"""Mouth to ear: from a burst in one Chromium's microphone until another Chromium's page has it.

Every burst travels twice at the same time, through the server and directly between the two pages, so that
both saw the same machine. Both ears are before the loudspeaker, the mouth is behind the microphone's driver.
A call's delay is nearly constant, but two calls differ by up to a frame (20 ms): where the sound is cut into
frames is luck. So there are several calls, and each gives one value.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import trio
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Playwright, expect, sync_playwright
from tests.e2e.account import Account
from tests.e2e.person import Person
from tests.support.browser import CHROMIUM, running_browser

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.product.bursts import write_bursts
from bench.product.town import Town, open_town
from bench.programs import Broken
from bench.stats import median

_EAR = Path(__file__).parents[1].joinpath("product", "ear.js").read_text(encoding="utf-8")
_SETTLES_S = 2.5  # the jitter buffers find their size
_LISTENS_S = 1.5
_WITHIN_MS = 400.0
_TONE_HZ = 1000


async def run(plan: Plan, folder: Path) -> Findings:
    """Let one page speak in bursts and another listen, in several calls."""
    if shutil.which(CHROMIUM) is None:
        return Findings(remarks=[f"Mouth to ear was not measured: there is no Chromium at {CHROMIUM}."])
    with open_town(folder / "mouth", 2) as town:
        try:
            calls = await trio.to_thread.run_sync(_calls, town, plan.mouth_calls, folder)
        except BrowserError as problem:
            raise Broken(f"the browsers could not talk: {problem}") from problem
    server, direct = [call[0] for call in calls], [call[1] for call in calls]
    added = [ours - theirs for ours, theirs in calls]
    return Findings(figures=[_figure("burst", server, direct), _figure("added", added)])


def _figure(metric: str, found: list[float], baseline: Sequence[float] = ()) -> Figure:
    return Figure(
        case="mouth-to-ear",
        metric=metric,
        unit="ms",
        subject=found,
        baseline=list(baseline),
        against="peer to peer" if baseline else "",
    )


def delays_ms(
    spoken: Sequence[float], by_server: Sequence[float], directly: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Match times of bursts: the delays through the server and directly of those heard both ways (pure)."""
    server, direct = [], []
    for at in spoken:
        ours, theirs = _after(at, by_server), _after(at, directly)
        if ours is not None and theirs is not None:
            server.append(ours)
            direct.append(theirs)
    return server, direct


def _after(spoken: float, heard: Sequence[float]) -> float | None:
    return next((at - spoken for at in heard if 0 <= at - spoken < _WITHIN_MS), None)


def _calls(town: Town, count: int, folder: Path) -> list[tuple[float, float]]:
    """Return each call's delay through the server and directly, in milliseconds."""
    microphone = write_bursts(folder / "bursts.wav")
    with sync_playwright() as playwright, ExitStack() as stack:
        speaker, listener = (_arrive(stack, playwright, town, account, microphone) for account in town.people)
        return [_call(speaker, listener) for _ in range(count)]


def _call(speaker: Person, listener: Person) -> tuple[float, float]:
    for person in (speaker, listener):
        person.join_voice()
    offer = speaker.page.evaluate("benchEar.offer()")
    answer = listener.page.evaluate("sdp => benchEar.answer(sdp)", offer)
    speaker.page.evaluate("sdp => benchEar.accept(sdp)", answer)
    speaker.page.evaluate("benchEar.listenToMicrophone()")
    listener.page.evaluate("benchEar.listenToServer()")
    time.sleep(_SETTLES_S)
    began = listener.page.evaluate("Date.now()")
    time.sleep(_LISTENS_S)
    spoken = [at for at in speaker.page.evaluate("benchEar.began()")["microphone"] if at >= began]
    heard = listener.page.evaluate("benchEar.began()")
    server, direct = delays_ms(spoken, heard["server"], heard["direct"])
    if not server:
        raise Broken("no burst was heard both through the server and directly")
    for person in (speaker, listener):
        person.page.evaluate("benchEar.again()")
        person.find("voice-leave").click()
        expect(person.find("voice-panel")).to_be_hidden()
    return median(server), median(direct)


def _arrive(
    stack: ExitStack, playwright: Playwright, town: Town, account: Account, microphone: Path
) -> Person:
    """Open a page of the town in a browser of its own."""
    browser = stack.enter_context(running_browser(playwright, microphone))
    page = browser.new_context(bypass_csp=True).new_page()  # the detector is a script of ours
    page.add_init_script(_EAR)
    person = Person(page, town.server.url, _TONE_HZ)
    person.open_guild(account)
    return person
