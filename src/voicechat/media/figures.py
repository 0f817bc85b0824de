"""What the native engine counts of a peer, a track and a slot."""

from __future__ import annotations

from dataclasses import dataclass

from voicechat.rtc.ice import Address


@dataclass(frozen=True, slots=True)
class PeerStats:
    """Counters of one peer; `send_addr` is None until a tuple was validated."""

    last_received_us: int
    rx_packets: int
    rx_bytes: int
    tx_packets: int
    tx_bytes: int
    auth_failures: int
    replays: int
    moves: int
    send_addr: Address | None


@dataclass(frozen=True, slots=True)
class TrackStats:
    """What arrived of a publisher; `jitter` in timestamp units, `fraction_lost` of 256, `level` in -dBov.

    `pt` is the payload type of the newest packet of a video, 0 before the first.
    """

    packets: int
    bytes: int
    ext_seq: int
    lost: int
    fraction_lost: int
    jitter: int
    level: int
    speaking: bool
    pt: int


@dataclass(frozen=True, slots=True)
class SlotStats:
    """What was sent on a slot, and from `lost` on what its receiver reported (`reported_us` 0 = never).

    `track` is what feeds it, of a video since that track's keyframe; -1 when nothing does.
    `resent` of its packets were sent again, `redundant` carried earlier ones; both of audio alone.
    """

    packets: int
    bytes: int
    resent: int
    redundant: int
    seq: int
    ts: int
    lost: int
    fraction_lost: int
    jitter: int
    rtt_us: int
    reported_us: int
    track: int
