"""What rooms and their stages ask of the engine: routes from tracks into slots, and gates. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from voicechat.rtc.layers import Layer

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


@dataclass(frozen=True, slots=True)
class ShowStream:
    """Feed the slot `mid` of `subscriber` with a layer of what `publisher` sends as `source`.

    What fed it goes on until the new layer's keyframe. With None the slot is kept and nothing is sent.
    """

    subscriber: str
    mid: str
    publisher: str
    source: str
    layer: Layer | None


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Feed the slot `mid` of `subscriber` with the sound of a screen that `publisher` shares."""

    subscriber: str
    mid: str
    publisher: str
    source: str


@dataclass(frozen=True, slots=True)
class GateSound:
    """Forward nothing of the sound of a screen while `is_closed`."""

    publisher: str
    source: str
    is_closed: bool


RouteCommand = SetRoute | ClearRoute | GateTrack | GatePeer | ShowStream | PlaySound | GateSound


@dataclass(frozen=True, slots=True)
class SlotState:
    """Who is heard or seen in the media section `mid`: nobody where `user_id` is None.

    `source` is `microphone`, or `whisper` where the voice is meant for this listener and not for its room;
    or one of those of `rtc.sources`.
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
