"""One peer as the media room holds it: its state machine, and its handles in the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from voicechat.media.engine import UNNAMED_SSRC, Engine, PeerStats, pack_addr
from voicechat.media.meter import LayerMeter
from voicechat.media.srtp import open_sessions, send_policy, stream_policy
from voicechat.rtc.capacity import Capacity
from voicechat.rtc.layers import Layer, Withheld
from voicechat.rtc.negotiation import LEVEL_EXTENSION, OPUS_CLOCK_RATE, OPUS_PT
from voicechat.rtc.peer import (
    Connected,
    Peer,
    PeerEvent,
    TupleAdded,
    TuplePreferred,
    TupleRemoved,
    UfragRetired,
)
from voicechat.rtc.redundancy import Redundancy
from voicechat.rtc.stage import StreamKey


@dataclass(slots=True)
class Sent:
    """A track of video or of a screen's sound, which belongs to a media section for good.

    So a section that is used again has its tracks already: a client that goes on under the SSRC of before
    does not say again which section it belongs to. `ssrc` is the one its answer named, if any.
    """

    track: int
    layer: Layer | None
    ssrc: int | None
    max_bits_per_s: int = 0
    codec: int = 0  # the payload type that comes, 0 while nothing did
    meter: LayerMeter = field(default_factory=LayerMeter)


@dataclass(slots=True)
class Published:
    """What a client may send, from `since` on."""

    max_bits_per_s: int
    since: float
    mid: str | None = None  # where its answer sends it
    is_lost: bool = False


@dataclass(slots=True)
class Endpoint:
    """Who it is, where it is, and what the engine calls it; written to by the media room alone."""

    peer_id: str
    room_id: str
    user_id: str
    handle: int
    peer: Peer
    track: int | None = None
    slots: dict[str, int] = field(default_factory=dict)  # by mid: of voices, pictures and sounds
    is_speaking: bool = False
    takes_arrivals: bool = False  # it is told when its packets arrive
    takes_limits: bool = False  # else, how much it may send
    uplink_limit: int = 0  # of that, the most
    pictures: list[int] = field(default_factory=list)  # those of the slots that video is sent on
    is_numbered: bool = False  # its video packets tell when they arrive
    wanted: int = 0  # bits per second that would be of use to it
    capacity: Capacity = field(default_factory=Capacity)
    redundancy: Redundancy = field(default_factory=Redundancy)
    carried: dict[str, int] = field(default_factory=dict)  # how many earlier packets the engine sends, by mid
    is_sound_gated: bool = False
    told: dict[StreamKey, Layer | Withheld] = field(default_factory=dict)  # of what others show
    published: dict[str, Published] = field(default_factory=dict)  # by source
    sent: dict[str, list[Sent]] = field(default_factory=dict)  # by mid

    def sent_as(self, source: str) -> list[Sent]:
        """Return the tracks that carry a source just now."""
        published = self.published.get(source)
        return [] if published is None or published.mid is None else self.sent[published.mid]

    def track_of(self, source: str, layer: Layer | None) -> int | None:
        """Return the track of one layer of a source, of its sound with None; None when it is not sent."""
        return next((sent.track for sent in self.sent_as(source) if sent.layer == layer), None)

    def mirror(self, engine: Engine, event: PeerEvent) -> None:
        """Tell the engine what the peer's state machine decided about addresses and keys."""
        match event:
            case TupleAdded(address):
                engine.tuple_add(self.handle, pack_addr(*address))
            case TupleRemoved(address):
                engine.tuple_del(self.handle, pack_addr(*address))
            case TuplePreferred(address):
                engine.tuple_prefer(self.handle, pack_addr(*address))
            case UfragRetired(ufrag):
                engine.ufrag_del(self.handle, ufrag.encode("ascii"))
            case Connected():
                self._install(engine, event)
            case _:
                pass  # the end of a peer is its owner's business

    def _install(self, engine: Engine, connected: Connected) -> None:
        """Hand over the keys, then what flows under them; slots the client will not hear are left out."""
        keys = connected.keys
        engine.peer_keys(self.handle, *open_sessions(keys), stream_policy(keys), send_policy(keys))
        answer, offer = connected.answer, self.peer.offer
        if answer.publishes:
            self.track = engine.track_add(
                self.handle,
                ssrc=UNNAMED_SSRC if answer.ssrc is None else answer.ssrc,
                pt=OPUS_PT,
                clock_rate=OPUS_CLOCK_RATE,
                level_ext=answer.level_extension,
            )
        for slot in offer.slots:
            if slot.mid in answer.slot_mids:
                self.slots[slot.mid] = engine.slot_add(
                    self.handle,
                    ssrc=slot.ssrc,
                    pt=OPUS_PT,
                    cname=offer.cname,
                    clock_rate=OPUS_CLOCK_RATE,
                    level_ext=LEVEL_EXTENSION,
                )

    def learn_last_heard(self, engine: Engine) -> PeerStats | None:
        """Let the peer know of the newest authenticated packet the engine had of it."""
        counters = engine.peer_stats(self.handle)
        if counters is not None and counters.last_received_us:
            self.peer.heard(counters.last_received_us / 1e6)
        return counters
