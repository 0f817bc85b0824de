"""Slots change hands, people fall silent and come back: numbers go on, nothing from before is heard."""

from __future__ import annotations

import gc
import struct
import weakref

import pytest
import trio

from voicechat.media.records import Moved, Speaking

from .conftest import Running
from .fake_peer import FakePeer

Two = tuple[FakePeer, FakePeer]

SILENCE = b"\xf8\xff\xfe"  # 20 ms of it, in Opus


async def test_a_slot_given_to_another_speaker_goes_on_by_one(running: Running, two: Two) -> None:
    a, b = two
    c = await running.peer()
    c.seq, c.ts = 60_000, 4_000_000_000
    slot = b.slot(5)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    await a.speak()
    before = next(p for p in [await b.hear(), await b.hear()] if p.ssrc == 5)
    running.engine.route_set(slot, c.track)
    await running.engine.settled()
    await c.speak(b"c")
    after = await b.hear()
    assert (after.ssrc, after.payload, after.marker) == (5, b"c", True)
    assert after.seq == before.seq + 1
    step = (after.ts - before.ts) % 2**32
    assert step >= 960
    assert step % 960 == 0
    await c.speak(b"d")
    last = await b.hear()
    assert (last.seq - after.seq, (last.ts - after.ts) % 2**32, last.marker) == (1, 960, False)


async def onset(running: Running, speaker: FakePeer, frames: int = 5) -> None:
    """`speaker` begins to speak, loudly, into nobody's slot."""
    for number in range(frames):
        await speaker.speak(b"%d" % number, level=10)
    await running.record(Speaking, lambda r: isinstance(r, Speaking) and r.track == speaker.track)


async def test_a_slot_given_late_begins_with_the_syllable_just_said(running: Running, two: Two) -> None:
    a, b = two
    slot = b.slot(5)
    running.engine.route_set(slot, a.track)
    c = await running.peer()
    await a.speak(b"before")
    before = next(p for p in [await b.hear(), await b.hear()] if p.ssrc == 5)
    await onset(running, c)
    running.engine.route_set(slot, c.track, look_back=True)
    await running.engine.settled()
    await c.speak(b"now", level=10)
    heard = [await b.hear() for _ in range(4)]
    assert [p.payload for p in heard] == [b"2", b"3", b"4", b"now"]
    assert [p.seq - before.seq for p in heard] == [1, 2, 3, 4]
    assert [p.marker for p in heard] == [True, False, False, False]
    assert [(p.ts - heard[0].ts) % 2**32 for p in heard] == [0, 960, 1920, 2880]
    assert running.engine.counters()["looked_back"] == 3
    # what was looked back at can be asked for again like anything else
    again = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5, heard[0].seq, 0)
    await trio.sleep(0.04)
    await b.send(b.tx.protect_rtcp(again))
    await running.count("resent")


async def test_without_look_back_or_speech_a_slot_begins_now(running: Running, two: Two) -> None:
    _, b = two
    c, d = await running.peer(), await running.peer()
    await onset(running, c)
    for _ in range(5):
        await d.speak(b"mumble", level=110)
    await running.count("rtp_received", 10)
    running.engine.route_set(b.slot(5), c.track)
    running.engine.route_set(b.slot(6), d.track, look_back=True)
    await running.engine.settled()
    assert running.engine.counters()["looked_back"] == 0


async def test_in_the_middle_of_a_speech_a_slot_begins_now(running: Running, two: Two) -> None:
    _, b = two
    c = await running.peer()
    await onset(running, c)
    with trio.move_on_after(0.35):
        while True:
            await c.speak(level=10)
            await trio.sleep(0.02)
    running.engine.route_set(b.slot(5), c.track, look_back=True)
    await running.engine.settled()
    assert running.engine.counters()["looked_back"] == 0


async def test_what_was_said_before_a_mute_is_not_looked_back_at(running: Running, two: Two) -> None:
    _, b = two
    c = await running.peer()
    await onset(running, c)
    running.engine.track_mute(c.track, True)
    running.engine.track_mute(c.track, False)
    await c.speak(b"1", level=10)
    await c.speak(b"2", level=10)
    await running.count("rtp_received", 7)
    running.engine.route_set(b.slot(5), c.track, look_back=True)
    heard = [await b.hear(), await b.hear()]
    assert [p.payload for p in heard] == [b"1", b"2"]


async def test_a_late_packet_from_before_the_switch_is_not_sent(running: Running, two: Two) -> None:
    a, b = two
    await a.speak()
    first = await b.hear()
    late = a.next_packet(b"late")
    running.engine.track_mute(a.track, True)
    await running.engine.settled()
    await a.speak(b"muted")
    await running.count("drop_muted")
    running.engine.track_mute(a.track, False)
    await running.engine.settled()
    await a.speak(b"back")
    assert (await b.hear()).payload == SILENCE
    back = await b.hear()
    assert (back.payload, back.seq, back.marker) == (b"back", first.seq + 2, True)
    await a.send(late)
    await running.count("drop_old_stretch")
    await a.speak(b"on")
    assert (await b.hear()).payload == b"on"


@pytest.mark.parametrize("cut", ["mute", "route", "track"])
async def test_whoever_is_cut_off_ends_in_silence_one_frame_later(running: Running, cut: str) -> None:
    a, b = await running.peer(), await running.peer()
    slot = b.slot(5)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    await a.speak(b"speech")
    speech = await b.hear()
    if cut == "mute":
        running.engine.track_mute(a.track, True)
    elif cut == "route":
        running.engine.route_clear(slot)
    else:
        running.engine.track_del(a.track)
    end = await b.hear()
    assert (end.payload, end.seq, (end.ts - speech.ts) % 2**32) == (SILENCE, speech.seq + 1, 960)
    assert (end.ssrc, end.level) == (5, 127)


async def test_whoever_said_nothing_needs_no_silence(running: Running, two: Two) -> None:
    a, b = two
    running.engine.track_mute(a.track, True)
    running.engine.track_mute(a.track, False)
    await running.engine.settled()
    await a.speak(b"first")
    assert (await b.hear()).payload == b"first"


async def test_mute_silences_and_still_authenticates(running: Running, two: Two) -> None:
    a, b = two
    running.engine.track_mute(a.track, True)
    await running.engine.settled()
    for _ in range(20):
        await a.speak(b"secret")
    await running.count("drop_muted", 20)
    running.engine.track_mute(a.track, False)
    await running.engine.settled()
    await a.speak(b"heard")
    assert (await b.hear()).payload == b"heard"
    stats = running.engine.track_stats(a.track)
    assert stats is not None
    assert stats.packets == 21


async def test_the_deafened_receive_nothing(running: Running, two: Two) -> None:
    a, b = two
    await a.speak(b"1")
    first = await b.hear()
    running.engine.peer_deafen(b.handle, True)
    await running.engine.settled()
    await a.speak(b"2")
    await running.count("drop_receiver_deaf")
    running.engine.peer_deafen(b.handle, False)
    await running.engine.settled()
    await a.speak(b"3")
    again = await b.hear()
    assert (again.payload, again.seq, again.marker) == (b"3", first.seq + 1, True)


async def test_a_cleared_slot_and_a_deleted_track_are_silent(running: Running, two: Two) -> None:
    a, b = two
    slot = b.slot(5)
    running.engine.route_set(slot, a.track)
    running.engine.route_clear(slot)
    await running.engine.settled()
    await a.speak(b"1")
    assert (await b.hear()).ssrc == 9002
    running.engine.track_del(a.track)
    await running.engine.settled()
    await a.speak(b"2")
    await running.count("drop_rtp_unknown_ssrc")
    assert running.engine.counters()["forwarded"] == 1


async def test_a_deleted_peer_is_gone_and_its_keys_are_released(running: Running, two: Two) -> None:
    a, b = two
    held = running.engine._peers[a.handle].sessions
    assert held is not None
    sessions = [weakref.ref(session) for session in held]
    del held
    gone = trio.Event()
    running.engine.peer_del(a.handle, gone.set)
    gc.collect()
    assert all(session() is not None for session in sessions)
    with trio.fail_after(5):
        await gone.wait()
    gc.collect()
    assert all(session() is None for session in sessions)
    await a.speak()
    await running.count("drop_media_unknown_tuple")
    await b.speak()
    await running.count("drop_no_receiver")
    assert running.engine.peer_stats(a.handle) is None


async def test_a_newcomer_takes_the_handles_of_the_one_who_left(running: Running, two: Two) -> None:
    a, b = two
    handles = a.handle, a.track
    running.engine.peer_del(a.handle)
    await running.engine.settled()
    c = await running.peer()
    assert (c.handle, c.track) == handles
    running.engine.route_set(b.slot(5), c.track)
    await running.engine.settled()
    await c.speak(b"new")
    heard = await b.hear()
    assert (heard.ssrc, heard.payload) == (5, b"new")


async def move_of(running: Running, peer: FakePeer, addr: bytes) -> None:
    await running.record(Moved, lambda r: isinstance(r, Moved) and (r.peer, r.addr) == (peer.handle, addr))


async def test_media_follows_the_newest_authenticated_packet(running: Running, two: Two) -> None:
    a, b = two
    other = await running.peer(join=False)
    running.engine.tuple_add(b.handle, other.addr)
    await running.engine.settled()
    with trio.fail_after(5):  # the hysteresis of half a second after the first address
        while running.engine.counters()["tuple_moves"] < 3:
            await other.send(b.next_packet())
            await trio.sleep(0.02)
    await move_of(running, b, other.addr)
    await a.speak(b"follows")
    other.rx = b.rx
    assert (await other.hear()).payload == b"follows"


async def test_a_replayed_packet_from_another_valid_address_moves_nothing(running: Running, two: Two) -> None:
    a, b = two
    other = await running.peer(join=False)
    running.engine.tuple_add(b.handle, other.addr)
    await running.engine.settled()
    captured = b.next_packet()
    await b.send(captured)
    await running.count("rtp_received")
    moves = running.engine.counters()["tuple_moves"]
    with trio.move_on_after(0.7):  # longer than the hysteresis
        while True:
            await other.send(captured)
            await trio.sleep(0.02)
    await running.count("drop_replay", 10)
    assert running.engine.counters()["tuple_moves"] == moves
    await a.speak(b"still here")
    assert (await b.hear()).payload == b"still here"


async def test_a_check_may_choose_the_address_until_media_does(running: Running, two: Two) -> None:
    a, b = two
    other = await running.peer(join=False)
    running.engine.tuple_add(b.handle, other.addr)
    running.engine.tuple_prefer(b.handle, other.addr)
    await running.engine.settled()
    await move_of(running, b, other.addr)
    with trio.fail_after(5):
        while running.engine.counters()["tuple_moves"] < 4:
            await b.speak()
            await trio.sleep(0.02)
    running.engine.tuple_prefer(b.handle, other.addr)
    await running.engine.settled()
    await a.speak(b"media decides")
    assert (await b.hear()).payload == b"media decides"


async def test_losing_the_send_address_falls_back_to_another(running: Running, two: Two) -> None:
    a, b = two
    other = await running.peer(join=False)
    running.engine.tuple_add(b.handle, other.addr)
    running.engine.tuple_del(b.handle, b.addr)
    await running.engine.settled()
    await a.speak(b"fallback")
    other.rx = b.rx
    assert (await other.hear()).payload == b"fallback"
    running.engine.tuple_del(b.handle, other.addr)
    await running.engine.settled()
    await a.speak()
    await running.count("drop_receiver_not_ready")
