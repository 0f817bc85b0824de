"""A microphone may begin, change and end while its owner stays: a later answer says so. Over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.media.conftest import CERTIFICATE, Stage
from tests.media.test_conversation import SILENCE, is_seamless, told
from tests.media.watching import Person, person
from tests.support.rtc_client import ClientOptions
from voicechat.media import SlotsChanged, Speaking, Whisper, records

LISTENS = ClientOptions(publishes=False, certificate=CERTIFICATE)
LATER = {"microphone": "sendonly"}
NO_MORE = {"microphone": "recvonly"}


async def answers_anew(someone: Person, **answer: Any) -> None:
    """Ask for another offer and answer it."""
    someone.stage.media.restart_ice(someone.peer_id)
    await someone.renegotiates(**answer)


def another_sender(someone: Person) -> None:
    """Go on as another RTCRtpSender does: another SSRC, and numbers that go on from nothing before."""
    client = someone.client
    client.ssrc ^= 0x5555
    client.seq, client.timestamp = (client.seq + 20_000) & 0x7FFF, client.timestamp + 1_000_000


def told_speaking(stage: Stage, user_id: str) -> list[bool]:
    """List what was told of somebody's speech, in order."""
    return [event.speaking for event in stage.events.of(Speaking) if event.user_id == user_id]


async def speaks(someone: Person, *, is_speaking: bool = True) -> None:
    """Speak until the room is told so, or wait until it is told of the end."""
    for _ in range(3 if is_speaking else 0):
        await someone.client.say(b"loud", level=10)
    await someone.stage.events.wait_for(
        lambda _: told_speaking(someone.stage, someone.user_id)[-1:] == [is_speaking]
    )


async def test_a_listener_who_gets_a_microphone_is_heard(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben", options=LISTENS)
    await answers_anew(ben, **LATER)
    await told(stage, anna.peer_id, "ben", None, None, None)
    await ben.client.say(b"here I am")
    await anna.client.heard_payload(b"here I am")
    await speaks(ben)
    await anna.client.say(b"welcome")
    await ben.client.heard_payload(b"welcome")


async def test_a_microphone_without_a_named_ssrc_may_begin_later_as_well(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben", options=LISTENS)
    await answers_anew(ben, **LATER, ssrc=None)
    await ben.client.say(b"here I am")
    await anna.client.heard_payload(b"here I am")
    arranged = len(stage.events.of(SlotsChanged))
    await answers_anew(ben, **LATER, ssrc=None)
    await speaks(ben)
    assert len(stage.events.of(SlotsChanged)) == arranged, "it is the microphone of before"


@pytest.mark.parametrize("gate", ["set_muted", "set_deafened"])
async def test_what_was_closed_before_holds_from_a_late_microphones_first_packet(
    stage: Stage, gate: str
) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben", options=LISTENS)
    getattr(stage.media, gate)(ben.peer_id, True)
    await answers_anew(ben, **LATER)
    await ben.client.say(b"secret", level=10)
    await stage.taken(ben.peer_id, 1)
    getattr(stage.media, gate)(ben.peer_id, False)
    await stage.settled()
    await ben.client.say(b"public")
    await anna.client.heard_payload(b"public")
    assert [packet.payload for packet in anna.client.rtp] == [b"public"]


async def test_a_late_microphone_without_the_right_to_speak_is_not_heard(stage: Stage) -> None:
    anna = await person(stage, "anna")
    ben = await person(stage, "ben", options=LISTENS, may_speak=False)
    await answers_anew(ben, **LATER)
    await ben.client.say(b"psst", level=10)
    await stage.taken(ben.peer_id, 1)
    stage.media.set_may_speak(ben.peer_id, True)
    await stage.settled()
    await ben.client.say(b"now I may")
    await anna.client.heard_payload(b"now I may")
    assert [packet.payload for packet in anna.client.rtp] == [b"now I may"]


async def test_a_late_microphone_whispers_to_whom_it_was_told_before(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben", options=LISTENS)
    cleo = await person(stage, "cleo", room_id="elsewhere")
    stage.media.whisper(ben.peer_id, Whisper(frozenset({cleo.peer_id})))
    await answers_anew(ben, **LATER)
    await ben.client.say(b"for cleo")
    await cleo.client.heard_payload(b"for cleo")
    stage.media.whisper(ben.peer_id, None)
    await stage.settled()
    await ben.client.say(b"for all")
    await anna.client.heard_payload(b"for all")
    assert [packet.payload for packet in anna.client.rtp] == [b"for all"]


async def test_another_ssrc_is_heard_and_the_one_before_no_more(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await speaks(ben)
    late = ben.client.rtp_packet(b"from the sender of before")
    another_sender(ben)
    await answers_anew(ben)
    await speaks(ben, is_speaking=False)
    before = stage.media.counters()["drop_rtp_unknown_ssrc"]
    await ben.client.send(ben.client.protect(late))
    await ben.client.say(b"from another")
    await anna.client.heard_payload(b"from another")
    assert stage.media.counters()["drop_rtp_unknown_ssrc"] == before + 1
    assert b"from the sender of before" not in [packet.payload for packet in anna.client.rtp]
    await speaks(ben)
    assert told_speaking(stage, "ben") == [True, False, True]


async def test_a_muted_microphone_stays_muted_under_another_ssrc(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    stage.media.set_muted(ben.peer_id, True)
    another_sender(ben)
    await answers_anew(ben)
    await ben.client.say(b"secret")
    await stage.taken(ben.peer_id, 1)
    stage.media.set_muted(ben.peer_id, False)
    await stage.settled()
    await ben.client.say(b"public")
    await anna.client.heard_payload(b"public")
    assert [packet.payload for packet in anna.client.rtp] == [b"public"]


async def test_a_microphone_that_ends_frees_its_slots_and_its_owner_speaks_no_more(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await speaks(ben)
    await answers_anew(ben, **NO_MORE)
    await speaks(ben, is_speaking=False)
    await told(stage, anna.peer_id, None, None, None, None)
    await ben.client.say(b"to nobody", level=10)
    await anna.client.say(b"still heard")
    await ben.client.heard_payload(b"still heard")
    assert told_speaking(stage, "ben") == [True, False]
    assert anna.client.rtp[-1].payload == SILENCE


async def test_what_the_engine_said_before_a_microphone_ended_means_nothing_after(stage: Stage) -> None:
    await person(stage, "anna")
    ben = await person(stage, "ben")
    endpoint = stage.media._endpoints[ben.peer_id]
    assert endpoint.track is not None
    late = records.Speaking(endpoint.handle, endpoint.track, is_speaking=True, level_dbov=10, at_us=0)
    await answers_anew(ben, **NO_MORE)
    stage.media._take(late)
    await answers_anew(ben, **LATER)
    assert told_speaking(stage, "ben") == []
    await speaks(ben)


async def test_an_ssrc_that_is_named_later_is_heard_on(stage: Stage) -> None:
    """As of GStreamer's webrtcbin, which may answer before it knows it."""
    unnamed = ClientOptions(announces_ssrc=False, certificate=CERTIFICATE)
    anna, ben = await person(stage, "anna"), await person(stage, "ben", options=unnamed)
    await ben.client.say(b"before")
    await anna.client.heard_payload(b"before")
    await answers_anew(ben, ssrc=ben.client.ssrc)
    await ben.client.say(b"after")
    await anna.client.heard_payload(b"after")


async def test_a_microphone_that_comes_back_under_its_ssrc_is_heard_again(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await ben.client.say(b"before")
    await anna.client.heard_payload(b"before")
    await answers_anew(ben, **NO_MORE)
    await answers_anew(ben, **LATER)
    await ben.client.say(b"after")
    await anna.client.heard_payload(b"after")


async def test_an_answer_that_says_the_same_moves_nobody_and_interrupts_nobody(stage: Stage) -> None:
    anna, ben = await person(stage, "anna"), await person(stage, "ben")
    await speaks(ben)
    arranged = len(stage.events.of(SlotsChanged))
    await answers_anew(ben)
    await answers_anew(ben, ssrc=None)  # to name none is to say nothing new
    await ben.client.say(b"on and on", level=10)
    await anna.client.heard_payload(b"on and on")
    await speaks(ben, is_speaking=False)
    assert told_speaking(stage, "ben") == [True, False], "of silence, after a while"
    assert len(stage.events.of(SlotsChanged)) == arranged
    assert is_seamless(anna.client.of_slot("1"))
