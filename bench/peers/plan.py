"""How much is measured."""

from __future__ import annotations

import msgspec


class Scenario(msgspec.Struct, frozen=True):
    """One room: who talks (and hears the others), who only listens."""

    name: str
    talkers: int
    listeners: int


SCENARIOS = (
    Scenario("1-to-1", 1, 1),
    Scenario("room-of-10", 10, 0),
    Scenario("1-to-50", 1, 50),
)
ROOM_OF_CAPACITY = 10  # people in each room of the ramp; everybody talks


class PeersPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One run's sizes; in a sitting every server is started, measured and ended, one after the other."""

    peers: tuple[str, ...]
    sittings: int = 2
    rounds: int = 2  # of each scenario in each sitting
    seconds: float = 2.0
    joins: int = 5
    ramp: tuple[int, ...] = (2, 5, 10, 20, 40, 70, 110, 160, 220, 300)  # talkers at once
    ramp_seconds: float = 1.5
    p99_at_most_us: float = 5000.0
    loss_at_most: float = 0.0001
    is_pinned: bool = True
