"""A listener whose network loses packets gets them with the next, if its client takes that."""

from __future__ import annotations

import itertools
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import trio

from tests.media.conftest import CERTIFICATE, Stage
from tests.native.test_redundancy import blocks_of
from tests.support.rtc_client import ClientOptions, RtcClient, RtpPacket
from voicechat.media import PeerConnected
from voicechat.rtc.negotiation import OPUS_PT, RED_PT

FRAME_S = 0.02
OPTIONS = ClientOptions(certificate=CERTIFICATE)


def lost_report(client: RtcClient, lost: int, of: int) -> bytes:
    """A receiver report of a client that lost so many packets of its first slot (RFC 3550 §6.4.2)."""
    ssrc = client.server.slot_ssrcs["1"]
    block = struct.pack("!IIIIII", ssrc, 128 << 24 | lost, of, 0, 0, 0)
    return struct.pack("!BBHI", 0x81, 201, 7, 4711) + block


@asynccontextmanager
async def talking(client: RtcClient) -> AsyncIterator[None]:
    """Let the client say a number every 20 ms, as a browser would."""

    async def talk() -> None:
        for number in itertools.count():
            await client.say(b"%d" % number)
            await trio.sleep(FRAME_S)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk)
        yield
        nursery.cancel_scope.cancel()


async def lose_half(client: RtcClient) -> None:
    """Report that every second packet was lost, until the packets carry more."""
    for heard in itertools.count(25, 25):
        packets = await client.heard("1", heard)
        await client.report(lost_report(client, len(packets) // 2, packets[-1].seq))
        if packets[-1].payload_type == RED_PT:
            return


def payloads(packets: list[RtpPacket]) -> set[bytes]:
    """All that the packets carry."""
    found: set[bytes] = set()
    for packet in packets:
        is_red = packet.payload_type == RED_PT
        found |= {block.payload for block in blocks_of(packet.payload)} if is_red else {packet.payload}
    return found


async def connected_as(stage: Stage, user_id: str, options: ClientOptions, **answer: Any) -> RtcClient:
    peer_id, client = await stage.client(user_id, options=options)
    await stage.media.answer(peer_id, client.answer(**answer))
    await client.connect()
    await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))
    await stage.settled()
    return client


async def test_who_loses_every_second_packet_gets_it_with_the_next(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    _, cleo = await stage.connected("cleo")
    async with talking(anna):
        with trio.fail_after(30):
            await lose_half(ben)
        first = len(ben.of_slot("1"))
        after = (await ben.heard("1", first + 40))[first:]
    numbers = {number for packet in after for number in payloads([packet])}
    assert {packet.payload_type for packet in after} == {RED_PT}
    assert [b - a for a, b in itertools.pairwise(packet.seq for packet in after)] == [1] * (len(after) - 1)
    assert payloads(after[1::2]) >= {max(payloads([packet]), key=int) for packet in after[:-1]}
    assert len(numbers) > 40
    assert {packet.payload_type for packet in cleo.of_slot("1")} == {OPUS_PT}  # who loses nothing
    assert {packet.payload_type for packet in ben.rtp if packet.ssrc != ben.server.slot_ssrcs["1"]} <= {
        OPUS_PT
    }


@pytest.mark.parametrize(
    ("options", "answer"),
    [(OPTIONS, {"types": frozenset({OPUS_PT})}), (replace(OPTIONS, over_tcp=True), {})],
    ids=["a client that takes none", "over TCP"],
)
async def test_who_cannot_use_it_is_sent_plain_packets(
    stage: Stage, options: ClientOptions, answer: dict[str, Any]
) -> None:
    _, anna = await stage.connected("anna")
    ben = await connected_as(stage, "ben", options, **answer)
    _, cleo = await stage.connected("cleo")
    async with talking(anna), trio.open_nursery() as nursery:
        with trio.fail_after(30):
            nursery.start_soon(lose_half, ben)
            await lose_half(cleo)  # who is sent some by then
        nursery.cancel_scope.cancel()
    assert {packet.payload_type for packet in ben.of_slot("1")} == {OPUS_PT}
