"""Coming in: early handshakes, bad answers, cut hellos, several paths, limits."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
import trio

from tests.media.conftest import CERTIFICATE, SETTINGS, Stage, open_stage
from tests.media.test_sockets import own_address
from tests.support.rtc_client import Address, ClientOptions, RtcClient
from voicechat.errors import Conflict, Invalid, NotFound, Unavailable
from voicechat.ids import new_id
from voicechat.media import GoneReason, PeerConnected, PeerLost

OPTIONS = ClientOptions(certificate=CERTIFICATE)


async def test_a_handshake_before_the_answer_waits_and_early_media_is_dropped(stage: Stage) -> None:
    """Three of four joins of Firefox come this way; it once brought a whole server down."""
    _, anna = await stage.connected("anna")
    ben_id, ben = await stage.client("ben")
    await ben.connect()
    await ben.say(b"too early")
    assert PeerConnected(ben_id) not in stage.events.seen
    await anna.say(b"meanwhile")
    await stage.settled()
    await stage.media.answer(ben_id, ben.answer())
    await stage.events.wait_for(lambda event: event == PeerConnected(ben_id))
    await stage.settled()
    await ben.say(b"in time")
    await anna.heard_payload(b"in time")
    assert [packet.payload for packet in anna.rtp] == [b"in time"]


@pytest.mark.parametrize("answer_first", [True, False])
async def test_a_client_with_another_certificate_than_it_named_is_lost(
    stage: Stage, answer_first: bool
) -> None:
    _, anna = await stage.connected("anna")
    mallory_id, mallory = await stage.client("mallory")
    answer = mallory.answer(fingerprint=":".join(["00"] * 32))
    if answer_first:
        await stage.media.answer(mallory_id, answer)
        await mallory.check()
        await mallory.shake_hands()
    else:
        await mallory.connect()
        await stage.media.answer(mallory_id, answer)
    await stage.events.wait_for(lambda event: event == PeerLost(mallory_id, GoneReason.DTLS_FAILED))
    await mallory.say(b"let me in")
    _, ben = await stage.connected("ben")
    await ben.say(b"hello")
    await anna.heard_payload(b"hello")
    assert [packet.payload for packet in anna.rtp] == [b"hello"]


async def test_a_bad_answer_is_refused_and_may_be_corrected(stage: Stage) -> None:
    peer_id, client = await stage.client("anna")
    with pytest.raises(Invalid):
        await stage.media.answer(peer_id, client.answer(setup="holdconn"))
    await stage.media.answer(peer_id, client.answer())
    await client.connect()
    await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))
    with pytest.raises(Conflict):
        await stage.media.answer(peer_id, client.answer())


async def test_a_client_that_waits_for_our_hello_hears_and_is_heard(stage: Stage) -> None:
    _, anna = await stage.connected("anna", options=replace(OPTIONS, awaits_hello=True))
    _, ben = await stage.connected("ben")
    await anna.say(b"here")
    await ben.heard_payload(b"here")
    await ben.say(b"there")
    await anna.heard_payload(b"there")


async def test_a_hello_in_many_datagrams_connects(stage: Stage) -> None:
    options = replace(OPTIONS, dtls_mtu=300, hello_padding_bytes=1200)
    _, anna = await stage.connected("anna", options=options)
    _, ben = await stage.connected("ben")
    await ben.say(b"hello")
    await anna.heard_payload(b"hello")


async def test_a_client_that_names_no_ssrc_is_heard(stage: Stage) -> None:
    """Not every stack announces one; the stream is then known by its payload type."""
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben", options=replace(OPTIONS, announces_ssrc=False))
    await ben.say(b"guess who")
    await anna.heard_payload(b"guess who")


async def test_a_client_on_the_machines_own_address_connects() -> None:
    own = own_address()
    if own is None:
        pytest.skip("the machine has no address besides loopback")
    async with open_stage() as stage:
        _, anna = await stage.connected("anna", options=replace(OPTIONS, bind=own))
        _, ben = await stage.connected("ben")
        await ben.say(b"hello")
        await anna.heard_payload(b"hello")
        await anna.say(b"hello too")
        await ben.heard_payload(b"hello too")


async def second_path(client: RtcClient, *, priority: int) -> trio.socket.SocketType:
    """Nominate another pair from another socket, and wait for the server's answer."""
    other = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    await other.bind(("127.0.0.1", 0))
    await other.sendto(bytes(client.binding_request(nominates=True, priority=priority)), client.remote)
    with trio.fail_after(5):
        await other.recvfrom(2000)
    return other


async def test_a_client_that_nominates_every_pair_is_heard_on_the_one_it_uses(stage: Stage) -> None:
    """Firefox nominates all, then sends on the best; whoever follows the last nomination never hears it."""
    _, ben = await stage.connected("ben")
    anna_id, anna = await stage.client("anna")
    await stage.media.answer(anna_id, anna.answer())
    await anna.check(nominates=True, priority=200)
    with await second_path(anna, priority=100):
        await anna.shake_hands()
        await stage.events.wait_for(lambda event: event == PeerConnected(anna_id))
        await anna.say(b"anna")
        await ben.heard_payload(b"anna")
        await ben.say(b"ben")
        await anna.heard_payload(b"ben")
    assert stage.media.counters()["drop_media_unknown_tuple"] == 0


async def test_a_pair_of_higher_priority_is_where_media_goes_before_any_was_heard(stage: Stage) -> None:
    _, ben = await stage.connected("ben")
    _, anna = await stage.connected("anna")
    with await second_path(anna, priority=2**31) as better:
        await stage.settled()
        await ben.say(b"ben")
        with trio.fail_after(5):
            datagram, address = await better.recvfrom(2000)
    assert 128 <= datagram[0] <= 191
    assert address[:2] == anna.remote


async def test_media_follows_the_client_to_another_address(stage: Stage) -> None:
    """A telephone that changes from wireless to mobile is heard and hears on its new path."""
    _, ben = await stage.connected("ben")
    _, anna = await stage.connected("anna")
    await anna.say(b"from home")
    await ben.heard_payload(b"from home")
    with await second_path(anna, priority=1) as road:
        with trio.fail_after(10):
            while True:  # the engine hops at most every half second
                await road.sendto(anna.protect(anna.rtp_packet(b"from the road")), anna.remote)
                await ben.say(b"where are you?")
                with trio.move_on_after(0.1):
                    datagram, _ = await road.recvfrom(2000)
                    if 128 <= datagram[0] <= 191:
                        break
    await ben.heard_payload(b"from the road")


async def test_the_client_is_told_how_it_looks_from_here(stage: Stage) -> None:
    _, client = await stage.client("anna")
    response = await client.check()
    mapped: Address = response.attributes["XOR-MAPPED-ADDRESS"]
    assert mapped == client.address


async def test_candidates_of_clients_are_checked_and_not_needed(stage: Stage) -> None:
    peer_id, _ = await stage.client("anna")
    stage.media.add_candidate(peer_id, "candidate:1 1 udp 2113937151 0a1b.local 57219 typ host")
    stage.media.add_candidate(peer_id, "")
    with pytest.raises(Invalid):
        stage.media.add_candidate(peer_id, "192.0.2.1")
    with pytest.raises(NotFound):
        stage.media.add_candidate(new_id(), "")


async def test_a_peer_joins_once_and_a_full_room_refuses() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, room_peers=2)) as stage:
        peer_id, _ = await stage.client("anna")
        with pytest.raises(Conflict):
            await stage.media.join(room_id="other", peer_id=peer_id, user_id="anna", may_speak=True)
        await stage.client("ben")
        with pytest.raises(Conflict) as refusal:
            await stage.client("cleo")
        assert refusal.value.code == "ROOM_FULL"
        await stage.client("cleo", room_id="other")
        await stage.media.leave(peer_id)
        await stage.client("cleo")


@pytest.mark.parametrize("slots", [0, 5])
async def test_more_slots_than_configured_are_refused(stage: Stage, slots: int) -> None:
    with pytest.raises(Invalid):
        await stage.client("anna", slots=slots)
    assert stage.media.counters()["peers"] == 0


async def test_a_full_server_refuses_and_has_room_again_after_a_leave() -> None:
    async with open_stage(msgspec.structs.replace(SETTINGS, max_peers=2)) as stage:
        peers = [(await stage.client(f"user {number}", room_id=str(number)))[0] for number in range(66)]
        with pytest.raises(Unavailable):
            await stage.client("one too many")
        await stage.media.leave(peers[0])
        await stage.settled()
        await stage.client("just right")
