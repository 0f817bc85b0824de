"""People in a voice room hear each other: over real sockets, with real DTLS and SRTP."""

from __future__ import annotations

from tests.media.conftest import Stage


async def test_two_people_hear_each_other(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    for number in range(5):
        await anna.say(b"anna %d" % number)
        await ben.say(b"ben %d" % number)
    at_ben, at_anna = await ben.heard("1", 5), await anna.heard("1", 5)
    assert [packet.payload for packet in at_ben] == [b"anna %d" % number for number in range(5)]
    assert [packet.payload for packet in at_anna] == [b"ben %d" % number for number in range(5)]
