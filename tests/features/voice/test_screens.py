"""Screen shares: who may, how many, in which quality, and who is told."""

from __future__ import annotations

import msgspec
import pytest
from tests.features.voice.asked import Asked
from tests.features.voice.conftest import Talker, Village, open_village
from tests.features.voice.showing import share, started, stop, stopped
from tests.support.gateway_client import open_gateway

from voicechat.media.engine import Engine
from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error, Ping, Pong, Ready
from voicechat.protocol.video import (
    ScreenShareQualityChanged,
    ScreenShareStarted,
    ScreenShareStopped,
    VoiceScreenShareSetQuality,
    VoiceScreenShareStart,
)
from voicechat.protocol.voice import (
    VoiceDisconnected,
    VoiceJoin,
    VoiceLeave,
    VoiceOffer,
    VoiceRoomState,
    VoiceStateEvent,
    VoiceUserUnmuted,
)
from voicechat.protocol.voice_routes import VoiceListen, VoiceListening
from voicechat.settings import Settings


async def _badge(viewer: Talker, person: Talker, is_live: bool) -> None:
    """Wait until the viewer, who sees the channel, sees the person become live, or not live any more."""
    await viewer.gateway.expect(
        VoiceStateEvent,
        lambda event: event.user_id == person.user_id and event.screen_sharing is is_live,
    )


async def _refusal(person: Talker, stream_id: str, channel_id: str | None = None) -> Error:
    """Ask for a share that must be refused."""
    channel_id = channel_id or person.village.voice_id
    await person.gateway.send(VoiceScreenShareStart(channel_id=channel_id, stream_id=stream_id, ref="r"))
    refusal = await person.gateway.expect(Error)
    assert (refusal.in_reply_to, refusal.ref) == ("voice_screen_share_start", "r")
    return refusal


async def _nothing_more(person: Talker, *kinds: type) -> None:
    """Make sure that no event of these kinds has come to somebody."""
    await person.gateway.send(Ping())
    await person.gateway.expect(Pong)
    assert not [event for event in person.gateway.kept if isinstance(event, kinds)]


async def test_the_room_is_told_of_a_screen_and_everyone_in_sight_of_the_badge(
    village: Village, asked: Asked
) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    own = await share(bob, "s1", quality="high", has_audio=True, source_label="Chess — 1")
    assert await started(owner, bob) == own
    assert (own.channel_id, own.username, own.source_label) == (village.voice_id, "bob", "Chess — 1")
    assert (own.has_audio, own.quality) == (True, "high")
    await _badge(eve, bob, True)
    assert asked.of("publish") == [("screen_video:s1", 5_000_000, True)]
    await bob.gateway.send(stop(bob))
    assert await stopped(owner, bob) == await stopped(bob, bob) == "user_stopped"
    await _badge(eve, bob, False)
    assert asked.of("unpublish") == [("screen_video:s1",)]
    await _nothing_more(eve, ScreenShareStarted, ScreenShareStopped)


async def test_who_comes_later_sees_what_is_shared(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await owner.join(village.voice_id)
    first, second = await share(owner, "a", quality="low"), await share(owner, "b", has_audio=True)
    await bob.join(village.voice_id)
    room = await bob.gateway.expect(VoiceRoomState)
    shown = {share.stream_id: share for share in room.screen_shares}
    assert [shown["a"].quality, shown["a"].started_at] == [first.quality, first.started_at]
    assert [shown["b"].has_audio, shown["b"].user_id] == [second.has_audio, owner.user_id]
    live = {person.user_id: person.screen_sharing for person in room.participants}
    assert live == {owner.user_id: True, bob.user_id: False}
    _, ready = await village.open_socket(eve.token)
    states = {state.user_id: state.screen_sharing for state in ready.guilds[0].voice_states}
    assert states == {owner.user_id: True, bob.user_id: False}


async def test_who_only_listens_in_sees_nothing_of_it(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    other = await village.channel()
    await owner.join(village.voice_id)
    await bob.join(other)
    await bob.gateway.send(VoiceListen(channel_id=village.voice_id))
    await bob.gateway.expect(VoiceListening)
    await share(owner)
    await owner.gateway.send(stop(owner))
    await stopped(owner, owner)
    await _nothing_more(bob, ScreenShareStarted, ScreenShareStopped)


async def test_one_person_shares_three_and_a_stream_once(village: Village) -> None:
    owner = await village.person("owner")
    assert (await _refusal(owner, "a")).code == "NOT_IN_CHANNEL"
    await owner.join(village.voice_id)
    other = await village.channel()
    assert (await _refusal(owner, "a", other)).code == "NOT_IN_CHANNEL"
    await share(owner, "a")
    assert (await _refusal(owner, "a")).code == "ALREADY_SHARING"
    await share(owner, "b")
    await share(owner, "c")
    refusal = await _refusal(owner, "d")
    assert (refusal.code, refusal.details) == ("SCREEN_SHARE_LIMIT", {"limit": 3, "of": "user"})
    await owner.gateway.send(stop(owner, "b"))
    await share(owner, "d")
    assert await owner.refused(stop(owner, "b")) == "STREAM_NOT_FOUND"


async def test_a_channel_holds_as_many_screens_as_it_says(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.ask("PATCH", f"/api/channels/{village.voice_id}", {"max_screen_shares": 2})
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(owner, "a")
    await share(owner, "b")
    refusal = await _refusal(bob, "a")
    assert (refusal.code, refusal.details) == ("SCREEN_SHARE_LIMIT", {"limit": 2, "of": "channel"})
    await owner.ask("PATCH", f"/api/channels/{village.voice_id}", {"max_screen_shares": 1})
    await owner.gateway.send(stop(owner, "a"))
    assert (await _refusal(bob, "a")).code == "SCREEN_SHARE_LIMIT"
    await owner.gateway.send(stop(owner, "b"))
    await share(bob, "a")


async def test_a_server_that_is_full_of_videos_refuses_and_tells_nobody(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    with monkeypatch.context() as full:
        full.setattr(Engine, "video_room", 0)
        assert (await _refusal(bob, "s1")).code == "VIDEO_FULL"
    await _nothing_more(owner, ScreenShareStarted)
    await share(bob)  # nothing of the first was left behind


async def test_two_people_may_call_their_streams_the_same(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(owner, "same", source_label="owner's")
    assert (await share(bob, "same", source_label="bob's")).user_id == bob.user_id
    await owner.gateway.send(stop(owner, "same"))
    assert await stopped(bob, owner, "same") == "user_stopped"
    await bob.gateway.send(stop(bob, "same"))
    assert await stopped(owner, bob, "same") == "user_stopped"


async def test_the_server_grants_no_more_than_it_is_set_to(settings: Settings) -> None:
    media = msgspec.structs.replace(settings.media, max_quality="medium")
    async with open_village(msgspec.structs.replace(settings, media=media)) as village:
        owner = await village.person("owner")
        await owner.join(village.voice_id)
        assert (await share(owner, "a", quality="premium")).quality == "medium"
        assert (await share(owner, "b", quality="low")).quality == "low"


async def test_a_change_of_quality_is_told_and_enforced(village: Village, asked: Asked) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)

    def change(stream_id: str, quality: str) -> VoiceScreenShareSetQuality:
        return msgspec.convert(
            {"channel_id": village.voice_id, "stream_id": stream_id, "quality": quality},
            VoiceScreenShareSetQuality,
        )

    assert await owner.refused(change("s1", "low")) == "STREAM_NOT_FOUND"
    await share(owner, quality="high")
    await owner.gateway.send(change("s1", "high"))
    await owner.gateway.send(change("s1", "low"))
    changed = await bob.gateway.expect(ScreenShareQualityChanged)
    assert (changed.user_id, changed.stream_id, changed.quality) == (owner.user_id, "s1", "low")
    assert asked.of("limit") == [("screen_video:s1", 1_000_000)]


async def test_without_the_bit_nobody_shares_and_losing_it_ends_all_within_a_second(
    village: Village, asked: Asked
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(bob, "a")
    await share(bob, "b")
    await village.deny(village.voice_id, Permission.SCREEN_SHARE)
    assert await stopped(owner, bob, "a", within_s=1) == "forbidden"
    assert await stopped(owner, bob, "b", within_s=1) == "forbidden"
    assert {args[0] for args in asked.of("unpublish")} == {"screen_video:a", "screen_video:b"}
    assert (await _refusal(bob, "a")).code == "MISSING_PERMISSION"
    await share(owner)  # who may goes on


async def test_losing_the_role_that_allowed_it_ends_a_share(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    roles_url = f"/api/guilds/{village.guild_id}/roles"
    everyone = next(role for role in (await owner.ask("GET", roles_url))["items"] if role["is_default"])
    fewer = everyone["permissions"] & ~int(Permission.SCREEN_SHARE)
    await owner.ask("PATCH", f"{roles_url}/{village.everyone_id}", {"permissions": fewer})
    body = {"name": "streamers", "permissions": int(Permission.SCREEN_SHARE)}
    role = await owner.ask("POST", roles_url, body, status=201)
    role_url = f"/api/guilds/{village.guild_id}/members/{bob.user_id}/roles/{role['id']}"
    assert (await owner.http.post(role_url)).is_success
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(bob)
    assert (await owner.http.delete(role_url)).is_success
    assert await stopped(owner, bob, within_s=1) == "forbidden"


@pytest.mark.parametrize(
    ("way", "reason"),
    [("leave", "disconnected"), ("move", "disconnected"), ("kick", "forbidden"), ("hide", "forbidden")],
)
async def test_a_share_ends_with_the_voice_session(village: Village, way: str, reason: str) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    other = await village.channel()
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(bob)
    member = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    if way == "leave":
        await bob.gateway.send(VoiceLeave())
    elif way == "move":
        await owner.ask("PATCH", member, {"channel_id": other})
    elif way == "kick":
        await owner.ask("DELETE", member, status=204)
    else:
        await village.deny(village.voice_id, Permission.VIEW_CHANNEL)
    assert await stopped(owner, bob, within_s=1) == reason
    if way == "move":
        await bob.connect(other)
        assert (
            await bob.gateway.expect(VoiceRoomState, lambda room: room.channel_id == other)
        ).screen_shares == []


async def test_a_share_ends_when_the_client_says_goodbye_or_is_gone(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    rtc = await bob.join(village.voice_id)
    await share(bob)
    await rtc.goodbye()
    assert await stopped(owner, bob) == "disconnected"
    async with open_gateway(village.url, bob.token) as gateway:
        await gateway.expect(Ready)
        bob.gateway = gateway
        rtc = await bob.join(village.voice_id)
        await rtc.say(b"the last words")
        await share(bob, "again")
    assert await stopped(owner, bob, "again") == "disconnected"


async def test_a_share_may_begin_before_the_media_flows(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.gateway.send(VoiceJoin(channel_id=village.voice_id))
    await share(bob)
    await started(owner, bob)
    await bob.connect(village.voice_id)


async def test_after_a_rejoin_the_same_stream_begins_anew(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    first = await share(bob)
    await started(owner, bob)
    await bob.join(village.voice_id)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "moved"
    assert await stopped(owner, bob) == "disconnected"
    assert (await share(bob)).started_at > first.started_at
    await started(owner, bob)


async def test_beginning_again_and_again_is_refused_stopping_never_is(village: Village) -> None:
    owner = await village.person("owner")
    await owner.join(village.voice_id)
    codes = set()
    for _ in range(24):
        await owner.gateway.send(
            VoiceScreenShareStart(channel_id=village.voice_id, stream_id="s1", ref="start")
        )
        await owner.gateway.send(stop(owner))
        await owner.gateway.send(Ping())
        await owner.gateway.expect(Pong)
        codes |= {
            event.code for event in owner.gateway.kept if isinstance(event, Error) and event.ref == "start"
        }
    assert codes == {"RATE_LIMITED"}


async def test_who_is_silenced_by_others_is_silent_on_their_screens_too(
    village: Village, asked: Asked
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(bob, has_audio=True)
    assert asked.of("gate_screen_audio") == [(False,)]
    member = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    await owner.ask("PATCH", member, {"muted": True})
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.server_muted)
    assert asked.of("gate_screen_audio")[-1] == (True,)
    await share(bob, "later", has_audio=True)
    assert asked.of("gate_screen_audio")[-1] == (True,)
    await owner.ask("PATCH", member, {"muted": False})
    await owner.gateway.expect(VoiceUserUnmuted)
    assert asked.of("gate_screen_audio")[-1] == (False,)
    await village.deny(village.voice_id, Permission.VOICE_SPEAK)
    await owner.gateway.expect(VoiceStateEvent, lambda event: event.suppressed)
    assert asked.of("gate_screen_audio")[-1] == (True,)


async def test_the_first_offer_names_the_microphone(village: Village) -> None:
    owner = await village.person("owner")
    await owner.gateway.send(VoiceJoin(channel_id=village.voice_id))
    offer = await owner.gateway.expect(VoiceOffer)
    assert offer.revision == 1
    assert [(section.mid, section.source) for section in offer.sends] == [("0", "microphone")]
    assert "a=mid:0\r\na=recvonly" in offer.sdp
