"""People in a voice room hear each other: over real sockets, with real DTLS and SRTP."""

from __future__ import annotations

import itertools

import pytest
import trio

from tests.media.conftest import CERTIFICATE, Stage, open_stage
from tests.support.rtc_client import FRAME_TICKS, ClientOptions, RtcClient, RtpPacket
from voicechat.errors import Conflict
from voicechat.media import SlotsChanged, Speaking, Whisper
from voicechat.rtc.negotiation import LEVEL_EXTENSION, OPUS_PT
from voicechat.rtc.routes import SlotState
from voicechat.settings import MediaSettings

SILENCE = b"\xf8\xff\xfe"  # Opus: how whoever is cut off ends


async def say_all(client: RtcClient, *payloads: bytes) -> None:
    await trio.lowlevel.checkpoint()
    for payload in payloads:
        await client.say(payload)


def users_heard_by(stage: Stage, peer_id: str) -> list[str | None]:
    """What the last `SlotsChanged` told of a peer."""
    told = [event for event in stage.events.of(SlotsChanged) if event.peer_id == peer_id]
    return [slot.user_id for slot in told[-1].slots] if told else []


async def told(stage: Stage, peer_id: str, *users: str | None) -> None:
    """Wait until `peer_id` is told that it hears `users`, one in each slot."""
    await stage.events.wait_for(lambda _: users_heard_by(stage, peer_id) == list(users))


def is_seamless(packets: list[RtpPacket]) -> bool:
    """Sequence numbers go up by one and time goes forward."""
    return all(
        (after.seq - before.seq) & 0xFFFF == 1
        and 0 < (after.timestamp - before.timestamp) & 0xFFFF_FFFF < 1 << 31
        for before, after in itertools.pairwise(packets)
    )


async def test_two_people_hear_each_other(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    for number in range(5):
        await anna.say(b"anna %d" % number)
        await ben.say(b"ben %d" % number)
    at_ben, at_anna = await ben.heard("1", 5), await anna.heard("1", 5)
    assert [packet.payload for packet in at_ben] == [b"anna %d" % number for number in range(5)]
    assert [packet.payload for packet in at_anna] == [b"ben %d" % number for number in range(5)]
    assert {packet.payload_type for packet in at_ben} == {OPUS_PT}
    assert is_seamless(at_ben)
    assert is_seamless(at_anna)
    assert at_ben[0].seq < 1 << 15
    assert at_ben[1].timestamp - at_ben[0].timestamp == FRAME_TICKS
    assert at_ben[0].extensions[LEVEL_EXTENSION][0] & 0x7F == 20


async def test_three_people_hear_the_two_others_each_in_a_slot_of_their_own(stage: Stage) -> None:
    people = {name: await stage.connected(name) for name in ("anna", "ben", "cleo")}
    for name, (peer_id, _) in people.items():
        others = [other for other in people if other != name]
        await told(stage, peer_id, *others, None, None)
    for name, (_, client) in people.items():
        await client.say(name.encode())
    for name, (_, client) in people.items():
        for mid, other in enumerate((other for other in people if other != name), start=1):
            (packet,) = await client.heard(str(mid), 1)
            assert packet.payload == other.encode()


async def test_people_in_different_rooms_do_not_hear_each_other(stage: Stage) -> None:
    _, anna = await stage.connected("anna", room_id="one")
    _, ben = await stage.connected("ben", room_id="two")
    _, cleo = await stage.connected("cleo", room_id="two")
    await anna.say(b"hello?")
    await ben.say(b"hello!")
    await cleo.heard_payload(b"hello!")
    assert [packet.payload for packet in cleo.rtp] == [b"hello!"]


async def test_whoever_comes_first_hears_nothing_of_their_own(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    await anna.say(b"echo?")
    _, ben = await stage.connected("ben")
    await anna.say(b"hello ben")
    await ben.heard_payload(b"hello ben")
    assert anna.rtp == []


async def test_a_leaver_frees_a_slot_and_the_others_stay_where_they_are(stage: Stage) -> None:
    anna_id, _ = await stage.connected("anna")
    ben_id, _ = await stage.connected("ben")
    await stage.connected("cleo")
    await stage.media.leave(ben_id)
    await told(stage, anna_id, None, "cleo", None, None)
    await stage.connected("dora")
    await told(stage, anna_id, None, "cleo", "dora", None)


async def test_a_reused_slot_goes_on_counting_where_it_was(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna", slots=1)
    ben_id, ben = await stage.connected("ben")
    await say_all(ben, b"ben 1", b"ben 2")
    await anna.heard("1", 2)
    await stage.media.leave(ben_id)
    _, cleo = await stage.connected("cleo")
    await told(stage, anna_id, "cleo")
    await say_all(cleo, b"cleo 1", b"cleo 2")
    packets = await anna.heard("1", 5)
    assert [packet.payload for packet in packets] == [b"ben 1", b"ben 2", SILENCE, b"cleo 1", b"cleo 2"]
    assert is_seamless(packets)
    assert packets[3].marker


async def test_a_muted_microphone_is_not_forwarded_until_it_is_opened(stage: Stage) -> None:
    ben_id, ben = await stage.connected("ben")
    _, anna = await stage.connected("anna")
    stage.media.set_muted(ben_id, True)
    await stage.settled()
    await ben.say(b"secret")
    await stage.taken(ben_id, 1)
    stage.media.set_muted(ben_id, False)
    await stage.settled()
    await ben.say(b"public")
    await anna.heard_payload(b"public")
    assert [packet.payload for packet in anna.rtp] == [b"public"]


async def test_the_deafened_hear_nobody_and_are_heard_by_nobody(stage: Stage) -> None:
    ben_id, ben = await stage.connected("ben")
    anna_id, anna = await stage.connected("anna")
    stage.media.set_deafened(ben_id, True)
    await stage.settled()
    await anna.say(b"to the deaf")
    await ben.say(b"from the deaf")
    await stage.taken(anna_id, 1)
    await stage.taken(ben_id, 1)
    stage.media.set_deafened(ben_id, False)
    await stage.settled()
    await anna.say(b"anna")
    await ben.say(b"ben")
    await ben.heard_payload(b"anna")
    await anna.heard_payload(b"ben")
    assert len(ben.rtp) == len(anna.rtp) == 1


async def test_without_the_right_to_speak_there_is_no_slot_and_no_packet(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    ben_id, ben = await stage.connected("ben", may_speak=False)
    _, cleo = await stage.connected("cleo")
    await told(stage, anna_id, "cleo", None, None, None)
    await ben.say(b"psst")
    await stage.taken(ben_id, 1)
    stage.media.set_may_speak(ben_id, True)
    await stage.settled()
    await say_all(ben, b"now I may")
    await anna.heard_payload(b"now I may")
    stage.media.set_may_speak(ben_id, False)
    await stage.settled()
    await ben.say(b"and now no more")
    await cleo.say(b"end")
    await anna.heard_payload(b"end")
    assert [packet.payload for packet in anna.rtp] == [b"now I may", SILENCE, b"end"]
    await told(stage, anna_id, "cleo", None, None, None)


async def test_a_mute_before_the_connection_holds_from_the_first_packet(stage: Stage) -> None:
    _, anna = await stage.connected("anna")
    ben_id, ben = await stage.client("ben")
    stage.media.set_muted(ben_id, True)
    await stage.media.answer(ben_id, ben.answer())
    await ben.connect()
    _, cleo = await stage.connected("cleo")
    await ben.say(b"secret")
    await cleo.say(b"public")
    await anna.heard_payload(b"public")
    assert [packet.payload for packet in anna.rtp] == [b"public"]


async def test_a_listener_without_a_microphone_hears(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben", options=ClientOptions(publishes=False, certificate=CERTIFICATE))
    await anna.say(b"hello")
    await ben.heard_payload(b"hello")
    assert users_heard_by(stage, anna_id) == []


@pytest.mark.parametrize(
    "profile", ["SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80"]
)
async def test_clients_with_different_ciphers_understand_each_other(stage: Stage, profile: str) -> None:
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben", options=ClientOptions(profiles=(profile,), certificate=CERTIFICATE))
    assert ben.dtls.keys().profile == profile
    await anna.say(b"to ben")
    await ben.say(b"to anna")
    await ben.heard_payload(b"to ben")
    await anna.heard_payload(b"to anna")


async def test_it_works_over_ipv6() -> None:
    options = ClientOptions(bind="::1", certificate=CERTIFICATE)
    async with open_stage(host="::1") as stage:
        _, anna = await stage.connected("anna", options=options)
        _, ben = await stage.connected("ben", options=options)
        await anna.say(b"six")
        await ben.heard_payload(b"six")


async def test_a_wildcard_address_serves_both_families_on_one_port() -> None:
    async with open_stage(host="0.0.0.0") as stage:
        _, client = await stage.client("anna", options=ClientOptions(bind="0.0.0.0", certificate=CERTIFICATE))
        families = {":" in host for host, _ in client.server.candidates}
        ports = {port for _, port in client.server.candidates}
        assert False in families
        assert len(ports) == 1


async def test_speaking_is_announced_and_ends_with_the_mute(stage: Stage) -> None:
    ben_id, ben = await stage.connected("ben")
    await stage.connected("anna")
    for number in range(20):
        await ben.say(b"loud %d" % number, level=10)
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", True))
    stage.media.set_muted(ben_id, True)
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", False))


@pytest.mark.parametrize("ptime_ms", [10, 40, 60])
async def test_packets_of_any_length_pass_with_their_own_steps_and_count_by_their_length(
    stage: Stage, ptime_ms: int
) -> None:
    frame_ticks = ptime_ms * 48
    _, anna = await stage.connected("anna")
    ben_id, ben = await stage.connected(
        "ben", options=ClientOptions(certificate=CERTIFICATE, frame_ticks=frame_ticks)
    )
    for number in range(20):
        await ben.say(b"%d" % number, level=10)
    packets = await anna.heard("1", 20)
    steps = {after.timestamp - before.timestamp for before, after in itertools.pairwise(packets)}
    assert steps == {frame_ticks}
    assert is_seamless(packets)
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", True))
    stage.media.set_muted(ben_id, True)
    await stage.settled()
    stage.media.set_muted(ben_id, False)
    await stage.settled()
    await ben.say(b"again", level=10)
    await anna.heard_payload(b"again")
    assert is_seamless(anna.of_slot("1"))


async def test_speaking_ends_with_the_speaker(stage: Stage) -> None:
    ben_id, ben = await stage.connected("ben")
    for number in range(20):
        await ben.say(b"loud %d" % number, level=10)
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", True))
    await stage.media.leave(ben_id)
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", False))


async def test_where_slots_are_short_the_speaker_gets_one(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna", slots=1)
    await stage.connected("ben", slots=1)
    _, cleo = await stage.connected("cleo", slots=1)
    await told(stage, anna_id, "ben")
    for number in range(20):
        await cleo.say(b"loud %d" % number, level=10)
    taken = SlotsChanged("room", anna_id, (SlotState("1", "cleo"),))
    await stage.events.wait_for(lambda event: event == taken)
    await stage.settled()
    await cleo.say(b"me", level=10)
    await anna.heard_payload(b"me")


async def test_a_whisper_passes_to_its_targets_alone(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    ben_id, ben = await stage.connected("ben")
    _, cleo = await stage.connected("cleo")
    dora_id, dora = await stage.connected("dora", room_id="other")
    stage.media.whisper(anna_id, Whisper(frozenset({ben_id, dora_id})))
    await stage.media.settled()
    await anna.say(b"psst")
    stage.media.whisper(anna_id, None)
    await stage.media.settled()
    await anna.say(b"all")
    await ben.heard_payload(b"psst")
    await dora.heard_payload(b"psst")
    await cleo.heard_payload(b"all")
    told_to_dora = [event.slots[0] for event in stage.events.of(SlotsChanged) if event.peer_id == dora_id]
    assert told_to_dora == [SlotState("1", "anna", "whisper"), SlotState("1", None)]
    _, emil = await stage.connected("emil", room_id="other")
    await emil.say(b"end")
    await dora.heard_payload(b"end")
    heard = {
        name: [packet.payload for packet in client.rtp]
        for name, client in (("b", ben), ("c", cleo), ("d", dora))
    }
    assert heard == {"b": [b"psst", b"all"], "c": [b"all"], "d": [b"psst", SILENCE, b"end"]}


async def test_a_slot_given_late_does_not_begin_with_what_was_whispered(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna", slots=1)
    ben_id, ben = await stage.connected("ben", slots=1)
    cleo_id, cleo = await stage.connected("cleo", slots=1)
    dora_id, dora = await stage.connected("dora", room_id="other")
    await told(stage, anna_id, "ben")
    await say_all(ben, *[b"ben %d" % number for number in range(10)])
    await stage.events.wait_for(lambda event: event == Speaking("room", "ben", True))
    stage.media.whisper(cleo_id, Whisper(frozenset({dora_id})))
    await stage.settled()
    await say_all(cleo, *[b"secret %d" % number for number in range(10)])
    await dora.heard_payload(b"secret 9")
    stage.media.whisper(cleo_id, None)
    stage.media.set_muted(ben_id, True)  # anna's slot goes to cleo, who has only just begun to speak
    await told(stage, anna_id, "cleo")
    await cleo.say(b"public", level=10)
    await anna.heard_payload(b"public")
    assert not any(packet.payload.startswith(b"secret") for packet in anna.rtp)


async def test_who_listens_in_to_another_room_hears_it_and_is_not_heard_there(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben", room_id="other")
    stage.media.listen(anna_id, ["other"])
    await stage.media.settled()
    await ben.say(b"in there")
    await anna.heard_payload(b"in there")
    await anna.say(b"out here")
    stage.media.listen(anna_id, [])
    await stage.media.settled()
    await ben.say(b"unheard")
    _, cleo = await stage.connected("cleo")
    await cleo.say(b"after")
    await anna.heard_payload(b"after")
    assert [packet.payload for packet in anna.rtp if packet.payload != SILENCE] == [b"in there", b"after"]
    assert [packet.payload for packet in ben.rtp] == []


async def test_no_more_listen_in_than_may_be_in_a_room() -> None:
    async with open_stage(MediaSettings(port=0, slots=4, max_peers=64, room_peers=2)) as stage:
        listeners = [(await stage.client("x", room_id=f"room {number}"))[0] for number in range(3)]
        for peer_id in listeners[:2]:
            stage.media.listen(peer_id, ["popular"])
            stage.media.listen(peer_id, ["popular"])  # again: one's own place does not count
        with pytest.raises(Conflict, match="listen"):
            stage.media.listen(listeners[2], ["popular"])
        await stage.media.leave(listeners[0])
        stage.media.listen(listeners[2], ["popular"])


async def test_where_slots_are_short_the_first_syllable_is_heard(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna", slots=1)
    await stage.connected("ben", slots=1)
    _, cleo = await stage.connected("cleo", slots=1)
    await told(stage, anna_id, "ben")
    said = [b"loud %d" % number for number in range(20)]
    await say_all(cleo, *said)
    await anna.heard_payload(said[-1])
    heard = [packet.payload for packet in anna.rtp]
    assert len(heard) >= 3
    assert heard == said[-len(heard) :]


async def test_a_slot_the_client_refuses_stays_empty(stage: Stage) -> None:
    await stage.connected("anna")
    ben_id, ben = await stage.client("ben", slots=2)
    await stage.media.answer(ben_id, ben.answer(slot="inactive"))
    await ben.connect()
    await stage.events.wait_for(lambda event: getattr(event, "peer_id", "") == ben_id)
    assert users_heard_by(stage, ben_id) == []


async def test_the_statistics_tell_of_both_directions(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    ben_id, ben = await stage.connected("ben")
    for number in range(3):
        await anna.say(b"%d" % number)
    await ben.heard("1", 3)
    up, down = stage.media.stats(anna_id), stage.media.stats(ben_id)
    assert (up.up.packets, up.down.packets) == (3, 0)
    assert (down.up.packets, down.down.packets) == (0, 3)
    assert down.rtt_ms is None
    heard = stage.media.last_heard_s(anna_id)
    assert heard is not None
    assert 0 <= heard < 10
    counters = stage.media.counters()
    assert (counters["peers"], counters["rooms"], counters["forwarded"]) == (2, 1, 3)
    assert sum(count for _, count in stage.media.histogram()) == 3
