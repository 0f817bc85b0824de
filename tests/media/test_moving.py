"""A client's way to us changes while it talks: NAT rebinding, ICE restarts. Nobody hears it."""

from __future__ import annotations

import pytest

from tests.media.conftest import Stage
from tests.media.test_conversation import is_seamless
from tests.support.rtc_client import RtcClient
from voicechat.errors import Conflict
from voicechat.media import MediaEvent, OfferChanged


async def offered(stage: Stage, peer_id: str, revision: int) -> OfferChanged:
    """Wait for an offer."""

    def is_it(event: MediaEvent) -> bool:
        return isinstance(event, OfferChanged) and (event.peer_id, event.revision) == (peer_id, revision)

    event = await stage.events.wait_for(is_it)
    assert isinstance(event, OfferChanged)
    return event


async def say(client: RtcClient, *words: bytes) -> None:
    for word in words:
        await client.say(word)


async def test_from_another_port_of_the_nat_the_conversation_goes_on(stage: Stage) -> None:
    """The same credentials from a new port: the first authentic check there makes it valid."""
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    await say(anna, b"1", b"2")
    await ben.say(b"before")
    await anna.heard_payload(b"before")
    moves = stage.media.stats(anna_id).moves
    before = await anna.rebind()
    await anna.check()
    await say(anna, b"3", b"4")
    heard = await ben.heard("1", 4)
    assert [packet.payload for packet in heard] == [b"1", b"2", b"3", b"4"]
    assert is_seamless(heard)
    before.close()  # what is sent to the old port from now on is lost
    await ben.say(b"after")
    await anna.heard_payload(b"after")
    assert is_seamless(anna.of_slot("1"))
    assert stage.media.stats(anna_id).moves == moves + 1


async def test_a_restart_moves_a_client_to_another_port_without_a_break(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    await say(anna, b"1", b"2")
    stage.media.restart_ice(anna_id)
    offer = await offered(stage, anna_id, 2)
    assert [(line.mid, line.source) for line in offer.sends] == [("0", "microphone")]
    await anna.say(b"3")
    await anna.check()  # the old credentials hold while the client has not used the new ones
    anna.reoffered(offer.sdp)
    anna.restart_ice()
    before = await anna.rebind()
    await stage.media.answer(anna_id, anna.answer(), revision=2)
    await before.sendto(anna.protect(anna.rtp_packet(b"4")), anna.remote)
    await anna.check(nominates=True)
    await before.sendto(anna.protect(anna.rtp_packet(b"5")), anna.remote)  # the new way is not chosen yet
    await say(anna, b"6", b"7")
    heard = await ben.heard("1", 7)
    assert [packet.payload for packet in heard] == [b"%d" % number for number in range(1, 8)]
    assert is_seamless(heard)
    before.close()
    await ben.say(b"there you are")
    await anna.heard_payload(b"there you are")


async def test_the_new_credentials_may_be_used_before_the_answer_arrives(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    stage.media.restart_ice(anna_id)
    anna.reoffered((await offered(stage, anna_id, 2)).sdp)
    anna.restart_ice()
    await anna.rebind()
    await anna.check(nominates=True)
    await anna.say(b"early")
    await ben.heard_payload(b"early")
    await stage.media.answer(anna_id, anna.answer())
    await anna.check()
    await anna.say(b"late")
    await ben.heard_payload(b"late")


async def test_after_a_restart_the_old_credentials_are_worth_nothing(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    old = anna.binding_request()
    stage.media.restart_ice(anna_id)
    anna.reoffered((await offered(stage, anna_id, 2)).sdp)
    anna.restart_ice()
    await anna.check(nominates=True)
    await stage.settled()
    await anna.send(bytes(old))
    await anna.check()
    assert old.transaction_id not in anna._answers


async def test_a_restart_asked_for_twice_is_offered_once(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    stage.media.restart_ice(anna_id)
    stage.media.restart_ice(anna_id)
    anna.reoffered((await offered(stage, anna_id, 2)).sdp)
    anna.restart_ice()
    await stage.media.answer(anna_id, anna.answer())
    assert len(stage.events.of(OfferChanged)) == 1
    with pytest.raises(Conflict) as refused:
        await stage.media.answer(anna_id, anna.answer())
    assert refused.value.code == "STALE_ANSWER"


async def test_a_restart_that_led_nowhere_can_be_tried_again(stage: Stage) -> None:
    anna_id, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    for revision in (2, 3, 4):
        stage.media.restart_ice(anna_id)
        anna.reoffered((await offered(stage, anna_id, revision)).sdp)
        anna.restart_ice()
        await stage.media.answer(anna_id, anna.answer())
    await anna.rebind()
    await anna.check(nominates=True)
    await anna.say(b"at last")
    await ben.heard_payload(b"at last")
