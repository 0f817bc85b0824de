"""A publisher that did not say its SSRC is known by its payload type, and by authentic packets alone."""

from __future__ import annotations

import struct

import pytest

from voicechat.media.engine import UNNAMED_SSRC

from .conftest import Running
from .fake_peer import LEVEL_EXT, PT, FakePeer, rtp


@pytest.fixture
async def two(running: Running) -> tuple[FakePeer, FakePeer]:
    """A publisher without a named stream, and a listener."""
    speaker, listener = await running.peer(publish=False), await running.peer(publish=False)
    engine = running.engine
    speaker.track = engine.track_add(speaker.handle, ssrc=UNNAMED_SSRC, pt=PT, level_ext=LEVEL_EXT)
    engine.route_set(listener.slot(1), speaker.track)
    await engine.settled()
    return speaker, listener


async def test_the_first_authentic_packet_names_the_stream(
    running: Running, two: tuple[FakePeer, FakePeer]
) -> None:
    speaker, listener = two
    await speaker.speak(b"hello")
    assert (await listener.hear()).payload == b"hello"
    await speaker.send(speaker.tx.protect(rtp(speaker.ssrc + 1, 1, 960, b"another stream")))
    await running.count("drop_rtp_unknown_ssrc")
    await speaker.speak(b"again")
    assert (await listener.hear()).payload == b"again"


async def test_what_is_forged_of_another_type_or_a_probe_names_nothing(
    running: Running, two: tuple[FakePeer, FakePeer]
) -> None:
    speaker, listener = two
    await speaker.send(struct.pack("!BBHII", 0x80, PT, 1, 960, 4711) + bytes(60))
    await running.count("drop_auth")
    await speaker.send(speaker.tx.protect(rtp(4711, 1, 960, b"video", pt=PT + 1)))
    await speaker.send(speaker.tx.protect(rtp(UNNAMED_SSRC, 1, 960, b"probe")))
    await running.count("drop_rtp_unknown_ssrc", 2)
    await speaker.speak(b"hello")
    assert (await listener.hear()).payload == b"hello"
