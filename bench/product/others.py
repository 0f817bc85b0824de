"""People who are in voice already and talk: real ICE, DTLS and SRTP, without a browser."""

from __future__ import annotations

import trio
from tests.support.gateway_client import GatewayClient, open_gateway
from tests.support.rtc_client import RtcClient, run_client

from voicechat.protocol.gateway import Ping, Ready
from voicechat.protocol.voice import VoiceAnswer, VoiceConnected, VoiceJoin, VoiceOffer

_FRAME_S = 0.02
_PING_EVERY_FRAMES = 500
_FORGET_EVERY_FRAMES = 50
_OPUS_SILENCE = b"\xf8\xff\xfe"  # one 20 ms frame: valid, and short


async def talk(
    url: str,
    token: str,
    channel_id: str,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Join a voice channel and talk until cancelled; report the server's ufrag when media flows."""
    async with open_gateway(url, token) as gateway, trio.open_nursery() as nursery:
        await gateway.expect(Ready)
        await gateway.send(VoiceJoin(channel_id=channel_id))
        offer = await gateway.expect(VoiceOffer)
        client: RtcClient = await nursery.start(run_client, offer.sdp)
        await gateway.send(VoiceAnswer(channel_id=channel_id, sdp=client.answer()))
        await client.connect()
        await gateway.expect(VoiceConnected)
        nursery.start_soon(_listen, gateway)
        task_status.started(client.server.ufrag)
        await _speak(client, gateway)


async def _listen(gateway: GatewayClient) -> None:
    while True:
        await gateway.next()


async def _speak(client: RtcClient, gateway: GatewayClient) -> None:
    started, frame = trio.current_time(), 0
    while True:
        await client.say(_OPUS_SILENCE)
        frame += 1
        if frame % _PING_EVERY_FRAMES == 0:
            await gateway.send(Ping())
        if frame % _FORGET_EVERY_FRAMES == 0:
            client.rtp.clear()
            client.datagrams.clear()
        await trio.sleep_until(started + frame * _FRAME_S)
