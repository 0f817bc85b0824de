"""How well a peer is connected, worked out of the engine's counters (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicechat.media.engine import PeerStats as PeerCounters
from voicechat.media.engine import SlotStats, TrackStats

_TICKS_PER_MS = 48  # Opus timestamps (RFC 7587 §4.1)


@dataclass(frozen=True, slots=True)
class ConnectedPeer:
    """Somebody whose media flows."""

    peer_id: str
    user_id: str
    room_id: str


@dataclass(frozen=True, slots=True)
class DirectionStats:
    """One direction: packets since the start, loss in percent of late, jitter in milliseconds."""

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    loss_percent: float = 0.0
    jitter_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class PeerStats:
    """Up is from the client to us, down to the client; `rtt_ms` is None until it reported once."""

    rtt_ms: float | None
    up: DirectionStats
    down: DirectionStats
    auth_failures: int
    replays: int
    moves: int


def peer_stats(
    counters: PeerCounters,
    track: TrackStats | None,
    slots: Sequence[SlotStats],
    pictures: Sequence[SlotStats] = (),
) -> PeerStats:
    """Combine what the engine counted of a peer, what it publishes and what its slots were sent.

    Loss and jitter downwards are those of the worst slot, as its receiver reported it last: one bad
    stream is heard. Of its `pictures` only the round trip counts: their jitter is on another clock, and a
    picture's packets come at once by nature.
    """
    reported = [slot for slot in slots if slot.reported_us]
    timed = [slot for slot in (*slots, *pictures) if slot.reported_us and slot.rtt_us]
    newest = max(timed, key=lambda slot: slot.reported_us, default=None)
    return PeerStats(
        rtt_ms=None if newest is None else newest.rtt_us / 1000,
        up=DirectionStats() if track is None else _up(track),
        down=DirectionStats(
            packets=sum(slot.packets for slot in slots),
            bytes=sum(slot.bytes for slot in slots),
            lost=sum(max(slot.lost, 0) for slot in reported),
            loss_percent=max((slot.fraction_lost for slot in reported), default=0) * 100 / 256,
            jitter_ms=max((slot.jitter for slot in reported), default=0) / _TICKS_PER_MS,
        ),
        auth_failures=counters.auth_failures,
        replays=counters.replays,
        moves=counters.moves,
    )


def _up(track: TrackStats) -> DirectionStats:
    return DirectionStats(
        packets=track.packets,
        bytes=track.bytes,
        lost=max(track.lost, 0),
        loss_percent=track.fraction_lost * 100 / 256,
        jitter_ms=track.jitter / _TICKS_PER_MS,
    )
