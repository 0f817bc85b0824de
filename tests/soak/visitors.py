"""People who join voice, say something and go, over and over, with real ICE, DTLS and SRTP."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from tests.e2e.account import Account
from tests.support.dtls_client import ClientCertificate
from tests.support.gateway_client import GatewayClient, open_gateway
from tests.support.rtc_client import ClientOptions, open_client
from voicechat.protocol.gateway import Ready
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceConnected,
    VoiceDisconnected,
    VoiceJoin,
    VoiceLeave,
    VoiceOffer,
)

VISITS_EACH = 20  # as many joins the server takes from one person at once
AT_ONCE = 4
PACKETS = 5
_CERTIFICATE = ClientCertificate()


async def visit(url: str, people: Sequence[Account], channel_id: str) -> None:
    """Let each of `people` join and leave VISITS_EACH times, a few people at once."""
    turns = trio.CapacityLimiter(AT_ONCE)
    async with trio.open_nursery() as nursery:
        for account in people:
            nursery.start_soon(_come_and_go, url, account, channel_id, turns)


async def _come_and_go(url: str, account: Account, channel_id: str, turns: trio.CapacityLimiter) -> None:
    async with turns, open_gateway(url, account.access_token) as socket:
        await socket.expect(Ready)
        for number in range(VISITS_EACH):
            await _one_visit(socket, channel_id, number)
            socket.forget()


async def _one_visit(socket: GatewayClient, channel_id: str, number: int) -> None:
    """Join over UDP or TCP and end in one of three ways."""
    await socket.send(VoiceJoin(channel_id=channel_id))
    offer = await socket.expect(VoiceOffer)
    options = ClientOptions(certificate=_CERTIFICATE, over_tcp=number % 5 == 4)
    async with open_client(offer.sdp, options) as client:
        await socket.send(VoiceAnswer(channel_id=channel_id, sdp=client.answer()))
        if number % 7 != 6:  # the others turn on their heels
            await client.connect()
            await socket.expect(VoiceConnected)
            for _ in range(PACKETS):
                await client.say(b"still here")
        if number % 3 == 2:
            await client.goodbye()
        else:
            await socket.send(VoiceLeave())
        await socket.expect(VoiceDisconnected)
