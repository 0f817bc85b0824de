"""TCP flows with a real engine: RFC 4571 frames in, frames out, and the end of a connection told."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import trio

from voicechat.media.engine import Engine, EngineLimits, open_udp, pack_addr
from voicechat.media.records import Addr, Dtls, FlowClosed

from .conftest import Running

HELLO = b"\x16\xfe\xff" + bytes(8) + b"\0\4body"


def frame(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


class Flow:
    """Both ends of a connection whose server side the engine has."""

    def __init__(self, far: trio.SocketStream, addr: Addr) -> None:
        self.far = far
        self.addr = addr
        self.refused = trio.Event()


@contextlib.asynccontextmanager
async def open_flow(engine: Engine) -> AsyncIterator[Flow]:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        far = await trio.open_tcp_stream(*listener.getsockname())
        near, name = listener.accept()
    near.setblocking(False)
    flow = Flow(far, pack_addr(name[0], name[1], "tcp"))
    engine.flow_add(near, flow.addr, flow.refused.set)
    await engine.settled()
    async with far:
        yield flow


async def test_a_datagram_crosses_both_ways_over_a_flow(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        peer = running.engine.peer_add()
        running.engine.tuple_add(peer, flow.addr)
        for byte in frame(HELLO):
            await flow.far.send_all(bytes([byte]))
        record = await running.record(Dtls)
        assert isinstance(record, Dtls)
        assert (record.peer, record.addr, record.data) == (peer, flow.addr, HELLO)
        assert running.engine.send(flow.addr, b"answer")
        assert await flow.far.receive_some(100) == frame(b"answer")


async def test_udp_from_the_same_port_is_somebody_else(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        peer = running.engine.peer_add()
        running.engine.tuple_add(peer, flow.addr)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(flow.far.socket.getsockname())
            stranger.sendto(HELLO, running.address)
            assert await running.count("drop_dtls_unknown_tuple") == 1


async def test_the_end_of_a_connection_is_told_with_its_owner(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        peer = running.engine.peer_add()
        running.engine.tuple_add(peer, flow.addr)
        await running.engine.settled()
    record = await running.record(FlowClosed)
    assert isinstance(record, FlowClosed)
    assert (record.peer, record.addr) == (peer, flow.addr)
    stats = running.engine.peer_stats(peer)
    assert stats is not None
    assert stats.send_addr is None


@pytest.mark.parametrize("length", [0, 1501, 65535])
async def test_a_frame_of_impossible_length_ends_its_connection(running: Running, length: int) -> None:
    async with open_flow(running.engine) as flow:
        await flow.far.send_all(struct.pack("!H", length))
        record = await running.record(FlowClosed)
        assert isinstance(record, FlowClosed)
        assert (record.peer, record.addr) == (-1, flow.addr)
        assert await flow.far.receive_some(1) == b""
    assert await running.count("drop_flow_bad_length") == 1


async def test_a_peer_takes_its_connection_along(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        peer = running.engine.peer_add()
        running.engine.tuple_add(peer, flow.addr)
        running.engine.send(flow.addr, b"goodbye")
        running.engine.peer_del(peer)
        assert await flow.far.receive_some(100) == frame(b"goodbye")
        assert await flow.far.receive_some(100) == b""


async def test_who_does_not_read_loses_packets_and_is_sent_whole_frames_afterwards(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        sent = 0
        while running.engine.counters()["drop_flow_full"] == 0:
            running.engine.send(flow.addr, struct.pack("!I", sent) + bytes(1200))
            sent += 1
            await running.engine.settled()
        received, wanted = b"", running.engine.counters()["flow_frames_sent"] * 1206
        with trio.fail_after(10):
            while len(received) < wanted:
                received += await flow.far.receive_some(65536)
        frames = [received[at : at + 1206] for at in range(0, wanted, 1206)]
        assert frames == [frame(struct.pack("!I", number) + bytes(1200)) for number in range(sent - 1)]
        running.engine.send(flow.addr, b"here again")
        assert await flow.far.receive_some(100) == frame(b"here again")


async def test_one_address_has_one_flow(running: Running) -> None:
    async with open_flow(running.engine) as flow:
        ends = socket.socketpair()
        twin = trio.Event()
        running.engine.flow_add(ends[0], flow.addr, twin.set)
        with trio.fail_after(5):
            await twin.wait()
        assert ends[1].recv(1) == b""
        ends[1].close()
        assert not flow.refused.is_set()


async def test_goodbyes_queued_before_the_stop_are_sent_and_no_descriptor_stays() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with open_udp("127.0.0.1", 0) as sock, trio.fail_after(10):
        engine = Engine([sock], EngineLimits(max_peers=4, max_tracks=4, max_slots=4, max_flows=4))
        ends = [socket.socketpair() for _ in range(3)]
        addrs = [pack_addr("192.0.2.1", 5000 + i, "tcp") for i in range(3)]
        for (near, _), addr in zip(ends, addrs, strict=True):
            near.setblocking(False)
            engine.flow_add(near, addr, lambda: None)
        engine.send(addrs[0], b"goodbye")
        engine.stop()
        await trio.to_thread.run_sync(engine.run)
        assert ends[0][1].recv(100) == frame(b"goodbye")
        engine.close()
        assert all(far.recv(1) == b"" for _, far in ends)
        for _, far in ends:
            far.close()
    assert len(os.listdir("/proc/self/fd")) == before
