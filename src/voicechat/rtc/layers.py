"""Which layer of each stream a viewer is sent, by what its network carries (pure).

`fit` shares a budget out: everybody's lowest layer first, screens before webcams, then screens are lifted as
far as it goes, then webcams in turns. What is too much is paused.

A `Chooser` keeps one viewer's choice steady. It goes down at once. It goes up when the better choice has
fitted for some seconds; an up that soon has to be taken back makes the next one wait twice as long. What is
sent is also all that shows how much the network carries, so an estimate stands still a little above it, or,
with everything paused, where it was: now and then the next layer is tried, and taken back when the estimate
falls.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

HOLD_S = 3.0  # how long a better choice has to fit
PATIENCE_S = 10.0  # after so long without a change something better is tried
MAX_CAUTION = 16.0  # times as long
DARK_MAX_S = 12.0  # somebody who is sent nothing at all waits no longer for the next trial
FAILED_WITHIN_S = 8.0  # an up taken back so soon was one too many
TRUSTED_AFTER_S = 30.0  # without such a failure the next up waits no longer than the first
TRIAL_S = 3.0  # how long a layer is tried, for its effect on the estimate to be seen
STILL = 0.95  # of the estimate at the beginning: less, and the trial is over
MARGIN = 1.15  # what is not sent yet has to fit with some room, since it was measured elsewhere


class Layer(enum.StrEnum):
    """The size a publisher sends a stream in; one that does not send several has the highest alone."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Preference(enum.StrEnum):
    """The highest layer a viewer wants of a stream; OFF = do not send it to me."""

    AUTO = "auto"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    OFF = "off"


class Withheld(enum.StrEnum):
    """Why a viewer is sent nothing of a stream that it wants."""

    NO_CODEC = "no_codec"  # it comes in a codec that the viewer's answer does not take
    NO_SLOT = "no_slot"  # all sections the viewer has, or may have, show something else
    NO_PACKETS = "no_packets"  # its publisher sends nothing at the moment
    BANDWIDTH = "bandwidth"  # the viewer's network carries not even the lowest layer


LADDER = (Layer.LOW, Layer.MEDIUM, Layer.HIGH)
"""From the least to the most."""

_HEIGHT = {layer: height for height, layer in enumerate(LADDER)}
_CEILING = {
    Preference.AUTO: 2,
    Preference.HIGH: 2,
    Preference.MEDIUM: 1,
    Preference.LOW: 0,
    Preference.OFF: -1,
}

Key = TypeVar("Key", bound=Hashable)


def height(layer: Layer | None) -> int:
    """Compare layers by this: the more the higher, nothing lowest of all."""
    return -1 if layer is None else _HEIGHT[layer]


def within(preference: Preference, layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return which of the layers a preference allows, the lowest first; at least the lowest, but for OFF."""
    if preference is Preference.OFF:
        return ()
    ordered = sorted(layers, key=height)
    allowed = [layer for layer in ordered if height(layer) <= _CEILING[preference]]
    return tuple(allowed or ordered[:1])


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Key]):
    """A stream a viewer wants: its layers, the lowest first, each with the bits per second it takes."""

    key: Key
    is_screen: bool
    rates: tuple[tuple[Layer, float], ...]


def fit(
    budget: float, wanted: Sequence[Wanted[Key]], current: Mapping[Key, Layer | None]
) -> dict[Key, Layer | None]:
    """Choose a layer of each stream, or None, so that all together take at most `budget` bits per second.

    Those before come first among equals.
    """
    steps = {stream.key: _costs(stream, current.get(stream.key)) for stream in wanted}
    chosen = dict.fromkeys(steps, 0)  # how many layers up from nothing
    left = budget
    screens = [stream.key for stream in wanted if stream.is_screen]
    webcams = [stream.key for stream in wanted if not stream.is_screen]
    left = _lift([*screens, *webcams], steps, chosen, left, rounds=1)
    left = _lift([key for key in screens if chosen[key]], steps, chosen, left)
    _lift([key for key in webcams if chosen[key]], steps, chosen, left)
    ladders = {stream.key: (None, *(layer for layer, _ in stream.rates)) for stream in wanted}
    return {key: ladders[key][number] for key, number in chosen.items()}


def _costs(stream: Wanted[Key], current: Layer | None) -> list[float]:
    """Return what nothing, the lowest layer, … take; a layer above the current one takes some more."""
    costs = [0.0]
    for layer, bits in stream.rates:
        margin = MARGIN if height(layer) > height(current) else 1.0
        costs.append(max(costs[-1], bits * margin))
    return costs


def _lift(
    keys: Sequence[Key],
    steps: Mapping[Key, Sequence[float]],
    chosen: dict[Key, int],
    left: float,
    *,
    rounds: int = len(LADDER),
) -> float:
    """Lift each in turn by one layer while it fits; return what is left."""
    for _ in range(rounds):
        for key in keys:
            number = chosen[key]
            if number + 1 < len(steps[key]) and (more := steps[key][number + 1] - steps[key][number]) <= left:
                chosen[key], left = number + 1, left - more
    return left


@dataclass(frozen=True, slots=True)
class _Trial(Generic[Key]):
    """A layer that is sent although it does not fit, until then or until the estimate falls."""

    key: Key
    layer: Layer
    until: float
    budget: float

    def holds(self, now: float, budget: float) -> bool:
        return now < self.until and budget >= self.budget * STILL


@dataclass(slots=True)
class Chooser(Generic[Key]):
    """One viewer's choice over time; written to by its stage alone."""

    chosen: dict[Key, Layer | None] = field(default_factory=dict)
    _caution: float = 1.0  # by how much the waits are longer than at first
    _better_since: dict[Key, float] = field(default_factory=dict)
    _steady_since: float = 0.0
    _last_up: float | None = None
    _trial: _Trial[Key] | None = None

    def choose(
        self, now: float, budget: float | None, wanted: Sequence[Wanted[Key]]
    ) -> dict[Key, Layer | None]:
        """Return the layer of each stream; `budget` None: nothing is known against the best of all."""
        if budget is None:
            self.chosen = {stream.key: stream.rates[-1][0] if stream.rates else None for stream in wanted}
            return self.chosen
        target = fit(budget, wanted, self.chosen)
        if self._trial is not None and self._trial.holds(now, budget) and self._trial.key in target:
            target[self._trial.key] = max(target[self._trial.key], self._trial.layer, key=height)
        else:
            self._trial = None
        before, self.chosen = self.chosen, {key: self._step(now, key, layer) for key, layer in target.items()}
        self._better_since = {key: at for key, at in self._better_since.items() if key in target}
        if self.chosen != before:
            self._steady_since = now
        self._try(now, budget, wanted)
        return self.chosen

    def wish(self, wanted: Sequence[Wanted[Key]]) -> float:
        """Return what all would take with the most important of the better layers; 0 when there is none.

        While a layer is tried that tells enough.
        """
        improved = self._improvable(wanted)
        if improved is None or self._trial is not None:
            return 0.0
        layers = {stream.key: self.chosen.get(stream.key) for stream in wanted}
        layers[improved.key] = self._above(improved)[0]
        rates = ((stream, dict(stream.rates)) for stream in wanted)
        return MARGIN * sum(of[layer] for stream, of in rates if (layer := layers[stream.key]) in of)

    def _step(self, now: float, key: Key, target: Layer | None) -> Layer | None:
        if key not in self.chosen:
            return target
        current = self.chosen[key]
        if height(target) <= height(current):
            self._better_since.pop(key, None)
            if height(target) < height(current):
                self._went_down(now)
            return target
        since = self._better_since.setdefault(key, now)
        if now - since < HOLD_S * self._caution:
            return current
        del self._better_since[key]
        self._went_up(now)
        return target

    def _went_up(self, now: float) -> None:
        if self._last_up is not None and now - self._last_up > TRUSTED_AFTER_S:
            self._caution = 1.0
        self._last_up = now

    def _went_down(self, now: float) -> None:
        if self._last_up is not None and now - self._last_up < FAILED_WITHIN_S:
            self._caution = min(MAX_CAUTION, self._caution * 2)
            self._last_up = None

    def _try(self, now: float, budget: float, wanted: Sequence[Wanted[Key]]) -> None:
        """Send a layer that does not fit for a moment: an estimate rises only by what is sent."""
        stream = self._improvable(wanted)
        if stream is None or self._trial is not None:
            self._steady_since = now
            return
        is_dark = all(layer is None for layer in self.chosen.values())
        wait_s = min(HOLD_S * self._caution, DARK_MAX_S) if is_dark else PATIENCE_S * self._caution
        if now - self._steady_since >= wait_s:
            layer = self._above(stream)[0]
            self.chosen[stream.key] = layer
            self._trial = _Trial(stream.key, layer, now + TRIAL_S, budget)
            self._went_up(now)

    def _improvable(self, wanted: Sequence[Wanted[Key]]) -> Wanted[Key] | None:
        """Return the most important of the streams that could be better: paused ones and screens first."""
        better = [stream for stream in wanted if self._above(stream)]
        return min(
            better,
            key=lambda stream: (self.chosen[stream.key] is not None, not stream.is_screen),
            default=None,
        )

    def _above(self, stream: Wanted[Key]) -> list[Layer]:
        current = height(self.chosen.get(stream.key))
        return [layer for layer, _ in stream.rates if height(layer) > current]
