"""A call of two and how well they hear each other, by the statistics of their browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.person import Person
from tests.support.browser import recorded, voice_stats
from tests.support.impaired_network import Link

TRIES = 4  # for a machine that is busy with other things


@dataclass(frozen=True)
class Hearing:
    """How one person heard the other during some seconds."""

    packets: int
    concealed: float  # the share of what was played that had to be made up
    delay_ms: float  # how long sound waited in the jitter buffer
    longest_gap_ms: float  # without the other's tone, as the page played it


Heard = dict[str, Hearing]


@dataclass(frozen=True)
class Leg:
    """What the server tells one person of what it receives from them (remote-inbound-rtp)."""

    rtt_ms: float
    fraction_lost: float


@dataclass(frozen=True)
class Call:
    """Bob is behind the link, Ann is not."""

    ann: Person
    bob: Person
    link: Link

    def listen(self, seconds: float) -> Heard:
        """Let both listen; `up` is what Ann heard of Bob, `down` the other way round."""
        before = _inbound(self.ann), _inbound(self.bob)
        with (
            recorded(self.ann.page, self.bob.tone_hz) as up,
            recorded(self.bob.page, self.ann.tone_hz) as down,
        ):
            self.let_pass(seconds)
        after = _inbound(self.ann), _inbound(self.bob)
        gaps = up().longest_gap_ms(), down().longest_gap_ms()
        heard = (_hearing(*which) for which in zip(before, after, gaps, strict=True))
        return dict(zip(("up", "down"), heard, strict=True))

    def listen_until(self, is_good: Callable[[Heard], bool], seconds: float) -> Heard:
        """Listen again, a few times at most, until it is good; return the last."""
        for _ in range(TRIES):
            heard = self.listen(seconds)
            if is_good(heard):
                break
        return heard

    def let_pass(self, seconds: float) -> None:
        """Let time pass in a way that lets the browsers' events through."""
        self.ann.page.wait_for_timeout(seconds * 1000)


def leg(person: Person) -> Leg:
    """Read the newest report about the person's microphone; nothing but zeros before the first."""
    for report in voice_stats(person.page, "remote-inbound-rtp"):
        if "roundTripTime" in report:
            rtt_ms = 1000 * report["roundTripTime"]
            return Leg(rtt_ms, report["fractionLost"])
    return Leg(0.0, 0.0)


def _inbound(person: Person) -> dict[str, Any]:
    [stream] = person.received()
    return stream


def _hearing(before: dict[str, Any], after: dict[str, Any], longest_gap_ms: float) -> Hearing:
    def grown(name: str) -> float:
        return float(after[name] - before[name])

    return Hearing(
        packets=round(grown("packetsReceived")),
        concealed=grown("concealedSamples") / max(1.0, grown("totalSamplesReceived")),
        delay_ms=1000 * grown("jitterBufferDelay") / max(1.0, grown("jitterBufferEmittedCount")),
        longest_gap_ms=longest_gap_ms,
    )
