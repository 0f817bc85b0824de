"""S26: somebody whose client says, in authentic packets, that they are always as loud as can be."""

from __future__ import annotations

import trio

from tests.media.conftest import Stage, open_stage
from tests.support.rtc_client import RtcClient
from voicechat.settings import MediaSettings

SLOTS = 2
PEOPLE = 8

Crowd = dict[str, tuple[str, RtcClient]]


def _slots_of(stage: Stage, listener: str) -> list[str | None]:
    return [slot.user_id for slot in stage.media._rooms.slots_of(listener)]


async def _take_the_floor(stage: Stage, crowd: Crowd, name: str, listener: str) -> None:
    """Speak until the listener has the speaker in a slot; the cheater is as loud as can be all the while."""
    with trio.fail_after(10):
        while name not in _slots_of(stage, listener):
            await crowd["cheater"][1].say(b"me me me", level=0)
            await crowd[name][1].say(b"onset", level=10)
            await trio.sleep(0.02)  # as long as a packet is
    await stage.settled()


async def test_s26_a_cheater_holds_one_slot_at_most_and_a_mute_ends_it() -> None:
    settings = MediaSettings(port=0, slots=SLOTS, max_peers=16, room_peers=PEOPLE)
    async with open_stage(settings) as stage:
        crowd = {name: await stage.connected(name) for name in ("listener", "cheater", *"abc")}
        listener_id, listener = crowd["listener"]
        cheater_id, cheater = crowd["cheater"]
        for speaker in "abc":
            await _take_the_floor(stage, crowd, speaker, listener_id)
            await crowd[speaker][1].say(b"word of %s" % speaker.encode(), level=10)
            await listener.heard_payload(b"word of %s" % speaker.encode())
            assert _slots_of(stage, listener_id).count("cheater") <= 1
        stage.media.set_muted(cheater_id, True)
        await stage.settled()
        heard = len([packet for packet in listener.rtp if packet.payload == b"me me me"])
        for _ in range(10):
            await cheater.say(b"me me me", level=0)
        await crowd["c"][1].say(b"peace", level=10)
        await listener.heard_payload(b"peace")
        assert len([packet for packet in listener.rtp if packet.payload == b"me me me"]) == heard
