"""Video in the media room: who may send what, later offers and their answers, and what each viewer gets.

A publisher is offered a section to send on, everybody else in its room a bank of slots to watch on; what the
answers say goes into the engine and onto the room's stage. While anything is shown in a room, the rates of
its layers are looked at twice a second. A room without video costs nothing here.

Owned by `Media`, which passes every call, event and record on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import trio

from voicechat.errors import Conflict, NotFound, Unavailable
from voicechat.logs import get_logger
from voicechat.media.banks import add_slots, look_at_reports, want
from voicechat.media.endpoint import Endpoint, Published
from voicechat.media.engine import Engine
from voicechat.media.events import (
    MediaEvent,
    OfferChanged,
    SendLine,
    StreamLost,
    StreamLostReason,
)
from voicechat.media.layer_news import LayerNews
from voicechat.media.tracks import (
    add_tracks,
    codec_of,
    last_sent,
    layers_owed,
    limit_tracks,
    limit_uplink,
    measure,
    names_another_ssrc,
    silence_tracks,
)
from voicechat.rtc import sources
from voicechat.rtc.layers import Layer, Preference, Withheld
from voicechat.rtc.negotiation import MICROPHONE_MID, Answer, render_offer
from voicechat.rtc.peer import PeerState
from voicechat.rtc.routes import MICROPHONE, Changes, ShowStream, SlotState
from voicechat.rtc.stage import Stage, StreamKey

log = get_logger("media")

LOOK_S = 0.5
NEVER_SENT_S = 30.0
SILENT_S = 60.0
BANK_STEP = 4  # slots for pictures are offered by fours: a renegotiation for each would be felt
SOUND_STEP = 2
VOICES_BITS_PER_S = 100_000  # two who speak at once, without redundancy
MAX_SOUNDS = 4


class Streams:
    """The stages of all rooms of this node."""

    def __init__(
        self,
        engine: Engine,
        endpoints: Mapping[str, Endpoint],
        *,
        video_slots: int,
        apply: Callable[[Changes], None],
        tell: Callable[[MediaEvent], None],
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._endpoints = endpoints
        self._video_slots = video_slots
        self._apply = apply
        self._tell = tell
        self._now = now
        self._news = LayerNews(engine, endpoints, tell)
        self._rooms: dict[str, dict[str, Endpoint]] = {}
        self._stages: dict[str, Stage] = {}
        self._lit = trio.Event()

    def slots_of(self, endpoint: Endpoint) -> tuple[SlotState, ...]:
        """Show what a peer watches in which section; nothing in a room that never had video."""
        stage = self._stages.get(endpoint.room_id)
        return () if stage is None else stage.slots_of(endpoint.peer_id)

    # ---- calls of the voice features -------------------------------------------------------------

    def publish(self, endpoint: Endpoint, source: str, *, max_bits_per_s: int, has_audio: bool) -> None:
        """Let a peer send a video, and with `has_audio` the sound of it.

        Who is let in is sure of its layers: those of videos that were not answered yet are kept for them.
        """
        if source in endpoint.published:
            raise Conflict(f"expected a new stream, got {source} which is published already")
        owed = sum(layers_owed(other) for other in self._endpoints.values() if other is not endpoint)
        if owed + layers_owed(endpoint, more=1) > self._engine.video_room:
            raise Unavailable("the server shows as many videos as it can just now", code="VIDEO_FULL")
        stage = self._stage(endpoint.room_id)
        parts = {source: max_bits_per_s} | ({sources.sound_of(source): 0} if has_audio else {})
        for name, bits in parts.items():
            endpoint.published[name] = Published(bits, self._now())
            endpoint.peer.negotiation.allow(name, bits)
            stage.announce(endpoint.peer_id, endpoint.user_id, name)
        self._lit.set()
        self.offer(endpoint)
        for other in self._in_room(endpoint.room_id):
            self._widen(other, stage)

    def unpublish(self, endpoint: Endpoint, source: str) -> None:
        """End a video and its sound."""
        for name in (source, sources.sound_of(source)):
            if name in endpoint.published:
                endpoint.peer.negotiation.withdraw(name)
                self._apply(self._stages[endpoint.room_id].end(endpoint.peer_id, name))
                silence_tracks(self._engine, endpoint, name)
                del endpoint.published[name]
                for viewer in self._in_room(endpoint.room_id):
                    viewer.told.pop((endpoint.peer_id, name), None)
        limit_uplink(self._engine, endpoint)
        self.offer(endpoint)

    def limit(self, endpoint: Endpoint, source: str, max_bits_per_s: int) -> None:
        """Change how much of a video is passed on."""
        published = endpoint.published.get(source)
        if published is None:
            raise NotFound(f"no stream {source} of peer {endpoint.peer_id}")
        published.max_bits_per_s = max_bits_per_s
        endpoint.peer.negotiation.allow(source, max_bits_per_s)
        limit_tracks(self._engine, endpoint, source)
        self.offer(endpoint)

    def gate_sounds(self, endpoint: Endpoint, is_closed: bool) -> None:
        """Hold back the sounds of a peer's screens, or let them through."""
        endpoint.is_sound_gated = is_closed
        stage = self._stages.get(endpoint.room_id)
        if stage is not None:
            self._apply(stage.gate_sounds(endpoint.peer_id, is_closed))

    def prefer(self, endpoint: Endpoint, user_id: str, source: str, preference: Preference) -> None:
        """Note what a peer wants of a stream."""
        stage = self._stage(endpoint.room_id)
        self._apply(stage.prefer(endpoint.peer_id, user_id, source, preference))
        self._widen(endpoint, stage)

    # ---- who comes and goes ----------------------------------------------------------------------

    def joined(self, endpoint: Endpoint) -> None:
        """Let a peer say what it wants to watch; it watches from `connected` on."""
        self._rooms.setdefault(endpoint.room_id, {})[endpoint.peer_id] = endpoint
        stage = self._stages.get(endpoint.room_id)
        if stage is not None:
            _enter(stage, endpoint)

    def connected(self, endpoint: Endpoint) -> None:
        """Offer a peer whose media can flow what it published before, and slots for what there is."""
        stage = self._stages.get(endpoint.room_id)
        if stage is not None:
            self._widen(endpoint, stage)

    def left(self, endpoint: Endpoint) -> None:
        """Forget a peer with all it published; the caller has taken it out of the endpoints."""
        room_id = endpoint.room_id
        self._rooms[room_id].pop(endpoint.peer_id, None)
        stage = self._stages.get(room_id)
        if stage is not None:
            self._apply(stage.leave(endpoint.peer_id))
        if not self._rooms[room_id]:
            del self._rooms[room_id]
            self._stages.pop(room_id, None)

    def _stage(self, room_id: str) -> Stage:
        """Return the stage of a room, which is built when it is first needed."""
        stage = self._stages.get(room_id)
        if stage is None:
            stage = self._stages[room_id] = Stage()
            for endpoint in self._in_room(room_id):
                _enter(stage, endpoint)
        return stage

    def _in_room(self, room_id: str) -> Iterable[Endpoint]:
        return self._rooms[room_id].values()

    # ---- offers and answers ----------------------------------------------------------------------

    def _widen(self, endpoint: Endpoint, stage: Stage) -> None:
        """Offer a viewer more slots where it could use them."""
        pictures, sounds = stage.needs(endpoint.peer_id)
        endpoint.peer.negotiation.want_slots(
            video=min(_rounded(pictures, BANK_STEP), self._video_slots),
            sounds=min(_rounded(sounds, SOUND_STEP), MAX_SOUNDS),
        )
        self.offer(endpoint)

    def offer(self, endpoint: Endpoint) -> None:
        """Send what changed, unless an offer is out: then it goes with the next one."""
        if endpoint.peer.state is not PeerState.CONNECTED:
            return
        negotiation = endpoint.peer.negotiation
        offer = negotiation.next_offer()
        if offer is None:
            return
        sends = ((MICROPHONE_MID, MICROPHONE), *negotiation.sends)
        self._tell(
            OfferChanged(
                room_id=endpoint.room_id,
                peer_id=endpoint.peer_id,
                revision=offer.revision,
                sdp=render_offer(offer),
                sends=tuple(SendLine(mid, source) for mid, source in sends),
            )
        )

    def answered(self, endpoint: Endpoint, answer: Answer) -> None:
        """Do what a client's answer to a later offer allows, and offer what changed meanwhile."""
        stage = self._stage(endpoint.room_id)
        self._fill_bank(endpoint, answer, stage)
        begun = set()
        for stream in answer.sent:
            if stream.source in endpoint.published:
                if names_another_ssrc(endpoint, stream):  # its viewers are given the new tracks
                    self._apply(stage.end(endpoint.peer_id, stream.source))
                    stage.announce(endpoint.peer_id, endpoint.user_id, stream.source)
                    endpoint.published[stream.source].since = self._now()  # nothing came on them yet
                layers = add_tracks(self._engine, endpoint, stream)
                if endpoint.sent_as(stream.source):
                    begun.add(stream.source)
                    self._apply(stage.begin(endpoint.peer_id, stream.source, layers, stream.codec))
        for _, source in endpoint.peer.negotiation.sends:
            if source in endpoint.published and source not in begun:
                self._give_up(endpoint, source, StreamLostReason.REFUSED)
        self.offer(endpoint)

    def _fill_bank(self, endpoint: Endpoint, answer: Answer, stage: Stage) -> None:
        add_slots(self._engine, endpoint, answer)
        changes = stage.give_slots(
            endpoint.peer_id,
            pictures=[slot.mid for slot in answer.video_slots if slot.mid in endpoint.slots],
            sounds=[mid for mid in answer.sound_mids if mid in endpoint.slots],
            codecs={codec for slot in answer.video_slots for codec in slot.codecs},
        )
        self._apply(changes)

    # ---- what the engine tells -------------------------------------------------------------------

    def switched(self, viewer: Endpoint, track: int) -> None:
        """Tell a viewer that it is sent another layer of somebody's video from now on."""
        self._news.switched(viewer, self._in_room(viewer.room_id), track)

    def estimated(self, viewer: Endpoint, bits_per_s: int) -> None:
        """Note how much a viewer's network carries; voices have their share of it first."""
        viewer.capacity.estimated(bits_per_s)
        self._carries(viewer)

    def limited(self, viewer: Endpoint, bits_per_s: int) -> None:
        """Note how much a viewer says that it takes."""
        viewer.capacity.limited(self._now(), bits_per_s)
        self._carries(viewer)

    def _carries(self, viewer: Endpoint) -> None:
        stage = self._stages.get(viewer.room_id)
        if stage is not None:
            bits_per_s = viewer.capacity.bits_per_s(self._now())
            voices = VOICES_BITS_PER_S * viewer.redundancy.copies
            left = None if bits_per_s is None else max(0, bits_per_s - voices)
            stage.estimate(viewer.peer_id, left)

    def paused(self, command: ShowStream) -> None:
        """Tell a viewer that a stream is paused, for want of room in its network."""
        self._news.paused(command)

    # ---- twice a second --------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at the rooms with video twice a second, for ever; sleeps where there are none."""
        while True:
            await self._lit.wait()
            await trio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Measure every layer, choose everybody's, and give up what does not come."""
        if all(stage.is_dark for stage in self._stages.values()):
            self._lit = trio.Event()
        now = self._now()
        for room_id, stage in self._stages.items():
            if not stage.is_dark:
                self._look_at(room_id, stage, now)
            for endpoint in self._in_room(room_id):
                wish = stage.wish(endpoint.peer_id)
                want(self._engine, endpoint, wish and wish + VOICES_BITS_PER_S)

    def _look_at(self, room_id: str, stage: Stage, now: float) -> None:
        rates: dict[StreamKey, dict[Layer, float]] = {}
        codecs: dict[StreamKey, int] = {}
        for endpoint in self._in_room(room_id):
            for source in filter(sources.is_video, endpoint.published):
                key = endpoint.peer_id, source
                rates[key] = measure(self._engine, endpoint, source, now)
                if (codec := codec_of(endpoint, source)) is not None:
                    codecs[key] = codec
                self._watch(endpoint, source, now)
            if endpoint.pictures:
                look_at_reports(self._engine, endpoint, now)
                self._carries(endpoint)
        self._apply(stage.measure(now, rates, codecs))
        for endpoint in self._in_room(room_id):
            due = stage.due(endpoint.peer_id, now)
            if Withheld.NO_SLOT in due.values():  # its codec may have become one that this viewer takes
                self._widen(endpoint, stage)
            self._news.remind(endpoint, stage, due)

    def _watch(self, endpoint: Endpoint, source: str, now: float) -> None:
        """Give up a video that was never sent, or not for long."""
        last = last_sent(endpoint, source)
        if last is None and now - endpoint.published[source].since > NEVER_SENT_S:
            self._give_up(endpoint, source, StreamLostReason.NEVER_SENT)
        elif last is not None and now - last > SILENT_S:
            self._give_up(endpoint, source, StreamLostReason.SILENT)

    def _give_up(self, endpoint: Endpoint, source: str, reason: StreamLostReason) -> None:
        """Say once that a video is lost; its sound ends with it."""
        published = endpoint.published[source]
        if not published.is_lost and sources.is_video(source):
            published.is_lost = True
            log.info("stream_lost", peer=endpoint.peer_id, source=source, reason=reason.value)
            self._tell(StreamLost(endpoint.room_id, endpoint.peer_id, source, reason))


def _enter(stage: Stage, endpoint: Endpoint) -> None:
    stage.enter(endpoint.peer_id, endpoint.user_id)
    stage.gate_sounds(endpoint.peer_id, endpoint.is_sound_gated)


def _rounded(count: int, step: int) -> int:
    return -(-count // step) * step
