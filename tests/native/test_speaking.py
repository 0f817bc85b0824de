"""Who is speaking, by the authenticated level of their packets."""

from __future__ import annotations

import trio

from voicechat.media.records import Record, Speaking

from .conftest import Running
from .fake_peer import FakePeer

Two = tuple[FakePeer, FakePeer]


def started(record: Record) -> bool:
    return isinstance(record, Speaking) and record.is_speaking


def stopped(record: Record) -> bool:
    return isinstance(record, Speaking) and not record.is_speaking


async def test_three_loud_packets_start_and_a_pause_stops(running: Running, two: Two) -> None:
    a, _ = two
    for _ in range(3):
        await a.speak(level=35)
    record = await running.record(Speaking, started)
    assert isinstance(record, Speaking)
    assert (record.peer, record.track) == (a.handle, a.track)
    stats = running.engine.track_stats(a.track)
    assert stats is not None
    assert stats.speaking
    await running.record(Speaking, stopped)


async def test_quiet_packets_stop_as_well(running: Running, two: Two) -> None:
    a, _ = two
    await a.speak(level=20)
    await a.speak(level=20)
    await running.record(Speaking, started)
    with trio.fail_after(5):
        while not any(stopped(record) for record in running.records):
            await a.speak(level=127)
            await trio.sleep(0.02)


async def test_noise_and_one_loud_packet_are_no_speech(running: Running, two: Two) -> None:
    a, b = two
    for level in (70, 65, 127, 60, 127, 127, 45, 127):
        await a.speak(level=level)
        await b.hear()
    await running.engine.settled()
    assert not any(isinstance(record, Speaking) for record in running.records)


async def test_muting_ends_it_at_once(running: Running, two: Two) -> None:
    a, _ = two
    for _ in range(3):
        await a.speak(level=10)
    await running.record(Speaking, started)
    running.engine.track_mute(a.track, True)
    await running.engine.settled()
    assert any(stopped(record) for record in running.records)
    await a.speak(level=10)
    await running.count("drop_muted")
    await running.engine.settled()
    assert sum(isinstance(record, Speaking) for record in running.records) == 2


async def test_a_forged_level_says_nothing(running: Running, two: Two) -> None:
    a, _ = two
    packet = bytearray(a.next_packet(level=127))
    packet[17] = 0  # loudest, but the tag does not cover it any more
    for _ in range(5):
        await a.send(bytes(packet))
    await running.count("drop_auth", 5)
    assert not any(isinstance(record, Speaking) for record in running.records)
