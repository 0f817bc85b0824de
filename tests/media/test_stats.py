"""Statistics worked out of counters."""

from __future__ import annotations

from voicechat.media.engine import PeerStats as PeerCounters
from voicechat.media.engine import SlotStats, TrackStats
from voicechat.media.stats import DirectionStats, peer_stats

COUNTERS = PeerCounters(1, 2, 3, 4, 5, 6, 7, 8, None)


def slot(**values: int) -> SlotStats:
    blank = dict.fromkeys(SlotStats.__slots__, 0)
    return SlotStats(**{**blank, **values})


def test_a_peer_without_media_has_blank_statistics() -> None:
    stats = peer_stats(COUNTERS, None, [])
    assert stats.rtt_ms is None
    assert stats.up == stats.down == DirectionStats()
    assert (stats.auth_failures, stats.replays, stats.moves) == (6, 7, 8)


def test_upwards_units_are_percent_and_milliseconds() -> None:
    track = TrackStats(100, 8000, 99, -1, 128, 96, 20, True, 0)
    stats = peer_stats(COUNTERS, track, [])
    assert stats.up == DirectionStats(packets=100, bytes=8000, lost=0, loss_percent=50.0, jitter_ms=2.0)


def test_downwards_the_worst_reported_slot_counts_and_the_newest_round_trip() -> None:
    slots = [
        slot(packets=10, bytes=100, lost=1, fraction_lost=64, jitter=48, rtt_us=9000, reported_us=5),
        slot(packets=20, bytes=200, lost=2, fraction_lost=0, jitter=480, rtt_us=3000, reported_us=7),
        slot(packets=5, bytes=50, fraction_lost=255),  # never reported
    ]
    stats = peer_stats(COUNTERS, None, slots)
    assert stats.rtt_ms == 3.0
    assert stats.down == DirectionStats(packets=35, bytes=350, lost=3, loss_percent=25.0, jitter_ms=10.0)


def test_pictures_tell_the_round_trip_and_nothing_of_how_voices_are_heard() -> None:
    voice = slot(packets=10, bytes=100, lost=1, fraction_lost=64, jitter=48, rtt_us=9000, reported_us=5)
    picture = slot(packets=20, bytes=200, lost=9, fraction_lost=255, jitter=9000, rtt_us=3000, reported_us=7)
    stats = peer_stats(COUNTERS, None, [voice], [picture])
    assert stats.rtt_ms == 3.0
    assert stats.down == DirectionStats(packets=10, bytes=100, lost=1, loss_percent=25.0, jitter_ms=1.0)
