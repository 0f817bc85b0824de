"""Real Chromium browsers, each with a tone as its microphone, and what their pages hear.

What a page hears is measured inside it (ears.js): the spectrum of what its <audio> elements play.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
HEARD_DB = -45.0  # a tone arrives at about -20 dB; what another tone leaks into its place is below -70 dB

_EARS = Path(__file__).with_name("ears.js").read_text(encoding="utf-8")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-audio-output",  # without a sound card Chromium blocks 1.6 s on opening one
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)
_SAYS_YES = "--use-fake-ui-for-media-stream"


@contextmanager
def running_browser(
    playwright: Playwright, microphone: Path, *, executable: str | Path = CHROMIUM, says_yes: bool = True
) -> Iterator[Browser]:
    """Run a browser with a fresh profile, whose microphone plays the WAV file `microphone`.

    Every page may use the microphone, or, unless `says_yes`, only where the context's permissions say so.
    """
    answers = [_SAYS_YES] if says_yes else []
    browser = playwright.chromium.launch(
        executable_path=executable,
        headless=True,
        args=[*_FLAGS, *answers, f"--use-file-for-fake-audio-capture={microphone}"],
        ignore_default_args=["--mute-audio"],
    )
    try:
        yield browser
    finally:
        browser.close()


def give_ears(page: Page) -> None:
    """Make the page measurable; call it before the page opens anything."""
    page.add_init_script(_EARS)


def heard(page: Page, tones_hz: tuple[int, ...]) -> set[int]:
    """Return which of the tones the page plays just now."""
    levels: dict[str, float] = page.evaluate("hz => ears.levels(hz)", list(tones_hz))
    return {int(hz) for hz, level_db in levels.items() if level_db > HEARD_DB}


@dataclass(frozen=True)
class Loudness:
    """One tone's level over time, as a page measured it."""

    samples: tuple[tuple[float, float], ...]  # (ms since the epoch, dB)

    def last_heard_ms(self) -> float:
        """Return when the tone was heard last."""
        return max(at for at, level_db in self.samples if level_db > HEARD_DB)

    def longest_gap_ms(self) -> float:
        """Return the longest time without the tone."""
        times = [at for at, level_db in self.samples if level_db > HEARD_DB]
        edges = [self.samples[0][0], *times, self.samples[-1][0]]
        return max(later - earlier for earlier, later in itertools.pairwise(edges))


@contextmanager
def recorded(page: Page, tone_hz: int) -> Iterator[Callable[[], Loudness]]:
    """Record the tone's level in the page during the block; afterwards the yielded function returns it."""
    result: list[Loudness] = []
    page.evaluate("hz => ears.record(hz)", tone_hz)
    yield lambda: result[0]
    samples = page.evaluate("ears.stop()")
    result.append(Loudness(tuple((float(at), float(level_db)) for at, level_db in samples)))


def voice_stats(page: Page, kind: str) -> list[dict[str, Any]]:
    """Return the statistics of one kind (`inbound-rtp`, …) of the page's voice connection."""
    stats: list[dict[str, Any]] = page.evaluate("ears.stats()")
    return [entry for entry in stats if entry["type"] == kind]
