"""Speaking, and who hears it, in tests of whole servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from tests.support.rtc_client import RtcClient


async def speak_until_heard(speaker: RtcClient, listener: RtcClient, text: bytes) -> None:
    """Say `text` every 20 ms until the listener has it."""
    with trio.fail_after(10):
        while not any(packet.payload == text for packet in listener.rtp):
            await speaker.say(text)
            await trio.sleep(0.02)


async def is_heard(speaker: RtcClient, listener: RtcClient, marker: RtcClient, text: bytes) -> bool:
    """Tell whether `text` passes: said before something from `marker`, who certainly is heard after it."""
    for _ in range(5):
        await speaker.say(text)
    await speak_until_heard(marker, listener, b"after " + text)
    return any(packet.payload == text for packet in listener.rtp)


@asynccontextmanager
async def talking(speaker: RtcClient, text: bytes = b"on and on") -> AsyncIterator[None]:
    """Keep somebody speaking, loudly, while the block lasts."""

    async def talk() -> None:
        while True:
            await speaker.say(text, level=10)
            await trio.sleep(0.02)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk)
        yield
        nursery.cancel_scope.cancel("said enough")
