"""Voice over TCP: for those whose network blocks UDP, and whatever strangers do at that port."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import trio

from tests.media.conftest import CERTIFICATE, SETTINGS, Stage, open_stage
from tests.support.rtc_client import ClientOptions, RtcClient
from voicechat.errors import Unavailable
from voicechat.media import GoneReason, PeerLost, PeerTimers, tcp
from voicechat.media.sockets import bound_sockets

OVER_TCP = ClientOptions(certificate=CERTIFICATE, over_tcp=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something the engine counts, which has no event to wait for."""
    with trio.fail_after(10):
        while not holds():  # noqa: ASYNC110
            await trio.sleep(0.01)


def counter(stage: Stage, name: str) -> int:
    return stage.media.counters()[name]


async def stranger(client: RtcClient) -> trio.SocketStream:
    """Connect to the port `client` was told of."""
    return await trio.open_tcp_stream(*client.server.tcp_candidates[-1])


async def is_shown_out(stream: trio.SocketStream) -> bool:
    with trio.fail_after(10):
        try:
            return await stream.receive_some(1) == b""
        except trio.BrokenResourceError:
            return True


@pytest.fixture
async def impatient(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A stage whose door gives strangers half a second."""
    monkeypatch.setattr(tcp.TcpDoor.__init__, "__kwdefaults__", {"proof_s": 0.5})
    async with open_stage() as stage:
        yield stage


async def test_one_over_tcp_and_one_over_udp_hear_each_other(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    await anna.say(b"from behind a wall")
    await ben.heard_payload(b"from behind a wall")
    await ben.say(b"from the open")
    await anna.heard_payload(b"from the open")
    assert counter(stage, "flows_opened") == 1


async def test_two_over_tcp_hear_each_other(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben", options=OVER_TCP)
    for sender, listener in ((anna, ben), (ben, anna)):
        for i in range(50):
            await sender.say(b"%d" % i)
        await listener.heard("1", 50)
        assert [packet.payload for packet in listener.of_slot("1")] == [b"%d" % i for i in range(50)]


async def test_the_answer_to_a_check_names_the_far_end_of_the_connection(stage: Stage) -> None:
    _, anna = await stage.client("anna", options=OVER_TCP)
    answer = await anna.check(nominates=True)
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == anna.address


async def test_a_frame_may_come_a_byte_at_a_time(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    wire = anna.protect(anna.rtp_packet(b"slowly"))
    for byte in struct.pack("!H", len(wire)) + wire:
        await anna.send_bytes(bytes([byte]))
    await ben.heard_payload(b"slowly")


async def test_who_loses_the_connection_goes_on_over_udp(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    await anna.close_tcp()
    await until(lambda: counter(stage, "flows_closed") == 1)
    await anna.check(nominates=True)
    await anna.say(b"over udp")
    await ben.heard_payload(b"over udp")
    await ben.say(b"and back")
    await anna.heard_payload(b"and back")


async def test_who_has_both_keeps_talking_when_the_connection_ends(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    udp_address = anna.address
    async with trio.open_nursery() as nursery:
        await anna.open_tcp()
        nursery.start_soon(anna.receive_frames)
        await anna.check()
        await anna.close_tcp()
        ice = stage.media._endpoints[anna_id].peer.ice
        await until(lambda: [address[:2] for address in ice.tuples] == [udp_address])
        nursery.cancel_scope.cancel()
    await ben.say(b"still there?")
    await anna.heard_payload(b"still there?")


async def test_who_loses_the_only_connection_is_lost_before_consent_ends() -> None:
    async with open_stage(timers=PeerTimers(reconnect_s=0.5)) as stage:
        anna_id, anna = await stage.connected("anna", options=OVER_TCP)
        await anna.close_tcp()
        await stage.events.wait_for(lambda event: event == PeerLost(anna_id, GoneReason.CONSENT))


async def test_a_new_connection_in_time_saves_the_call(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    await anna.close_tcp()
    async with trio.open_nursery() as nursery:
        await anna.open_tcp()
        nursery.start_soon(anna.receive_frames)
        await anna.check(nominates=True)
        await anna.say(b"back again")
        await ben.heard_payload(b"back again")
        nursery.cancel_scope.cancel()


async def test_a_leaver_is_told_goodbye_and_its_connection_closed(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna", options=OVER_TCP)
    await stage.media.leave(anna_id)
    await anna.wait_until(lambda: anna.dtls.is_closed and anna.is_cut_off)


async def test_who_proves_nothing_is_shown_out_however_it_dawdles(impatient: Stage) -> None:
    """S25: half-open, a byte now and then, a frame that never ends."""
    _, anna = await impatient.client("anna")
    silent, slow, endless = [await stranger(anna) for _ in range(3)]
    async with silent, slow, endless, trio.open_nursery() as nursery:

        async def dribble() -> None:
            while True:
                await slow.send_all(b"\0")
                await trio.sleep(0.2)

        nursery.start_soon(dribble)
        await endless.send_all(struct.pack("!H", 1500) + bytes(700))
        assert all([await is_shown_out(stream) for stream in (silent, endless)])
        nursery.cancel_scope.cancel()
    assert counter(impatient, "tcp_unproved") >= 2


async def test_who_proved_itself_may_stay(impatient: Stage) -> None:
    _, anna = await impatient.connected("anna", options=OVER_TCP)
    _, ben = await impatient.connected("ben")
    _, cleo = await impatient.client("cleo")
    async with await stranger(cleo) as after:  # came later, so anna's time was up before
        assert await is_shown_out(after)
    await anna.say(b"still here")
    await ben.heard_payload(b"still here")


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\0\0", "drop_flow_bad_length"),
        (b"\xff\xff", "drop_flow_bad_length"),
        (b"GET / HTTP/1.1\r\n\r\n", "drop_flow_bad_length"),
        (b"\x16\x03\x01\x02\0", "drop_flow_bad_length"),
    ],
)
async def test_garbage_ends_its_connection_and_nothing_else(
    stage: Stage, garbage: bytes, reason: str
) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    async with await stranger(anna) as visitor:
        await visitor.send_all(garbage)
        assert await is_shown_out(visitor)
    assert counter(stage, reason) == 1
    await anna.say(b"undisturbed")
    await ben.heard_payload(b"undisturbed")


async def test_frames_of_a_stranger_are_judged_like_its_datagrams(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=OVER_TCP)
    dtls, rtp = b"\x16\xfe\xff" + bytes(20), b"\x80\x6f" + bytes(30)
    async with await stranger(anna) as visitor:
        for packet in (dtls, rtp, rtp, b"\xc0" + bytes(30)):
            await visitor.send_all(struct.pack("!H", len(packet)) + packet)
        await until(lambda: counter(stage, "drop_not_ours") == 1)
    assert counter(stage, "drop_dtls_unknown_tuple") == 1
    assert counter(stage, "drop_media_unknown_tuple") == 2


async def test_a_flood_of_connections_is_bounded_and_harmless(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_STRANGERS_PER_SOURCE", 8)
    _, anna = await stage.connected("anna", options=OVER_TCP)
    _, ben = await stage.connected("ben")
    flood = [await stranger(anna) for _ in range(40)]
    await until(lambda: counter(stage, "tcp_refused") == 32)
    assert counter(stage, "flows_opened") == 9
    await anna.say(b"undisturbed")
    await ben.heard_payload(b"undisturbed")
    for stream in flood:
        await stream.aclose()
    await until(lambda: counter(stage, "flows_closed") == 8)
    _, cleo = await stage.connected("cleo", options=OVER_TCP)
    await cleo.say(b"let in again")
    await ben.heard_payload(b"let in again")


async def test_when_all_places_are_taken_the_oldest_stranger_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_STRANGERS", 2)
    _, anna = await stage.client("anna")
    streams = [await stranger(anna) for _ in range(3)]
    assert await is_shown_out(streams[0])
    _, ben = await stage.connected("ben", options=OVER_TCP)  # proves itself, in spite of them
    assert not ben.is_cut_off
    for stream in streams:
        await stream.aclose()


async def test_no_descriptor_stays_behind() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    async with open_stage() as stage:
        await stage.connected("first", options=OVER_TCP)
    before = descriptors()
    for _ in range(2):
        async with open_stage() as stage:
            _, anna = await stage.connected("anna", options=OVER_TCP)
            await stage.connected("ben", options=OVER_TCP)
            visitor = await stranger(anna)
            await until(lambda: counter(stage, "flows_opened") == 3)
        assert await is_shown_out(visitor)
        await visitor.aclose()
    assert descriptors() == before


async def test_without_tcp_nobody_is_offered_it() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, tcp=False)) as stage:
        _, anna = await stage.client("anna")
        assert anna.server.tcp_candidates == ()
        with pytest.raises(OSError, match="failed"):
            await trio.open_tcp_stream(*anna.remote)


def test_all_sockets_share_one_number() -> None:
    with bound_sockets("", 0, tcp=True) as bound:
        assert {sock.getsockname()[1] for sock in (*bound.sockets, *bound.listeners)} == {bound.port}
        assert [sock.family for sock in bound.listeners] == [sock.family for sock in bound.sockets]
    assert all(sock.fileno() == -1 for sock in bound.listeners)


def test_a_port_taken_for_tcp_is_refused_with_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=str(port)), bound_sockets("127.0.0.1", port, tcp=True):
            pass
