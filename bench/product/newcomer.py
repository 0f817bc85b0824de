"""Somebody who joins a voice channel, hears the first packet, and leaves again: timed, without a browser."""

from __future__ import annotations

import time

import trio
from tests.support.gateway_client import open_gateway
from tests.support.rtc_client import RtcClient, run_client

from bench.programs import Broken
from voicechat.protocol.gateway import Ready
from voicechat.protocol.voice import VoiceAnswer, VoiceJoin, VoiceLeave, VoiceOffer

_WITHIN_S = 10.0


async def join_time_ms(url: str, token: str, channel_id: str) -> float:
    """Return the milliseconds from `voice_join` until the first voice of another has come."""
    with trio.move_on_after(_WITHIN_S):
        async with open_gateway(url, token) as gateway, trio.open_nursery() as nursery:
            await gateway.expect(Ready)
            started = time.monotonic()
            await gateway.send(VoiceJoin(channel_id=channel_id))
            offer = await gateway.expect(VoiceOffer)
            client: RtcClient = await nursery.start(run_client, offer.sdp)
            await gateway.send(VoiceAnswer(channel_id=channel_id, sdp=client.answer()))
            await client.connect()
            await client.wait_until(lambda: bool(client.rtp))
            took = time.monotonic() - started
            await gateway.send(VoiceLeave(channel_id=channel_id))
            nursery.cancel_scope.cancel()
        return took * 1000
    raise Broken(f"nobody could be heard within {_WITHIN_S:g} s of joining")
