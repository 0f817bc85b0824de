"""What is shown in one room, who watches it in which slot, and in which layer (pure).

A stream is announced when its publisher may send it, and begins when the publisher's answer says that it
does. From then on every member but its publisher gets it in a slot, unless they prefer otherwise, cannot
decode it, or have too few slots: then screens go before webcams, and what began earlier before what came
later. Pictures and sounds have slots of their own; whatever has a slot keeps it.

In which layer is decided when a stream begins (the lowest, since publishers send that first) and then at
every `measure`, by what the layers take and what the viewer's network carries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from voicechat.rtc import sources
from voicechat.rtc.layers import Chooser, Layer, Preference, Wanted, Withheld, height, within
from voicechat.rtc.routes import Changes, ClearRoute, GateSound, PlaySound, ShowStream, SlotState

StreamKey = tuple[str, str]
"""The publisher's peer and the source."""

MAX_PREFERENCES = 256  # remembered for a viewer; the oldest goes first
QUIET_S = 2.0  # without a layer that is sent: longer than it takes a publisher to begin


@dataclass(slots=True)
class _Stream:
    key: StreamKey
    user_id: str
    layers: tuple[Layer, ...] = ()  # from its beginning on; empty for a sound
    has_begun: bool = False
    rates: dict[Layer, float] = field(default_factory=dict)  # of the layers that are sent just now
    quiet_since: float | None = None  # no layer was sent then, and none was since
    codec: int | None = None

    @property
    def source(self) -> str:
        return self.key[1]


@dataclass(slots=True)
class _Slots:
    """Some slots of one viewer; those freed the longest ago are used first."""

    held: dict[str, StreamKey | None] = field(default_factory=dict)  # mid → what is there
    mids: dict[StreamKey, str] = field(default_factory=dict)
    free: deque[str] = field(default_factory=deque)

    def grow(self, mids: Iterable[str]) -> None:
        for mid in mids:
            if mid not in self.held:
                self.held[mid] = None
                self.free.append(mid)

    def take(self, key: StreamKey) -> str:
        mid = self.free.popleft()
        self.held[mid], self.mids[key] = key, mid
        return mid

    def give_back(self, key: StreamKey) -> str:
        mid = self.mids.pop(key)
        self.held[mid] = None
        self.free.append(mid)
        return mid


@dataclass(slots=True)
class _Viewer:
    peer_id: str
    user_id: str
    pictures: _Slots = field(default_factory=_Slots)
    sounds: _Slots = field(default_factory=_Slots)
    codecs: frozenset[int] = frozenset()
    preferences: dict[tuple[str, str], Preference] = field(default_factory=dict)
    budget: float | None = None
    wish: float = 0.0
    chooser: Chooser[StreamKey] = field(default_factory=Chooser)
    shown: dict[StreamKey, Layer | None] = field(default_factory=dict)

    def prefers(self, stream: _Stream) -> Preference:
        return self.preferences.get((stream.user_id, stream.source), Preference.AUTO)


class Stage:
    """The streams and viewers of one room; its one owner is the media room."""

    def __init__(self) -> None:
        self._viewers: dict[str, _Viewer] = {}
        self._streams: dict[StreamKey, _Stream] = {}
        self._gated: set[str] = set()  # publishers whose sounds are held back

    @property
    def is_dark(self) -> bool:
        """Whether nothing is shown or announced."""
        return not self._streams

    def announced(self, peer_id: str) -> tuple[str, ...]:
        """Return the sources of a publisher, begun or not."""
        return tuple(source for publisher, source in self._streams if publisher == peer_id)

    def needs(self, peer_id: str) -> tuple[int, int]:
        """Count the slots a viewer could use for what is announced: for pictures, and for sounds."""
        viewer = self._viewers[peer_id]
        wanted = [stream for stream in self._streams.values() if self._is_welcome(viewer, stream)]
        pictures = sum(sources.is_video(stream.source) for stream in wanted)
        return pictures, len(wanted) - pictures

    def slots_of(self, peer_id: str) -> tuple[SlotState, ...]:
        """Show a viewer's slots, pictures first."""
        viewer = self._viewers.get(peer_id)
        if viewer is None:
            return ()
        held = [*viewer.pictures.held.items(), *viewer.sounds.held.items()]
        return tuple(self._slot_state(mid, key) for mid, key in held)

    def _slot_state(self, mid: str, key: StreamKey | None) -> SlotState:
        if key is None:
            return SlotState(mid, None)
        return SlotState(mid, self._streams[key].user_id, key[1])

    # ---- who is there ----------------------------------------------------------------------------

    def enter(self, peer_id: str, user_id: str) -> None:
        """Let a member watch; it sees something once it has slots."""
        self._viewers[peer_id] = _Viewer(peer_id, user_id)

    def leave(self, peer_id: str) -> Changes:
        """Let a member go with all it publishes."""
        changes = Changes()
        self._gated.discard(peer_id)
        self._viewers.pop(peer_id, None)
        for source in self.announced(peer_id):
            self._end((peer_id, source), changes)
        return changes

    def give_slots(
        self, peer_id: str, *, pictures: Iterable[str], sounds: Iterable[str], codecs: Collection[int]
    ) -> Changes:
        """Say which sections the client takes pictures and sounds on, and which codecs it can decode."""
        viewer, changes = self._viewers[peer_id], Changes()
        viewer.pictures.grow(pictures)
        viewer.sounds.grow(sounds)
        viewer.codecs = frozenset(codecs)
        self._refresh(viewer, changes)
        return changes

    # ---- what is shown ---------------------------------------------------------------------------

    def announce(self, peer_id: str, user_id: str, source: str) -> None:
        """Expect a stream."""
        key = (peer_id, source)
        self._streams[key] = _Stream(key, user_id)

    def begin(
        self, peer_id: str, source: str, layers: Iterable[Layer] = (), codec: int | None = None
    ) -> Changes:
        """Say that an announced stream is sent, a video in these layers.

        `codec` is what it is said to come in, until a look at its packets tells.
        """
        stream, changes = self._streams[peer_id, source], Changes()
        if stream.has_begun:
            return changes
        stream.layers, stream.has_begun = tuple(sorted(layers, key=height)), True
        stream.codec = codec if sources.is_video(source) else None
        if sources.is_screen_audio(source):
            changes.commands.append(GateSound(peer_id, source, peer_id in self._gated))
        self._refresh_all(changes)
        return changes

    def end(self, peer_id: str, source: str) -> Changes:
        """End a stream, begun or only announced."""
        changes = Changes()
        self._end((peer_id, source), changes)
        return changes

    def _end(self, key: StreamKey, changes: Changes) -> None:
        stream = self._streams.get(key)
        if stream is None:
            return
        stream.has_begun = False
        self._refresh_all(changes)
        del self._streams[key]

    def gate_sounds(self, peer_id: str, is_closed: bool) -> Changes:
        """Hold back the sounds of all screens of a publisher, now and later, or let them through."""
        (self._gated.add if is_closed else self._gated.discard)(peer_id)
        return Changes(
            [
                GateSound(peer_id, stream.source, is_closed)
                for (publisher, _), stream in self._streams.items()
                if publisher == peer_id and stream.has_begun and sources.is_screen_audio(stream.source)
            ]
        )

    def prefer(self, peer_id: str, user_id: str, source: str, preference: Preference) -> Changes:
        """Note what a viewer wants of a stream, there or not yet."""
        viewer, changes = self._viewers[peer_id], Changes()
        viewer.preferences.pop((user_id, source), None)
        viewer.preferences[user_id, source] = preference
        if len(viewer.preferences) > MAX_PREFERENCES:
            del viewer.preferences[next(iter(viewer.preferences))]
        self._refresh(viewer, changes)
        for key in viewer.pictures.mids:
            stream = self._streams[key]
            if (stream.user_id, stream.source) == (user_id, source):
                self._cap(viewer, stream, changes)
        return changes

    def _cap(self, viewer: _Viewer, stream: _Stream, changes: Changes) -> None:
        """Bring a stream under a ceiling that was just lowered; a raised one tells at the next measure."""
        allowed = within(viewer.prefers(stream), stream.layers)
        if allowed and height(viewer.shown.get(stream.key)) > height(allowed[-1]):
            self._show(viewer, stream, allowed[-1], changes)

    # ---- how much of it --------------------------------------------------------------------------

    def estimate(self, peer_id: str, bits_per_s: float | None) -> None:
        """Note how much video a viewer's network carries; None: nobody knows."""
        viewer = self._viewers.get(peer_id)
        if viewer is not None:
            viewer.budget = bits_per_s

    def wish(self, peer_id: str) -> float:
        """Return how much a viewer's next better picture would take with all else; 0 for none."""
        viewer = self._viewers.get(peer_id)
        return 0.0 if viewer is None or self.is_dark else viewer.wish

    def measure(
        self, now: float, rates: Mapping[StreamKey, Mapping[Layer, float]], codecs: Mapping[StreamKey, int]
    ) -> Changes:
        """Take what the layers sent just now take, in bits per second, and choose everybody's layers anew.

        `codecs` are those that packets come in, of the streams of which any came.
        """
        changes = Changes()
        for key, stream in self._streams.items():
            stream.rates = dict(rates.get(key, {}))
            if stream.rates or not stream.has_begun:
                stream.quiet_since = None
            elif stream.quiet_since is None:
                stream.quiet_since = now
        if self._learn(codecs):
            self._refresh_all(changes)
        for viewer in self._viewers.values():
            self._choose(now, viewer, changes)
        return changes

    def due(self, peer_id: str, now: float) -> dict[StreamKey, Layer | Withheld]:
        """Say what a viewer is to be sent of each video that it wants, or why not."""
        viewer = self._viewers[peer_id]
        return {
            key: self._due(viewer, stream, now)
            for key, stream in self._streams.items()
            if stream.has_begun and sources.is_video(stream.source) and _is_wanted(viewer, stream)
        }

    def _due(self, viewer: _Viewer, stream: _Stream, now: float) -> Layer | Withheld:
        if not _is_decodable(viewer, stream):
            return Withheld.NO_CODEC
        if stream.key not in viewer.pictures.mids:
            return Withheld.NO_SLOT
        if stream.quiet_since is not None and now - stream.quiet_since >= QUIET_S:
            return Withheld.NO_PACKETS
        return viewer.shown[stream.key] or Withheld.BANDWIDTH

    def mid_of(self, peer_id: str, key: StreamKey) -> str | None:
        """Return the section in which a viewer gets a video."""
        return self._viewers[peer_id].pictures.mids.get(key)

    def _learn(self, codecs: Mapping[StreamKey, int]) -> bool:
        """Note which codec each stream is in; tell whether one changed."""
        changed = [key for key, codec in codecs.items() if key in self._streams
                   and self._streams[key].codec != codec]  # fmt: skip
        for key in changed:
            self._streams[key].codec = codecs[key]
        return bool(changed)

    def _choose(self, now: float, viewer: _Viewer, changes: Changes) -> None:
        held = [key for key in self._streams if key in viewer.pictures.mids]
        wanted = [wish for key in held if (wish := self._wish(viewer, self._streams[key])).rates]
        for key, layer in viewer.chooser.choose(now, viewer.budget, wanted).items():
            if viewer.shown.get(key) != layer:
                self._show(viewer, self._streams[key], layer, changes)
        viewer.wish = viewer.chooser.wish(wanted)

    def _wish(self, viewer: _Viewer, stream: _Stream) -> Wanted[StreamKey]:
        """Return what could be shown of a stream; nothing while its publisher is silent."""
        layers = within(viewer.prefers(stream), stream.rates)
        rates = tuple((layer, stream.rates[layer]) for layer in layers)
        return Wanted(stream.key, sources.is_screen(stream.source), rates)

    # ---- keeping the slots in step ---------------------------------------------------------------

    def _refresh_all(self, changes: Changes) -> None:
        for viewer in self._viewers.values():
            self._refresh(viewer, changes)

    def _refresh(self, viewer: _Viewer, changes: Changes) -> None:
        """Bring a viewer's slots up to date; what goes makes room for what comes."""
        streams = [
            stream
            for stream in self._streams.values()
            if stream.has_begun and self._is_welcome(viewer, stream)
        ]
        pictures = [stream for stream in streams if sources.is_video(stream.source)]
        pictures.sort(key=lambda stream: not sources.is_screen(stream.source))
        sounds = [stream for stream in streams if not sources.is_video(stream.source)]
        self._fill(viewer, viewer.pictures, pictures, changes)
        self._fill(viewer, viewer.sounds, sounds, changes)

    def _is_welcome(self, viewer: _Viewer, stream: _Stream) -> bool:
        """Say whether a viewer is to get a stream: the one rule of who watches what."""
        return _is_wanted(viewer, stream) and _is_decodable(viewer, stream)

    def _fill(self, viewer: _Viewer, slots: _Slots, streams: list[_Stream], changes: Changes) -> None:
        due = {stream.key: stream for stream in streams[: len(slots.held)]}
        for key in [key for key in slots.mids if key not in due]:
            viewer.shown.pop(key, None)
            changes.commands.append(ClearRoute(viewer.peer_id, slots.give_back(key)))
            changes.mark(viewer.peer_id)
        for key, stream in due.items():
            if key not in slots.mids:
                slots.take(key)
                changes.mark(viewer.peer_id)
                self._start(viewer, stream, changes)

    def _start(self, viewer: _Viewer, stream: _Stream, changes: Changes) -> None:
        publisher, source = stream.key
        if sources.is_video(source):
            layers = within(viewer.prefers(stream), stream.rates or stream.layers)
            self._show(viewer, stream, layers[0], changes)
        else:
            mid = viewer.sounds.mids[stream.key]
            changes.commands.append(PlaySound(viewer.peer_id, mid, publisher, source))

    def _show(self, viewer: _Viewer, stream: _Stream, layer: Layer | None, changes: Changes) -> None:
        publisher, source = stream.key
        viewer.shown[stream.key] = layer
        mid = viewer.pictures.mids[stream.key]
        changes.commands.append(ShowStream(viewer.peer_id, mid, publisher, source, layer))


def _is_wanted(viewer: _Viewer, stream: _Stream) -> bool:
    return stream.key[0] != viewer.peer_id and viewer.prefers(stream) is not Preference.OFF


def _is_decodable(viewer: _Viewer, stream: _Stream) -> bool:
    """Say whether a viewer can make something of a stream, as far as is known."""
    return stream.codec is None or not viewer.codecs or stream.codec in viewer.codecs
