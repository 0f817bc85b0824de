"""Who gets into a voice channel, and all the ways out; none leaves a ghost."""

from __future__ import annotations

import httpx
import pytest
import trio
from tests.features.voice.conftest import Talker, Village
from tests.support.gateway_client import open_gateway
from tests.support.rtc_client import ClientOptions

from voicechat.ids import new_id
from voicechat.protocol import Permission
from voicechat.protocol.channels import ChannelCreated, ChannelUpdated
from voicechat.protocol.gateway import Error, Ready
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceDisconnected,
    VoiceJoin,
    VoiceMute,
    VoiceStateEvent,
)


async def _refusal(person: Talker, channel_id: str) -> str:
    await person.gateway.send(VoiceJoin(channel_id=channel_id, ref="r1"))
    refusal = await person.gateway.expect(Error)
    assert (refusal.in_reply_to, refusal.ref) == ("voice_join", "r1")
    return refusal.code


async def _expect_gone(viewer: Talker, person: Talker) -> None:
    """Wait until everyone who sees the channel is told that the person left it."""
    await viewer.gateway.expect(
        VoiceStateEvent, lambda event: event.user_id == person.user_id and event.channel_id is None
    )


async def test_only_voice_channels_are_joined(village: Village) -> None:
    ada = await village.person("ada")
    assert await _refusal(ada, village.text_id) == "NOT_A_VOICE_CHANNEL"


async def test_a_hidden_channel_and_one_that_never_was_look_the_same(village: Village) -> None:
    _, bob = await village.person("owner"), await village.person("bob")
    hidden = await village.channel()
    await village.deny(hidden, Permission.VIEW_CHANNEL)
    assert await _refusal(bob, hidden) == "NOT_FOUND"
    assert await _refusal(bob, new_id()) == "NOT_FOUND"


async def test_without_voice_connect_nobody_comes_in(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await village.deny(village.voice_id, Permission.VOICE_CONNECT)
    assert await _refusal(bob, village.voice_id) == "MISSING_PERMISSION"
    await owner.join(village.voice_id)


async def test_a_full_channel_lets_only_moderators_in(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    small = await village.channel(user_limit=1)
    await bob.join(small)
    assert await _refusal(eve, small) == "CHANNEL_FULL"
    await bob.join(small)  # again: one's own place does not count
    await owner.join(small)


async def test_the_offer_asks_for_the_channels_encoding_and_a_change_waits_for_the_next_join(
    village: Village,
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    raid = await village.channel(bitrate_kbps=24, ptime_ms=10)
    first = await bob.join(raid)
    await bob.gateway.expect(ChannelCreated)  # else one that is slow is told of the channel as it is by then
    assert ("maxaveragebitrate=24000" in first.offer, "a=ptime:10" in first.offer) == (True, True)
    await owner.ask("PATCH", f"/api/channels/{raid}", {"bitrate_kbps": 96, "ptime_ms": 40})
    changed = await bob.gateway.expect(ChannelUpdated)
    assert (changed.channel.bitrate_kbps, changed.channel.ptime_ms) == (96, 40)
    second = await owner.join(raid)  # bob's session goes on as it was negotiated
    assert ("maxaveragebitrate=96000" in second.offer, "a=ptime:40" in second.offer) == (True, True)
    await second.say(b"hello")
    await first.heard_payload(b"hello")


async def test_commands_outside_voice_are_refused(village: Village) -> None:
    ada = await village.person("ada")
    await ada.gateway.send(VoiceMute(channel_id=village.voice_id))
    assert (await ada.gateway.expect(Error)).code == "NOT_IN_CHANNEL"
    await ada.gateway.send(VoiceAnswer(channel_id=village.voice_id, sdp="v=0"))
    assert (await ada.gateway.expect(Error)).code == "NOT_IN_CHANNEL"


async def test_joining_from_another_socket_moves_the_person(village: Village) -> None:
    ada, viewer = await village.person("ada"), await village.person("viewer")
    await ada.join(village.voice_id)
    first = ada.gateway
    second, _ = await village.open_socket(ada.token)
    ada.gateway = second
    await ada.join(village.voice_id)
    assert (await first.expect(VoiceDisconnected)).reason == "replaced"
    await first.send(VoiceMute())
    assert (await first.expect(Error)).code == "NOT_IN_CHANNEL"
    assert [state.user_id for state in await _present(village, viewer)] == [ada.user_id]


async def _present(village: Village, viewer: Talker) -> list[VoiceStateEvent]:
    """Ask a fresh snapshot who is in voice."""
    async with open_gateway(village.url, viewer.token) as gateway:
        ready = await gateway.expect(Ready)
    return list(ready.guilds[0].voice_states)  # type: ignore[arg-type]


async def test_a_closed_tab_is_gone_within_a_second_or_so(village: Village) -> None:
    viewer, ada = await village.person("viewer"), await village.person("ada")
    async with open_gateway(village.url, ada.token) as gateway:
        await gateway.expect(Ready)
        ada.gateway = gateway
        rtc = await ada.join(village.voice_id)
        await rtc.say(b"the last words")
    await _expect_gone(viewer, ada)
    assert await _present(village, viewer) == []


async def test_a_cut_socket_leaves_the_voice_alone_while_media_flows(village: Village) -> None:
    ada = await village.person("ada")
    bob = await village.person("bob")
    bob_rtc = await bob.join(village.voice_id)
    async with open_gateway(village.url, ada.token) as gateway:
        ready = await gateway.expect(Ready)
        ada.gateway = gateway
        rtc = await ada.join(village.voice_id)
        seen = gateway.seq
        await rtc.say(b"before the cut")
    async with trio.open_nursery() as nursery:

        async def talk() -> None:
            while True:
                await rtc.say(b"on and on")
                await trio.sleep(0.02)

        nursery.start_soon(talk)
        await bob_rtc.wait_until(lambda: len(bob_rtc.rtp) > 100)  # two seconds of it
        async with open_gateway(village.url, ada.token) as again:
            missed = await again.resume(ready, seen)
            assert not any(isinstance(event, VoiceDisconnected) for event in missed)
            await again.send(VoiceMute())  # the session is still this one's to command
            await bob.gateway.expect(VoiceStateEvent, lambda event: event.muted)
        nursery.cancel_scope.cancel()


async def test_a_listener_keeps_its_place_through_a_cut(village: Village) -> None:
    viewer, ada = await village.person("viewer"), await village.person("ada")
    async with open_gateway(village.url, ada.token) as gateway:
        ready = await gateway.expect(Ready)
        ada.gateway = gateway
        rtc = await ada.join(village.voice_id, ClientOptions(publishes=False))
        seen = gateway.seq
    await trio.sleep(1.2)  # longer than a talker is given; nothing may happen meanwhile
    await rtc.check()
    async with open_gateway(village.url, ada.token) as again:
        await again.resume(ready, seen)
        assert [state.user_id for state in await _present(village, viewer)] == [ada.user_id]


async def test_close_notify_ends_the_session_at_once(village: Village) -> None:
    viewer, ada = await village.person("viewer"), await village.person("ada")
    rtc = await ada.join(village.voice_id)
    await rtc.goodbye()
    assert (await ada.gateway.expect(VoiceDisconnected)).reason == "closed"
    await _expect_gone(viewer, ada)


@pytest.mark.parametrize("way", ["kick", "ban", "leave", "delete_guild"])
async def test_leaving_the_guild_ends_voice(village: Village, way: str) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    rtc = await bob.join(village.voice_id)
    member = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    if way == "kick":
        await owner.ask("DELETE", member, status=204)
    elif way == "ban":
        await owner.http.post(f"/api/guilds/{village.guild_id}/bans/{bob.user_id}", json={})
    elif way == "leave":
        await bob.ask("POST", f"/api/guilds/{village.guild_id}/leave", status=204)
    else:
        await owner.ask("DELETE", f"/api/guilds/{village.guild_id}", status=204)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "kicked"
    await rtc.wait_until(lambda: rtc.dtls.is_closed)


async def test_losing_connect_or_the_channel_ends_voice(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    raid = await village.channel()
    await bob.join(raid)
    await village.deny(raid, Permission.VOICE_CONNECT)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "forbidden"
    await bob.join(village.voice_id)
    await owner.ask("DELETE", f"/api/channels/{village.voice_id}", status=204)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "channel_deleted"


async def test_a_channel_that_is_hidden_is_not_said_to_be_gone(village: Village) -> None:
    await village.person("owner")
    bob = await village.person("bob")
    await bob.join(village.voice_id)
    await village.deny(village.voice_id, Permission.VIEW_CHANNEL)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "forbidden"


async def test_a_revoked_login_ends_voice(village: Village) -> None:
    viewer, ada = await village.person("viewer"), await village.person("ada")
    await ada.join(village.voice_id)
    async with httpx.AsyncClient(base_url=village.url) as other:
        body = {"username": "ada", "password": "correct horse battery"}
        tokens = (await other.post("/auth/login", json=body)).raise_for_status().json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        (await other.delete("/auth/sessions", headers=headers)).raise_for_status()
    await _expect_gone(viewer, ada)


async def test_moderators_mute_move_and_disconnect(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    raid = await village.channel()
    await bob.join(village.voice_id)
    member = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    await owner.ask("PATCH", member, {"muted": True})
    await bob.gateway.expect(VoiceStateEvent, lambda event: event.server_muted)
    await owner.ask("PATCH", member, {"channel_id": raid})
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "moved"
    await bob.connect(raid)
    await owner.ask("PATCH", member, {"channel_id": None})
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "kicked"
