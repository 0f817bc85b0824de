"""How much is measured: sizes and lengths of a run."""

from __future__ import annotations

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run's sizes; a round measures every side of a case once, for `seconds`.

    A sitting is some rounds with fresh processes: where their memory lies decides about a tenth of their
    speed, and the spread of a run must show that.
    """

    cases: tuple[str, ...]
    rooms: tuple[int, ...]
    sittings: int
    rounds: int  # of each sitting
    seconds: float
    is_pinned: bool = True  # load on the first CPU, what is measured on the last
    chat_sockets: int = 100
    chat_rounds: int = 6
    joins: int = 8
    loss_seconds: float = 6.0
    drift_hours: float = 2.0  # of the room's time
    mouth_calls: int = 4


_ENGINE = ("memory", "micro", "forward", "rooms", "capacity", "busy", "flood", "loss", "drift", "video")
_PRODUCT = ("chat", "join", "mouth")

#: Under six minutes on two cores. Short rounds: the nearer in time, the more alike is the machine.
FULL = Plan(cases=_ENGINE + _PRODUCT, rooms=(2, 10, 25, 50), sittings=3, rounds=3, seconds=0.5)

#: Under a minute, repetitions of what is in doubt aside: what the guarded ratios need.
GUARD = Plan(cases=("memory", "forward", "busy"), rooms=(10, 50), sittings=3, rounds=4, seconds=0.35)
