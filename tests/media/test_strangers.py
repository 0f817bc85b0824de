"""Attacks that brought other servers down (the cases S1 to S8, S14 and S18 of the SFU study)."""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import AsyncIterator, Callable

import pytest
import trio
from aioice import stun

from tests.media.conftest import CERTIFICATE, Stage
from tests.rtc.test_stun import with_attribute
from tests.support.dtls_client import DtlsClient
from tests.support.rtc_client import RtcClient
from voicechat.media import GoneReason, PeerConnected, PeerLost

Udp = trio.socket.SocketType


@contextlib.asynccontextmanager
async def stranger() -> AsyncIterator[Udp]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as udp:
        await udp.bind(("127.0.0.1", 0))
        yield udp
        await trio.lowlevel.checkpoint()


async def is_silent(udp: Udp, client: RtcClient) -> bool:
    """Tell whether nothing was sent to `udp`; answers go out in order, so one to the client is a barrier."""
    await client.check()
    with pytest.raises(BlockingIOError):
        udp._sock.recvfrom(2000)  # type: ignore[attr-defined]
    return True


async def talk(speaker: RtcClient, listener: RtcClient, payload: bytes) -> None:
    await speaker.say(payload)
    await listener.heard_payload(payload)


async def wait_count(stage: Stage, name: str, at_least: int) -> None:
    with trio.fail_after(10):
        await trio.lowlevel.checkpoint()
        while stage.media.counters()[name] < at_least:  # noqa: ASYNC110, the engine tells nobody of its counters
            await trio.sleep(0.005)


@pytest.fixture
async def pair(stage: Stage) -> tuple[RtcClient, RtcClient]:
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    return anna, ben


async def test_s1_empty_and_short_datagrams_change_nothing(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    anna, ben = pair
    async with stranger() as udp:
        for source in (lambda data: udp.sendto(data, anna.remote), anna.send):
            for _ in range(500):
                await source(b"")
            for data in (b"\x00", b"\x16\xfe", b"\x80\x6f", b"\xff", b"\x80\xc9\x00"):
                await source(data)
        await wait_count(stage, "drop_empty", 1000)
        await talk(anna, ben, b"unmoved")
        assert await is_silent(udp, anna)
    assert stage.events.of(PeerLost) == []


async def test_s2_oversized_datagrams_change_nothing(stage: Stage, pair: tuple[RtcClient, RtcClient]) -> None:
    anna, ben = pair
    async with stranger() as udp:
        for size in (1501, 9000, 65_507):
            for first in (0x00, 0x16, 0x80):
                data = bytes([first]) * size
                await udp.sendto(data, anna.remote)
                await anna.send(data)
        await wait_count(stage, "drop_oversize", 18)
        await talk(anna, ben, b"unmoved")
        assert await is_silent(udp, anna)
    assert stage.events.of(PeerLost) == []


def hopeless_hello() -> list[bytes]:
    """A ClientHello that offers only what we do not speak, as in the hello race attacks."""
    return DtlsClient(CERTIFICATE, ciphers=b"ECDHE-RSA-AES128-GCM-SHA256").start()


@pytest.mark.parametrize("moment", ["before the check", "after the check", "amid the handshake"])
async def test_s3_a_hello_of_a_stranger_gets_no_byte_and_spoils_nothing(stage: Stage, moment: str) -> None:
    """From the same address and another port, which is where servers that match by address fail."""
    peer_id, client = await stage.client("anna")
    await stage.media.answer(peer_id, client.answer())
    async with stranger() as udp:

        async def intrude() -> None:
            for datagram in hopeless_hello():
                await udp.sendto(datagram, client.remote)
            await wait_count(stage, "drop_dtls_unknown_tuple", 1)

        if moment == "before the check":
            await intrude()
        await client.check(nominates=True)
        if moment == "after the check":
            await intrude()
        if moment == "amid the handshake":
            for datagram in client.dtls.start():
                await client.send(datagram)
            await intrude()
        await client.shake_hands()
        await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))
        assert await is_silent(udp, client)


async def test_s4_a_hopeless_hello_of_a_valid_client_fails_that_client_alone(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    victim_id, victim = await stage.client("victim")
    await victim.check()
    for datagram in hopeless_hello():
        await victim.send(datagram)
    await stage.events.wait_for(lambda event: event == PeerLost(victim_id, GoneReason.DTLS_FAILED))
    _, ben = await stage.connected("ben")
    await talk(ben, anna, b"unmoved")


def without_integrity(client: RtcClient) -> bytes:
    request = client.binding_request(nominates=True)
    del request.attributes["MESSAGE-INTEGRITY"]
    request.add_fingerprint()
    return bytes(request)


def with_wrong_password(client: RtcClient) -> bytes:
    request = client.binding_request(nominates=True)
    request.add_message_integrity(b"wrong password, twenty-four")
    return bytes(request)


def with_swapped_names(client: RtcClient) -> bytes:
    request = client.binding_request(nominates=True)
    request.attributes["USERNAME"] = f"{client.ufrag}:{client.server.ufrag}"
    request.add_message_integrity(client.server.password.encode())
    return bytes(request)


def with_wrong_fingerprint(client: RtcClient) -> bytes:
    datagram = bytearray(bytes(client.binding_request(nominates=True)))
    datagram[-1] ^= 1
    return bytes(datagram)


def with_short_integrity(client: RtcClient) -> bytes:
    request = client.binding_request(nominates=True)
    request.attributes["MESSAGE-INTEGRITY"] = request.attributes["MESSAGE-INTEGRITY"][:4]
    request.add_fingerprint()
    return bytes(request)


def with_an_attribute_past_the_end(client: RtcClient) -> bytes:
    return with_attribute(bytes(client.binding_request()), 0x8022, b"")[:-2] + b"\xff\xff"


def as_another_of_ours(client: RtcClient) -> bytes:
    request = client.binding_request(nominates=True)
    request.attributes["USERNAME"] = f"{client.server.ufrag}:{'x' * 8}"
    request.add_message_integrity(client.server.password.encode())
    return bytes(request)


FORGED: list[Callable[[RtcClient], bytes]] = [
    without_integrity, with_wrong_password, with_swapped_names, with_wrong_fingerprint, with_short_integrity,
    with_an_attribute_past_the_end, as_another_of_ours,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGED)
async def test_s5_a_forged_check_gets_no_answer_and_makes_nothing_valid(
    stage: Stage, pair: tuple[RtcClient, RtcClient], forge: Callable[[RtcClient], bytes]
) -> None:
    anna, ben = pair
    async with stranger() as udp:
        await udp.sendto(forge(anna), anna.remote)
        for datagram in hopeless_hello():
            await udp.sendto(datagram, anna.remote)  # would pass had the check made the address valid
        await wait_count(stage, "drop_dtls_unknown_tuple", 1)
        assert await is_silent(udp, anna)
    await talk(ben, anna, b"unmoved")


async def test_s6_responses_are_ignored_whoever_signs_them(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    anna, ben = pair
    message = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
    message.attributes = {"XOR-MAPPED-ADDRESS": ("192.0.2.7", 7)}
    message.add_message_integrity(anna.server.password.encode())
    await anna.send(bytes(message))
    await talk(anna, ben, b"unmoved")


async def test_s7_sprayed_and_replayed_media_moves_nothing(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    """The RTP bleed: whoever sends to the port must not be sent the conversation."""
    anna, ben = pair
    captured = await anna.say(b"captured")
    await ben.heard_payload(b"captured")
    check = bytes(anna.binding_request(nominates=True))
    await anna.send(check)
    await anna.check()
    async with stranger() as udp:
        for _ in range(50):
            await udp.sendto(struct.pack("!BBHII", 0x80, 111, 1, 1, anna.ssrc) + bytes(60), anna.remote)
            await udp.sendto(struct.pack("!BBHI", 0x80, 200, 6, anna.ssrc) + bytes(60), anna.remote)
            await udp.sendto(captured, anna.remote)
        await udp.sendto(check, anna.remote)  # and the check that would make it all valid
        await wait_count(stage, "drop_media_unknown_tuple", 150)
        await udp.sendto(captured, anna.remote)
        await talk(ben, anna, b"to anna")
        assert await is_silent(udp, anna)
    assert [packet.payload for packet in ben.rtp] == [b"captured"]


async def test_s7_a_packet_replayed_by_a_valid_path_is_not_heard_twice(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    anna, ben = pair
    captured = await anna.say(b"once")
    await ben.heard_payload(b"once")
    for _ in range(5):
        await anna.send(captured)
    await wait_count(stage, "drop_replay", 5)
    await talk(anna, ben, b"twice")
    assert [packet.payload for packet in ben.rtp] == [b"once", b"twice"]


async def test_s8_ten_thousand_forged_packets_on_a_valid_path_end_nothing_and_log_nothing(
    stage: Stage, pair: tuple[RtcClient, RtcClient], caplog: pytest.LogCaptureFixture
) -> None:
    anna, ben = pair
    caplog.set_level(logging.DEBUG)
    for number in range(10_000):
        await anna.send(struct.pack("!BBHII", 0x80, 111, number & 0xFFFF, number, anna.ssrc) + bytes(60))
        if number % 500 == 0:
            await wait_count(stage, "drop_auth", number // 2)
    await talk(anna, ben, b"unmoved")
    assert stage.events.of(PeerLost) == []
    assert caplog.records == []


async def test_s18_a_flood_of_checks_with_a_wrong_password_leaves_room_for_a_join(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    async with stranger() as udp:
        forged = with_wrong_password(anna)
        for _ in range(5000):
            await udp.sendto(forged, anna.remote)
        _, ben = await stage.connected("ben")
        await talk(ben, anna, b"unmoved")
        counters = stage.media.counters()
        assert counters["drop_stun_source_rate"] + counters["drop_stun_peer_rate"] > 4000
        assert await is_silent(udp, anna)
