"""Rooms with more people than a listener has slots: all connect, and whoever speaks is heard by all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.media.conftest import Stage, open_stage
from tests.support.rtc_client import RtcClient
from voicechat.settings import MediaSettings

SLOTS = 16
ONSET = 4  # packets of speech until everybody has been told who has the slot; the next one is heard by all

Crowd = dict[str, tuple[str, RtcClient]]


@asynccontextmanager
async def crowded(people: int) -> AsyncIterator[tuple[Stage, Crowd]]:
    """Open a room in which so many people are connected, all of whom came at once."""
    settings = MediaSettings(port=0, slots=SLOTS, max_peers=people + 8, room_peers=people)
    async with open_stage(settings) as stage:
        crowd: Crowd = {}

        async def enter(name: str) -> None:
            crowd[name] = await stage.connected(name)

        async with trio.open_nursery() as nursery:
            for number in range(people):
                nursery.start_soon(enter, f"p{number}")
        await stage.settled()
        yield stage, crowd


def has_slot(stage: Stage, listener: str, speaker: str) -> bool:
    """Tell whether the room gives the speaker one of the listener's slots."""
    return speaker in {slot.user_id for slot in stage.media._rooms.slots_of(listener)}


async def speak(stage: Stage, crowd: Crowd, speaker: str, *, until: int = ONSET) -> None:
    """Begin to speak, and wait until the room has made way for it everywhere."""
    _, client = crowd[speaker]
    for number in range(until):
        await client.say(b"onset %d of %s" % (number, speaker.encode()), level=10)
    others = [peer_id for name, (peer_id, _) in crowd.items() if name != speaker]
    await stage.events.wait_for(lambda _: all(has_slot(stage, peer_id, speaker) for peer_id in others))
    await stage.settled()


async def is_heard_by_all(crowd: Crowd, speaker: str, payload: bytes) -> None:
    """Say one packet and wait until everybody else has it."""
    await crowd[speaker][1].say(payload, level=10)
    async with trio.open_nursery() as nursery:
        for name, (_, client) in crowd.items():
            if name != speaker:
                nursery.start_soon(client.heard_payload, payload)


async def test_forty_people_on_sixteen_slots_all_hear_whoever_speaks() -> None:
    async with crowded(40) as (stage, crowd):
        assert stage.media.counters()["peers"] == 40
        assert stage.media.counters()["commands_refused"] == 0
        for speaker in crowd:
            await speak(stage, crowd, speaker)
            await is_heard_by_all(crowd, speaker, b"word of " + speaker.encode())
        for _, client in crowd.values():
            assert client.unreadable == 0


async def test_as_many_as_there_are_slots_may_speak_at_once() -> None:
    async with crowded(40) as (stage, crowd):
        speakers = list(crowd)[: -SLOTS - 1 : -1]  # of those who came last, most have no slot yet
        for speaker in speakers:
            await speak(stage, crowd, speaker)
        for speaker in speakers:
            await is_heard_by_all(crowd, speaker, b"word of " + speaker.encode())


async def test_a_priority_speaker_is_heard_though_as_many_speak_as_there_are_slots() -> None:
    async with crowded(SLOTS + 4) as (stage, crowd):
        *speakers, late, listener = list(crowd)[-SLOTS - 2 :]
        for speaker in speakers:
            await speak(stage, crowd, speaker)
        stage.media.set_priority(crowd[late][0], True)
        await speak(stage, {name: crowd[name] for name in (late, listener)}, late)
        await is_heard_by_all({name: crowd[name] for name in (late, listener)}, late, b"now")


async def test_a_hundred_people_in_one_room_are_all_connected() -> None:
    people = 100
    async with crowded(people) as (stage, crowd):
        counters = stage.media.counters()
        assert (counters["peers"], counters["rooms"]) == (people, 1)
        assert (counters["events_dropped"], counters["commands_refused"], counters["peers_failed"]) == (
            0,
            0,
            0,
        )
        for speaker in ("p0", f"p{people - 1}"):
            await speak(stage, crowd, speaker)
            await is_heard_by_all(crowd, speaker, b"word of " + speaker.encode())
