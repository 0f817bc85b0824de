"""Whole servers, real media: what is shown is seen, heard and ended where packets are forwarded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from tests.features.voice.asked import Asked
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.showing import share, stop, stopped, turn_camera_on
from tests.support.rtc_client import RtcClient, RtpPacket
from tests.support.rtc_video import Layer, seen

from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error, Ping, Pong
from voicechat.protocol.video import VoiceLayerChanged, VoiceSetLayerPreference, WebcamStopped
from voicechat.protocol.voice import (
    Slot,
    VoiceAnswer,
    VoiceDeafen,
    VoiceIceRestart,
    VoiceMute,
    VoiceStateEvent,
)
from voicechat.rtc.negotiation import STEREO_PT

SCREEN, SOUND = "screen_video:s1", "screen_audio:s1"
DARK, GREY, BRIGHT = 40, 120, 200


async def _in_voice(village: Village, *people: Talker) -> None:
    for person in people:
        await person.join(village.voice_id)


def _client(person: Talker) -> RtcClient:
    assert person.rtc is not None
    return person.rtc


async def _sees(viewer: Talker, mid: str, colour: int) -> list[RtpPacket]:
    """Wait until pictures of this colour come in a section; return all that came there."""
    client = _client(viewer)

    def is_there() -> bool:
        packets = client.of_slot(mid)
        return bool(packets) and packets[-1].marker and abs(seen(packets)[-1] - colour) < 8

    await client.wait_until(is_there)
    return client.of_slot(mid)


def _nothing_shown(slots: list[Slot]) -> bool:
    return all(slot.source != SCREEN or slot.user_id is None for slot in slots)


async def _shown(person: Talker, source: str) -> Layer:
    """Answer until the person may send `source`, in one layer; return it."""
    mid = await person.may_send(source, rids=())
    return Layer(_client(person), mid)


@asynccontextmanager
async def _playing(layer: Layer, colour: int) -> AsyncIterator[None]:
    """Keep showing pictures of a colour while the block lasts, keyframes when they are asked for."""

    async def show() -> None:
        asked = -1
        while True:
            is_asked, asked = layer.keyframes_asked() > asked, layer.keyframes_asked()
            await layer.show(colour, key=is_asked)
            await trio.sleep(0.03)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(show)
        yield
        nursery.cancel_scope.cancel("shown enough")


async def _play(person: Talker, mid: str, payload: bytes) -> None:
    """Send a packet of a screen's sound, known by its section."""
    client = _client(person)
    packet = bytearray(client.rtp_packet(payload, level=None, mid=mid))
    packet[1] = STEREO_PT
    packet[8:12] = (client.ssrc ^ 0x5555_5555).to_bytes(4, "big")
    await client.send(client.protect(bytes(packet)))


async def test_a_screen_is_seen_until_it_ends(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(owner)
    screen = await _shown(owner, SCREEN)
    await bob.renegotiates()
    mid = await bob.watches(owner, SCREEN)
    async with _playing(screen, BRIGHT):
        await _sees(bob, mid, BRIGHT)
    layer = await bob.gateway.expect(VoiceLayerChanged)
    assert (layer.source_user_id, layer.track_source) == (owner.user_id, SCREEN)
    assert layer.active_layer == "high"
    await owner.gateway.send(stop(owner))
    await bob.told_slots(_nothing_shown)
    assert await stopped(bob, owner) == "user_stopped"


async def test_who_cannot_be_shown_a_screen_is_told_why(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(owner)
    screen = await _shown(owner, SCREEN)
    await bob.renegotiates(types={111, 109, 98, 99})  # no VP8
    async with _playing(screen, BRIGHT):
        told = await bob.gateway.expect(VoiceLayerChanged)
    assert (told.source_user_id, told.track_source) == (owner.user_id, SCREEN)
    assert (told.active_layer, told.reason) == (None, "no_codec")


async def test_what_may_be_shown_no_more_is_seen_no_more_though_its_client_goes_on(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await turn_camera_on(bob)
    camera = await _shown(bob, "webcam")
    await owner.renegotiates()
    mid = await owner.watches(bob, "webcam")
    async with _playing(camera, DARK):
        await _sees(owner, mid, DARK)
    await village.deny(village.voice_id, Permission.USE_VIDEO)
    assert (await owner.gateway.expect(WebcamStopped, within_s=1)).reason == "forbidden"
    before = len(_client(owner).of_slot(mid))
    for _ in range(5):
        await camera.show(GREY, key=True)
    await _client(bob).say(b"after the pictures")
    await _client(owner).heard_payload(b"after the pictures")
    assert len(_client(owner).of_slot(mid)) == before


async def test_two_streams_of_one_name_are_told_apart_by_who_shows_them(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await _in_voice(village, owner, bob, eve)
    await share(owner, "s1")
    screen = await _shown(owner, SCREEN)
    await eve.renegotiates()
    await share(bob, "s1")
    other = await _shown(bob, SCREEN)
    first, second = await eve.watches(owner, SCREEN), await eve.watches(bob, SCREEN)
    assert first != second
    async with _playing(screen, DARK), _playing(other, BRIGHT):
        await _sees(eve, first, DARK)
        await _sees(eve, second, BRIGHT)


async def test_who_does_not_want_to_see_is_not_sent(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(owner)
    await _shown(owner, SCREEN)
    await bob.renegotiates()
    await bob.watches(owner, SCREEN)

    def wish(layer: str) -> VoiceSetLayerPreference:
        return VoiceSetLayerPreference(
            channel_id=village.voice_id,
            target_user_id=owner.user_id,
            track_source=SCREEN,
            preferred_layer=layer,  # type: ignore[arg-type]
        )

    await bob.gateway.send(wish("off"))
    await bob.told_slots(_nothing_shown)
    await bob.gateway.send(wish("auto"))
    await bob.watches(owner, SCREEN)


async def test_the_sound_of_a_screen_follows_moderators_not_the_own_mute(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(bob, has_audio=True)
    mid = await bob.may_send(SOUND, rids=())
    await owner.renegotiates()
    sound = await owner.watches(bob, SOUND)

    async def heard(payload: bytes) -> None:
        with trio.fail_after(10):
            while all(packet.payload != payload for packet in _client(owner).of_slot(sound)):
                await _play(bob, mid, payload)
                await trio.sleep(0.02)

    await heard(b"music")
    await bob.gateway.send(VoiceMute())
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.muted)
    await heard(b"music of the muted")
    member = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    await owner.ask("PATCH", member, {"muted": True})
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.server_muted)
    await _play(bob, mid, b"silenced")
    await owner.ask("PATCH", member, {"muted": False})
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.screen_sharing and not event.server_muted)
    await heard(b"again")
    assert all(packet.payload != b"silenced" for packet in _client(owner).of_slot(sound))


async def test_the_deafened_see_and_hear_nothing_of_it(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await bob.gateway.send(VoiceDeafen())
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.deafened)
    await share(owner, has_audio=True)
    offer = await owner.renegotiates(rids=())
    mids = {section.source: section.mid for section in offer.sends}
    await bob.renegotiates()
    picture, sound = await bob.watches(owner, SCREEN), await bob.watches(owner, SOUND)
    async with _playing(Layer(_client(owner), mids[SCREEN]), BRIGHT):
        await _play(owner, mids[SOUND], b"music")
        await _sees(bob, picture, BRIGHT)
        await _play(owner, mids[SOUND], b"more music")
    assert _client(bob).of_slot(sound) == []


async def test_a_stream_its_own_client_refuses_is_over(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(owner)
    await owner.renegotiates(sends=())
    assert await stopped(bob, owner) == "error"
    await owner.gateway.send(Ping())
    await owner.gateway.expect(Pong)
    assert await owner.refused(stop(owner)) == "STREAM_NOT_FOUND"


async def test_an_answer_to_another_offer_is_refused_and_the_right_one_still_counts(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner, bob)
    await share(owner)
    offer = await owner.reoffered()
    sdp = _client(owner).answer(rids=())
    for revision in (1, 3):
        stale = VoiceAnswer(channel_id=village.voice_id, sdp=sdp, revision=revision)
        assert await owner.refused(stale) == "STALE_ANSWER"
    broken = VoiceAnswer(channel_id=village.voice_id, sdp="v=0\r\n", revision=offer.revision)
    assert await owner.refused(broken) == "INVALID"
    await owner.gateway.send(
        VoiceAnswer(channel_id=village.voice_id, sdp=sdp)
    )  # without a revision it is meant
    await bob.renegotiates()
    await bob.watches(owner, SCREEN)


async def test_after_a_restart_the_conversation_goes_on_from_another_port(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    assert await bob.refused(VoiceIceRestart(channel_id=village.voice_id)) == "NOT_IN_CHANNEL"
    await _in_voice(village, owner, bob)
    before = _client(bob).server.ufrag
    await bob.gateway.send(VoiceIceRestart(channel_id=village.voice_id))
    await bob.reoffered()
    assert _client(bob).server.ufrag != before
    _client(bob).restart_ice()
    await _client(bob).rebind()
    answer = VoiceAnswer(channel_id=village.voice_id, sdp=_client(bob).answer(), revision=bob.revision)
    await bob.gateway.send(answer)
    await _client(bob).check(nominates=True)
    await _client(bob).say(b"here I am")
    await _client(owner).heard_payload(b"here I am")


async def test_restarting_again_and_again_is_refused(village: Village, asked: Asked) -> None:
    owner = await village.person("owner")
    await _in_voice(village, owner)
    for _ in range(12):
        await owner.gateway.send(VoiceIceRestart(channel_id=village.voice_id))
    refusal = await owner.gateway.expect(Error)
    assert (refusal.code, refusal.in_reply_to) == ("RATE_LIMITED", "voice_ice_restart")
    await owner.gateway.send(Ping())
    await owner.gateway.expect(Pong)
    assert 10 <= len(asked.of("restart_ice")) <= 11


@pytest.mark.parametrize("kind", ["webcam", "screen"])
async def test_who_comes_later_sees_what_is_on(village: Village, kind: str) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await _in_voice(village, owner)
    source = "webcam" if kind == "webcam" else SCREEN
    await (turn_camera_on(owner) if kind == "webcam" else share(owner))
    async with _playing(await _shown(owner, source), BRIGHT):
        await _in_voice(village, bob)
        await bob.renegotiates()
        await _sees(bob, await bob.watches(owner, source), BRIGHT)
