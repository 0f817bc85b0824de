"""Datagrams of people we do not know, and forgeries in the name of those we do: counted, and harmless."""

from __future__ import annotations

import os
import struct

import pytest
from aioice import stun

from voicechat.media.engine import EngineError, EngineLimits
from voicechat.media.records import Dtls, Stun

from .conftest import Running
from .fake_peer import FakePeer, rtp

Two = tuple[FakePeer, FakePeer]


def binding_request(username: str = "ours:theirs") -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["PRIORITY"] = 1
    message.attributes["USERNAME"] = username
    message.add_message_integrity(b"password")
    return bytes(message)


STUN = binding_request()


@pytest.mark.parametrize(("datagram", "reason"), [
    (b"", "drop_empty"),
    (b"\x80" + bytes(1500), "drop_oversize"),
    (b"\x16" + bytes(9000), "drop_oversize"),
    (b"\x00" + bytes(60000), "drop_oversize"),
    (b"\x00", "drop_short"),
    (b"\x80\x6f" + bytes(9), "drop_short"),
    (b"\x80\xc8" + bytes(5), "drop_short"),
    (b"\x16" + bytes(11), "drop_short"),
    (b"\x40" + bytes(40), "drop_not_ours"),
    (b"\xff" * 40, "drop_not_ours"),
    (b"\x16" + bytes(40), "drop_dtls_unknown_tuple"),
    (rtp(200, 1, 960), "drop_media_unknown_tuple"),
    (b"\x80\xc8" + bytes(40), "drop_media_unknown_tuple"),
    (STUN, "drop_stun_unknown_ufrag"),
    (STUN[:-4], "drop_stun_malformed"),
    (b"\x01\x01" + STUN[2:], "drop_stun_malformed"),
    (STUN[:4] + bytes(4) + STUN[8:], "drop_stun_malformed"),
])  # fmt: skip
async def test_each_kind_of_noise_has_its_counter(
    running: Running, two: Two, datagram: bytes, reason: str
) -> None:
    a, b = two
    stranger = await running.peer(join=False)
    for _ in range(50):
        await stranger.send(datagram)
    assert await running.count(reason, 50) == 50
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"


async def test_oversize_and_empty_from_a_valid_tuple_are_harmless_too(running: Running, two: Two) -> None:
    a, b = two
    for datagram in (b"", b"\x80" + bytes(1500), b"\x16" + bytes(65000), b"\x80", b"\x80\x6f" + bytes(2000)):
        await a.send(datagram)
    await running.count("rx_datagrams", 5)
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"


async def test_random_datagrams_from_stranger_and_member(running: Running, two: Two) -> None:
    a, b = two
    stranger = await running.peer(join=False)
    for size in range(1, 400):
        noise = os.urandom(size)
        await a.send(noise)
        await stranger.send(noise)
        await a.send(bytes([0x80 | size & 0x3F, noise[0]]) + noise)
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"
    assert running.engine.counters()["forwarded"] == 1


async def test_ten_thousand_forgeries_on_the_valid_tuple(running: Running, two: Two) -> None:
    a, b = two
    forged = rtp(a.ssrc, 60_000, 1, os.urandom(80))
    for i in range(10_000):
        await a.send(forged)
        if i % 100 == 0:
            await a.speak(str(i).encode())
            assert (await b.hear()).payload == str(i).encode()
    assert await running.count("drop_auth", 10_000) == 10_000
    assert running.engine.counters()["tuple_moves"] == 2  # the first address of each


async def test_spraying_from_elsewhere_moves_nothing(running: Running, two: Two) -> None:
    a, b = two
    stranger = await running.peer(join=False)
    captured = b.next_packet()
    await b.send(captured)
    await a.hear()
    for _ in range(100):
        await stranger.send(captured)
    await running.count("drop_media_unknown_tuple", 100)
    await a.speak(b"here")
    assert (await b.hear()).payload == b"here"


async def test_checks_naming_a_known_ufrag_reach_python(running: Running) -> None:
    peer = await running.peer(join=False)
    peer.handle = running.engine.peer_add()
    running.engine.ufrag_add(peer.handle, b"ours")
    await running.engine.settled()
    await peer.send(STUN)
    first = await running.record(Stun)
    assert isinstance(first, Stun)
    assert (first.peer, first.addr, first.is_known_tuple, first.data) == (peer.handle, peer.addr, False, STUN)
    running.engine.tuple_add(peer.handle, peer.addr)
    await running.engine.settled()
    await peer.send(STUN)
    await running.record(Stun, lambda r: isinstance(r, Stun) and r.is_known_tuple)
    running.engine.ufrag_del(peer.handle, b"ours")
    await running.engine.settled()
    await peer.send(STUN)
    await running.count("drop_stun_unknown_ufrag")


@pytest.mark.parametrize("username", ["our:x", "oursx:x", ":x", "ours", "", "o" * 17 + ":x"])
async def test_other_user_names_do_not(running: Running, username: str) -> None:
    peer = await running.peer(join=False)
    running.engine.ufrag_add(running.engine.peer_add(), b"ours")
    await running.engine.settled()
    await peer.send(binding_request(username))
    await running.count("drop_stun_unknown_ufrag")


async def test_a_flood_of_checks_is_metered_and_members_go_first(running: Running, two: Two) -> None:
    a, _ = two
    running.engine.ufrag_add(a.handle, b"ours")
    await running.engine.settled()
    stranger = await running.peer(join=False)
    for _ in range(2000):
        await stranger.send(STUN)
    await running.count("rx_datagrams", 2000)
    counters = running.engine.counters()
    assert counters["stun_to_python"] < 600
    assert counters["drop_stun_source_rate"] + counters["drop_stun_peer_rate"] > 1000
    await a.send(STUN)
    await running.record(Stun, lambda r: isinstance(r, Stun) and r.is_known_tuple)


async def test_dtls_of_a_valid_tuple_reaches_python_and_is_metered(running: Running, two: Two) -> None:
    a, _ = two
    hello = b"\x16\xfe\xff" + os.urandom(1405)  # Firefox's first fragment is as long
    await a.send(hello)
    record = await running.record(Dtls)
    assert isinstance(record, Dtls)
    assert (record.peer, record.addr, record.data) == (a.handle, a.addr, hello)
    for _ in range(200):
        await a.send(hello)
    await running.count("rx_datagrams", 201)
    counters = running.engine.counters()
    assert counters["drop_dtls_rate"] > 100
    assert counters["dtls_to_python"] + counters["drop_dtls_rate"] == 201


async def test_an_unread_ring_drops_and_recovers(running: Running) -> None:
    """Python stalls: strangers' news are dropped, acknowledgements are not, and voice goes on."""
    members = [await running.peer() for _ in range(12)]
    running.engine.route_set(members[1].slot(1), members[0].track)
    await running.engine.settled()
    for member in members:  # 12 * 64 hellos of 1480 bytes: more than the ring holds
        for _ in range(64):
            member.send_nowait(b"\x16" + bytes(1479))
    members[0].send_nowait(members[0].next_packet(b"voice"))
    while running.engine.counters()["forwarded"] == 0:
        pass  # no checkpoint: nobody drains
    assert running.engine.counters()["drop_ring_full"] > 0
    assert (await members[1].hear()).payload == b"voice"
    await running.engine.settled()


async def test_a_member_cannot_grow_state_with_rtcp_sources(running: Running, two: Two) -> None:
    a, b = two
    for ssrc in range(1000):
        report = struct.pack("!BBHI", 0x80, 201, 1, 1_000_000 + ssrc)
        await a.send(a.tx.protect_rtcp(report))
    await running.count("rx_datagrams", 1000)
    assert running.engine.counters()["drop_rtcp_too_many_ssrcs"] == 1000 - 192
    await a.speak(b"unharmed")
    assert (await b.hear()).payload == b"unharmed"


async def test_one_member_cannot_flood_the_room(running: Running, two: Two) -> None:
    a, _ = two
    for _ in range(1500):
        a.send_nowait(a.next_packet())
    await running.count("rtp_received", 1500)
    counters = running.engine.counters()
    assert counters["drop_rtp_rate"] + counters["forwarded"] == 1500
    assert 500 <= counters["forwarded"] < 1200


async def test_an_address_in_use_cannot_be_taken_by_another_peer(running: Running, two: Two) -> None:
    a, b = two
    thief = running.engine.peer_add()
    running.engine.tuple_add(thief, a.addr)
    await running.engine.settled()
    assert running.engine.counters()["commands_refused"] == 1
    await a.speak(b"mine")
    assert (await b.hear()).payload == b"mine"


def test_impossible_limits_are_refused() -> None:
    from voicechat.media.engine import Engine, open_udp

    with open_udp("127.0.0.1", 0) as sock, pytest.raises(EngineError):
        Engine([sock], EngineLimits(max_peers=0))
