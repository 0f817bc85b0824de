"""S7: media from where nobody checked: asked who it is when it is authentic, and moving nothing before."""

from __future__ import annotations

import pytest
import trio
from aioice import stun

from tests.media.conftest import Stage
from tests.support.rtc_client import RtcClient


class Port:
    """A port that a client's packets leave from, without the client's knowing."""

    def __init__(self, udp: trio.socket.SocketType, client: RtcClient) -> None:
        self.udp, self.client = udp, client

    async def checked(self) -> stun.Message:
        """Wait for a check of the server's."""
        with trio.fail_after(10):
            while True:
                datagram, _ = await self.udp.recvfrom(2000)
                if datagram[0] < 4:
                    check = stun.parse_message(datagram)
                    assert check.check_message_integrity(self.client.password.encode())
                    return check

    async def answer(self, check: stun.Message, password: str) -> None:
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, check.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = self.udp.getsockname()
        response.add_message_integrity(password.encode())
        await self.udp.sendto(bytes(response), self.client.remote)

    async def say(self, payload: bytes) -> None:
        await self.udp.sendto(self.client.protect(self.client.rtp_packet(payload)), self.client.remote)


@pytest.fixture
async def away(pair: tuple[RtcClient, RtcClient]) -> Port:
    anna, _ = pair
    udp = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    await udp.bind(("127.0.0.1", 0))
    return Port(udp, anna)


async def test_s7_a_router_that_changes_ports_is_followed_as_soon_as_the_client_has_answered(
    stage: Stage, pair: tuple[RtcClient, RtcClient], away: Port
) -> None:
    _, ben = pair
    with away.udp:
        await away.say(b"lost")
        await away.answer(await away.checked(), away.client.password)
        with trio.fail_after(10):
            while not any(packet.payload == b"heard" for packet in ben.rtp):
                await away.say(b"heard")
                await trio.sleep(0.02)  # as long as a packet is
            before = len(away.client.rtp)
            await ben.say(b"to the new port")
            while (await away.udp.recvfrom(2000))[0][0] < 128:
                pass
        assert len(away.client.rtp) == before
    assert b"lost" not in [packet.payload for packet in ben.rtp]


async def test_s7_whoever_cannot_answer_gets_one_check_and_moves_nothing(
    stage: Stage, pair: tuple[RtcClient, RtcClient], away: Port
) -> None:
    """Somebody on the path holds back a packet and sends it from their own port."""
    anna, ben = pair
    with away.udp:
        await away.say(b"held back")
        await away.answer(await away.checked(), "not the password of the client")
        await away.say(b"held back as well")
        await ben.say(b"to anna")
        await anna.heard_payload(b"to anna")
        await anna.say(b"from anna")
        await ben.heard_payload(b"from anna")
    assert [packet.payload for packet in ben.rtp] == [b"from anna"]
