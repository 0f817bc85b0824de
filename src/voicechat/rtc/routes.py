"""What the table of rooms asks of the engine: routes from tracks into slots, and gates. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

MICROPHONE = "microphone"
WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Feed the slot `mid` of `subscriber` from the microphone of `publisher`, instead of what fed it.

    `is_late`: the listener was to hear it before there was a slot, so it begins with the syllable just said.
    """

    subscriber: str
    mid: str
    publisher: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class ClearRoute:
    """Leave the slot `mid` of `subscriber` empty."""

    subscriber: str
    mid: str


@dataclass(frozen=True, slots=True)
class GateTrack:
    """Forward nothing of the microphone of `publisher` while `is_closed`."""

    publisher: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class GatePeer:
    """Forward nothing to `subscriber` while `is_closed`."""

    subscriber: str
    is_closed: bool


RouteCommand = SetRoute | ClearRoute | GateTrack | GatePeer


@dataclass(frozen=True, slots=True)
class SlotState:
    """Who is heard in the media section `mid`: nobody where `user_id` is None.

    `source` is `microphone`, or `whisper` where the voice is meant for this listener and not for its room.
    """

    mid: str
    user_id: str | None
    source: str = MICROPHONE


@dataclass(slots=True)
class Changes:
    """What a change of the rooms asks of the engine, and which members' slots it altered, in order."""

    commands: list[RouteCommand] = field(default_factory=list)
    rearranged: list[str] = field(default_factory=list)
    _marked: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def mark(self, subscriber: str) -> None:
        """Note that the slots of `subscriber` changed, once."""
        if subscriber not in self._marked:
            self._marked.add(subscriber)
            self.rearranged.append(subscriber)
