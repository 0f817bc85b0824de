"""Commands and their limits; the life of an engine from the first to the last call."""

from __future__ import annotations

import gc
import os
import socket
import threading
import weakref
from pathlib import Path

import pylibsrtp
import pytest
import trio

from voicechat.media.engine import Addr, Engine, EngineError, EngineLimits, open_udp, pack_addr, unpack_addr
from voicechat.media.records import Refused

from .conftest import Running, engine_on, open_dual_stack
from .fake_peer import PT, FakePeer, session

Two = tuple[FakePeer, FakePeer]


async def refusal(running: Running) -> int:
    record = await running.record(Refused)
    assert isinstance(record, Refused)
    return record.status


EXISTS, NOT_FOUND, LIMIT, RANGE = -4, -5, -6, -2


async def test_two_slots_of_a_peer_cannot_share_an_ssrc(running: Running, two: Two) -> None:
    two[0].slot(9001)
    assert await refusal(running) == EXISTS


async def test_two_tracks_of_a_peer_cannot_share_an_ssrc(running: Running, two: Two) -> None:
    running.engine.track_add(two[0].handle, ssrc=two[0].ssrc, pt=PT)
    assert await refusal(running) == EXISTS


async def test_routes_need_both_ends(running: Running, two: Two) -> None:
    running.engine.route_set(two[0].slot(1), 63)
    assert await refusal(running) == NOT_FOUND


async def test_a_slot_of_another_clock_is_refused(running: Running, two: Two) -> None:
    a, b = two
    slot = running.engine.slot_add(a.handle, ssrc=1, pt=0, clock_rate=8000, cname="c")
    running.engine.route_set(slot, b.track)
    assert await refusal(running) == RANGE


async def test_a_peer_has_at_most_eight_tuples(running: Running, two: Two) -> None:
    for port in range(1, 8):
        running.engine.tuple_add(two[0].handle, pack_addr("192.0.2.1", port))
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 0
    running.engine.tuple_add(two[0].handle, pack_addr("192.0.2.1", 8))
    assert await refusal(running) == LIMIT


@pytest.mark.parametrize("host", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fe80::1"])
async def test_impossible_addresses_are_refused(running: Running, two: Two, host: str) -> None:
    running.engine.tuple_add(two[0].handle, pack_addr(host, 5000))
    assert await refusal(running) == RANGE


async def test_a_track_feeds_at_most_so_many_slots(running: Running, two: Two) -> None:
    a, b = two
    for ssrc in range(1, 32):  # one of 32 is taken by the fixture
        running.engine.route_set(b.slot(ssrc), a.track)
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 0
    running.engine.route_set(b.slot(32), a.track)
    assert await refusal(running) == LIMIT


async def test_a_peer_publishes_at_most_twenty_four_tracks(running: Running, two: Two) -> None:
    for ssrc in range(1, 24):
        running.engine.track_add(two[0].handle, ssrc=ssrc, pt=PT)
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 0
    running.engine.track_add(two[0].handle, ssrc=24, pt=PT)
    assert await refusal(running) == LIMIT


async def test_handles_run_out_with_an_error(running: Running) -> None:
    for _ in range(64):
        running.engine.peer_add()
    with pytest.raises(EngineError) as refused:
        running.engine.peer_add()
    assert refused.value.name == "LIMIT"
    await running.engine.settled()


@pytest.mark.parametrize("ufrag", [b"", b"x" * 17, b"a:b"])
async def test_impossible_ufrags_are_refused_at_once(running: Running, two: Two, ufrag: bytes) -> None:
    with pytest.raises(EngineError) as refused:
        running.engine.ufrag_add(two[0].handle, ufrag)
    assert refused.value.name == "RANGE"


async def test_ufrags_are_unique_and_two_per_peer(running: Running, two: Two) -> None:
    a, b = two
    running.engine.ufrag_add(a.handle, b"one")
    running.engine.ufrag_add(a.handle, b"two")
    await running.engine.settled()
    running.engine.ufrag_add(b.handle, b"one")
    assert await refusal(running) == EXISTS
    running.records.clear()
    running.engine.ufrag_add(a.handle, b"three")
    assert await refusal(running) == LIMIT


async def test_a_failed_command_gives_its_handle_back(running: Running) -> None:
    with pytest.raises(EngineError):
        running.engine.slot_add(running.engine.peer_add(), ssrc=1, pt=200 - 72, cname="c")
    with pytest.raises(EngineError):
        running.engine.track_add(0, ssrc=1, pt=PT, clock_rate=1)
    assert running.engine.slot_add(0, ssrc=1, pt=96, cname="c") == 0
    assert running.engine.track_add(0, ssrc=1, pt=PT) == 0


@pytest.mark.parametrize(
    "limits", [EngineLimits(max_peers=4, max_tracks=8, max_slots=8, max_video_tracks=2, max_video_slots=1)]
)
async def test_videos_beyond_the_limits_are_refused_at_once_and_have_room_again(running: Running) -> None:
    engine, peer, other = running.engine, running.engine.peer_add(), running.engine.peer_add()
    assert engine.video_room == 2
    layers = [engine.video_add(peer, mid=mid) for mid in "ab"]
    engine.video_slot_add(other, ssrc=1, cname="c")
    assert engine.video_room == 0
    with pytest.raises(EngineError, match="LIMIT"):
        engine.video_add(other, mid="c")
    with pytest.raises(EngineError, match="LIMIT"):
        engine.video_slot_add(peer, ssrc=2, cname="c")
    engine.track_add(peer, ssrc=5, pt=PT)  # voices have room of their own
    engine.slot_add(peer, ssrc=6, pt=PT, cname="c")
    engine.track_del(layers[0])
    engine.peer_del(other)
    await engine.settled()
    assert engine.video_room == 1
    engine.video_slot_add(peer, ssrc=2, cname="c")
    engine.peer_del(peer)
    await engine.settled()
    assert engine.video_room == 2
    assert not [record for record in running.records if isinstance(record, Refused)]


async def test_the_queue_says_when_it_is_full(limits: EngineLimits) -> None:
    with open_udp("127.0.0.1", 0) as sock:
        engine = Engine([sock], EngineLimits(max_peers=64, command_depth=16))
        peer = engine.peer_add()
        with pytest.raises(EngineError) as refused:
            for _ in range(16):
                engine.peer_deafen(peer, False)
        assert refused.value.name == "FULL"
        engine.close()


async def test_keys_that_could_not_be_handed_over_leave_those_before_alive() -> None:
    with open_udp("127.0.0.1", 0) as sock:
        engine = Engine([sock], EngineLimits(max_peers=64, command_depth=16))
        peer = engine.peer_add()

        def pair() -> tuple[pylibsrtp.Session, pylibsrtp.Session]:
            inbound, outbound = pylibsrtp.Policy.SSRC_ANY_INBOUND, pylibsrtp.Policy.SSRC_ANY_OUTBOUND
            return session(bytes(28), inbound), session(bytes(28), outbound)

        first = pair()
        in_use = [weakref.ref(one) for one in first]
        engine.peer_keys(peer, *first)
        with pytest.raises(EngineError):
            for _ in range(16):
                engine.peer_deafen(peer, False)
        with pytest.raises(EngineError):
            engine.peer_keys(peer, *pair())
        del first
        gc.collect()
        assert all(one() is not None for one in in_use)
        engine.close()


async def test_commands_before_the_loop_are_applied_when_it_runs() -> None:
    with open_udp("127.0.0.1", 0) as sock:
        engine = Engine([sock])
        peer = engine.peer_add()
        assert engine.peer_stats(peer) is None
        engine.stop()
        engine.run()  # returns at once
        engine.close()


async def test_a_running_engine_is_neither_freed_nor_run_twice(running: Running) -> None:
    await running.engine.settled()
    with pytest.raises(EngineError, match="STATE"):
        running.engine.close()
    with pytest.raises(EngineError, match="STATE"):
        running.engine.run()


async def test_the_thread_gets_its_old_scheduling_back() -> None:
    """Trio reuses threads: the next job must not run in real time."""
    policies: list[int] = []

    def use(engine: Engine) -> None:
        policies.append(os.sched_getscheduler(0))
        engine.run()
        policies.append(os.sched_getscheduler(0))

    with open_udp("127.0.0.1", 0) as sock:
        engine = Engine([sock])
        thread = threading.Thread(target=use, args=[engine])
        thread.start()
        while engine.scheduling == "pending":
            await trio.lowlevel.checkpoint()
        assert engine.scheduling in ("fifo", "slice", "default")
        engine.stop()
        await trio.to_thread.run_sync(thread.join)
        assert policies == [os.SCHED_OTHER, os.SCHED_OTHER]
        engine.close()


async def test_engines_come_and_go_without_leaving_descriptors() -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    with open_udp("127.0.0.1", 0) as sock:
        Engine([sock]).close()
        before = open_files()
        for _ in range(20):
            engine = Engine([sock])
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, engine.run)
                engine.stop()
            engine.close()
        assert open_files() == before


async def test_dual_stack_socket_serves_both_families() -> None:
    async with engine_on([open_dual_stack()], EngineLimits(max_peers=8)) as running:
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            await client.bind(("127.0.0.1", 0))
            four = FakePeer(running.engine, client, ("127.0.0.1", running.address[1]), 200, local=0)
            await four.join()
            running.engine.route_set(four.slot(1), four.track)
            await running.engine.settled()
            await four.speak(b"mapped")
            assert (await four.hear()).payload == b"mapped"
            assert running.engine.send(four.addr, b"from python")
            assert await four.receive() == b"from python"


async def test_python_sends_from_the_same_port(running: Running, two: Two) -> None:
    a, _ = two
    assert running.engine.send(a.addr, b"stun answer")
    data, sender = await a.sock.recvfrom(100)
    assert (data, sender) == (b"stun answer", running.address)


def test_addresses_are_canonical() -> None:
    assert pack_addr("127.0.0.1", 80) == pack_addr("::ffff:127.0.0.1", 80)
    assert unpack_addr(pack_addr("127.0.0.1", 80)) == ("127.0.0.1", 80)
    assert unpack_addr(pack_addr("2001:db8::1%eth0", 65535)) == ("2001:db8::1", 65535)
    assert len(Addr(pack_addr("::1", 1))) == 19
    assert unpack_addr(pack_addr("127.0.0.1", 80, "tcp")) == ("127.0.0.1", 80, "tcp")
    assert pack_addr("127.0.0.1", 80, "tcp") != pack_addr("127.0.0.1", 80)
    with pytest.raises(ValueError):
        pack_addr("example.org", 80)


async def test_memory_of_a_connected_peer(running: Running) -> None:
    per_peer, _ = running.engine.memory_bytes()
    assert per_peer <= 32 * 1024


def resident_bytes() -> int:
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_memory_is_touched_only_when_used() -> None:
    with open_udp("127.0.0.1", 0) as sock:
        before = resident_bytes()
        engine = Engine([sock])
        touched, reserved = resident_bytes() - before, engine.memory_bytes()[1]
        engine.close()
    assert touched < 64 * 1024 * 1024 < reserved


async def test_a_peer_is_deleted_once(running: Running, two: Two) -> None:
    running.engine.peer_del(two[0].handle)
    with pytest.raises(EngineError, match="NOT_FOUND"):
        running.engine.peer_del(two[0].handle)
    await running.engine.settled()
    with pytest.raises(EngineError, match="NOT_FOUND"):
        running.engine.peer_del(two[0].handle)
