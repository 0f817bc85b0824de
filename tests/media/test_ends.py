"""Going out: goodbyes, silence, faults of our own, and the end of the server."""

from __future__ import annotations

import contextlib
import struct

import msgspec
import pytest
import trio

from tests.media.conftest import SETTINGS, Events, Stage, open_stage
from voicechat.errors import NotFound, Unavailable
from voicechat.ids import new_id
from voicechat.media import GoneReason, PeerLost, PeerTimers, SlotsChanged, Speaking, open_media
from voicechat.rtc.peer import Peer
from voicechat.rtc.rooms import Rooms
from voicechat.rtc.routes import SlotState

QUICK = PeerTimers(connect_s=1.0, consent_s=1.0)  # long enough for a busy machine


async def test_a_clients_goodbye_ends_it_at_once_for_everybody(stage: Stage) -> None:
    anna_id, _ = await stage.connected("anna", slots=1)
    ben_id, ben = await stage.connected("ben")
    await ben.goodbye()
    await stage.events.wait_for(lambda event: event == PeerLost(ben_id, GoneReason.CLOSED))
    await stage.events.wait_for(lambda event: event == SlotsChanged("room", anna_id, (SlotState("1", None),)))
    await ben.wait_until(lambda: ben.dtls.is_closed)
    with pytest.raises(NotFound):
        stage.media.set_muted(ben_id, True)


async def test_a_leaver_is_told_goodbye_and_may_leave_twice(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    await stage.media.leave(anna_id)
    await anna.wait_until(lambda: anna.dtls.is_closed)
    await stage.media.leave(anna_id)
    assert stage.media.counters()["peers"] == stage.media.counters()["rooms"] == 0
    assert stage.events.of(PeerLost) == []


async def test_what_a_leaver_still_sends_reaches_nobody(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    ben_id, ben = await stage.connected("ben")
    _, cleo = await stage.connected("cleo")
    await stage.media.leave(ben_id)
    await stage.settled()
    await ben.say(b"one more thing")
    await cleo.say(b"hello")
    await anna.heard_payload(b"hello")
    assert [packet.payload for packet in anna.rtp] == [b"hello"]


async def test_who_never_connects_is_lost_in_time() -> None:
    async with open_stage(timers=QUICK) as stage:
        silent_id, _ = await stage.client("silent")
        halfway_id, halfway = await stage.client("halfway")
        await halfway.connect()  # but never answers
        await stage.events.wait_for(lambda event: event == PeerLost(silent_id, GoneReason.TIMEOUT))
        await stage.events.wait_for(lambda event: event == PeerLost(halfway_id, GoneReason.TIMEOUT))
        assert stage.media.counters()["rooms"] == 0


async def test_who_falls_silent_is_lost() -> None:
    async with open_stage(timers=QUICK) as stage:
        anna_id, _ = await stage.connected("anna")
        await stage.events.wait_for(lambda event: event == PeerLost(anna_id, GoneReason.CONSENT))


@pytest.mark.parametrize("by", ["checks", "voice", "reports"])
async def test_anything_authentic_keeps_a_peer(by: str) -> None:
    """Firefox checks every five seconds only; whoever speaks or listens is there."""
    async with open_stage(timers=QUICK) as stage:
        anna_id, anna = await stage.connected("anna")
        with trio.move_on_after(1.5 * QUICK.consent_s):
            while True:
                match by:
                    case "checks":
                        await anna.check()
                    case "voice":
                        await anna.say(b"here")
                    case _:
                        await anna.report(struct.pack("!BBHI", 0x80, 201, 1, anna.ssrc))
                await trio.sleep(QUICK.consent_s / 10)
        assert stage.events.of(PeerLost) == []
        await stage.events.wait_for(lambda event: event == PeerLost(anna_id, GoneReason.CONSENT))


async def test_a_fault_of_ours_in_one_peer_ends_that_peer_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, anna = await stage.connected("anna")
    victim_id, victim = await stage.client("victim")
    monkeypatch.setattr(Peer, "receive_stun", lambda *_: 1 / 0)
    await victim.send(bytes(victim.binding_request()))
    await stage.events.wait_for(lambda event: event == PeerLost(victim_id, GoneReason.ERROR))
    monkeypatch.undo()
    _, ben = await stage.connected("ben")
    await ben.say(b"still here")
    await anna.heard_payload(b"still here")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["peer_failed"]
    assert stage.media.counters()["peers_failed"] == 1


async def test_a_fault_of_ours_in_the_room_table_ends_the_speaker_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, anna = await stage.connected("anna")
    victim_id, victim = await stage.connected("victim")
    monkeypatch.setattr(Rooms, "set_speaking", lambda *_: 1 / 0)
    async with trio.open_nursery() as nursery:

        async def talk() -> None:
            while True:
                await victim.say(b"loud", level=5)
                await trio.sleep(0.02)

        nursery.start_soon(talk)
        await stage.events.wait_for(lambda event: event == PeerLost(victim_id, GoneReason.ERROR))
        nursery.cancel_scope.cancel()
    monkeypatch.undo()
    _, ben = await stage.connected("ben")
    await ben.say(b"still here")
    await anna.heard_payload(b"still here")


async def test_at_the_end_everybody_is_told_goodbye_and_the_port_is_free_again() -> None:
    async with contextlib.AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        async with open_media(SETTINGS) as media:
            stage = Stage(media, Events(), nursery)
            nursery.start_soon(stage.events.collect, media)
            _, anna = await stage.connected("anna")
            _, ben = await stage.connected("ben")
            port = anna.remote[1]
        await anna.wait_until(lambda: anna.dtls.is_closed)
        await ben.wait_until(lambda: ben.dtls.is_closed)
        async with open_media(msgspec.structs.replace(SETTINGS, port=port)):
            pass
        nursery.cancel_scope.cancel()


async def test_nobody_is_let_in_at_the_end_and_the_events_stop(stage: Stage) -> None:
    stage.media.close()
    with pytest.raises(Unavailable):
        await stage.media.join(room_id="room", peer_id=new_id(), user_id="late", may_speak=True)


async def test_who_still_speaks_while_the_room_closes_breaks_nothing(stage: Stage) -> None:
    ben_id, ben = await stage.connected("ben")
    stage.media.close()
    for _ in range(5):
        await ben.say(b"wait", level=10)
    await stage.taken(ben_id, 5)
    await stage.settled()  # the engine's word of the speech was heard before this
    assert stage.media.counters()["peers_failed"] == 0
    assert stage.events.of(Speaking) == []


async def test_a_taken_port_is_refused() -> None:
    async with open_stage() as stage:
        _, client = await stage.client("anna")
        with pytest.raises(Unavailable):
            async with open_media(msgspec.structs.replace(SETTINGS, port=client.remote[1])):
                pass


async def test_a_cancelled_server_still_closes_in_order() -> None:
    with trio.CancelScope() as scope:
        async with open_stage() as stage:
            _, client = await stage.connected("anna")
            port = client.remote[1]
            scope.cancel()
            await trio.sleep_forever()
    async with open_media(msgspec.structs.replace(SETTINGS, port=port)):
        pass


async def test_a_join_that_is_cancelled_leaves_nothing_behind(stage: Stage) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await stage.media.join(room_id="room", peer_id=new_id(), user_id="anna", may_speak=True)
    counters = stage.media.counters()
    assert counters["peers"] == counters["rooms"] == 0


async def test_a_media_loop_that_ends_by_itself_is_no_secret() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="media loop")):
        async with open_media(SETTINGS) as media:
            media._engine.stop()
            await trio.sleep_forever()


async def test_events_nobody_reads_are_counted_not_kept() -> None:
    async with open_media(SETTINGS) as media:
        media._events_in, media.events = trio.open_memory_channel(0)
        await media.join(room_id="room", peer_id=new_id(), user_id="anna", may_speak=True)
        media._lose(next(iter(media._endpoints.values())), "timeout")  # type: ignore[arg-type]
        assert media.counters()["events_dropped"] == 1
