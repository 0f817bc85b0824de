"""Who lacks USE_VOICE_ACTIVITY is heard only while they say that a key is pressed, and never for long."""

from __future__ import annotations

import msgspec
import trio
from tests.features.voice.conftest import Talker, Village, open_village
from tests.features.voice.speech import is_heard, speak_until_heard
from tests.support.rtc_client import RtcClient

from voicechat import protocol
from voicechat.protocol import Permission
from voicechat.protocol.gateway import Error
from voicechat.protocol.voice import (
    VoiceJoin,
    VoiceLeave,
    VoiceMute,
    VoiceOffer,
    VoiceRoomState,
    VoiceUnmute,
    VoiceUserLeft,
    VoiceUserMuted,
    VoiceUserUnmuted,
)
from voicechat.protocol.voice_routes import VoicePushToTalk
from voicechat.settings import Settings

PRESS, RELEASE = VoiceUnmute(push_to_talk=True), VoiceMute(push_to_talk=True)


async def _trio(village: Village) -> tuple[tuple[Talker, Talker], tuple[RtcClient, RtcClient, RtcClient]]:
    """Let the owner, bob, who needs the key, and eve, who listens, into a channel."""
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await village.deny(village.voice_id, Permission.USE_VOICE_ACTIVITY)
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    return (bob, eve), (owner_rtc, bob_rtc, eve_rtc)


async def _key(person: Talker, *, required: bool = True, is_open: bool) -> None:
    """Wait until the person is told how their key stands."""
    await person.gateway.expect(
        VoicePushToTalk, lambda event: (event.required, event.open) == (required, is_open)
    )


async def test_a_key_opens_the_microphone_and_its_release_closes_it(village: Village) -> None:
    (bob, eve), (owner_rtc, bob_rtc, eve_rtc) = await _trio(village)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"without a key")
    await bob.gateway.send(PRESS)
    await _key(bob, is_open=True)
    await speak_until_heard(bob_rtc, eve_rtc, b"with the key")
    await bob.gateway.send(RELEASE)
    await _key(bob, is_open=False)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"after the release")
    await bob.gateway.send(VoiceMute())
    await bob.gateway.send(VoiceLeave())
    assert await _mutes_told(eve) == [VoiceUserMuted], "keys are nobody else's business"


async def _mutes_told(viewer: Talker) -> list[type[protocol.Event]]:
    """Return the mutes and unmutes a viewer was told of until somebody left."""
    told: list[protocol.Event] = []
    while not isinstance(event := await viewer.gateway.expect(protocol.Event), VoiceUserLeft):
        told.append(event)
    return [type(event) for event in told if isinstance(event, VoiceUserMuted | VoiceUserUnmuted)]


async def test_unmuting_without_a_key_is_refused_where_one_is_required(village: Village) -> None:
    await village.person("owner")
    bob = await village.person("bob")
    await village.deny(village.voice_id, Permission.USE_VOICE_ACTIVITY)
    await bob.gateway.send(VoiceJoin(channel_id=village.voice_id))
    assert (await bob.gateway.expect(VoiceOffer)).push_to_talk_required
    assert (await bob.gateway.expect(VoiceRoomState)).push_to_talk_required
    await bob.gateway.send(VoiceUnmute())
    refusal = await bob.gateway.expect(Error)
    assert (refusal.code, refusal.details) == ("MISSING_PERMISSION", {"permission": "USE_VOICE_ACTIVITY"})


async def test_who_has_the_bit_needs_no_key(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await village.deny(village.voice_id, Permission.USE_VOICE_ACTIVITY)
    owner_rtc = await owner.join(village.voice_id)
    bob_rtc = await bob.join(village.voice_id)
    assert not (await owner.gateway.expect(VoiceRoomState)).push_to_talk_required
    await speak_until_heard(owner_rtc, bob_rtc, b"I may")
    await owner.gateway.send(RELEASE)  # means a mute where no key is required
    await bob.gateway.expect(VoiceUserMuted)
    await owner.gateway.send(VoiceUnmute())
    await bob.gateway.expect(VoiceUserUnmuted)


async def test_one_press_opens_the_microphone_for_a_bounded_time(settings: Settings) -> None:
    media = msgspec.structs.replace(settings.media, push_to_talk_s=0.2)
    async with open_village(msgspec.structs.replace(settings, media=media)) as village:
        (bob, _), (owner_rtc, bob_rtc, eve_rtc) = await _trio(village)
        for _ in range(2):
            await bob.gateway.send(PRESS)
            await bob.gateway.send(PRESS)  # holding the key down adds nothing
            await _key(bob, is_open=True)
            await _key(bob, is_open=False)
            assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"too long")


async def test_an_old_press_does_not_end_a_new_one(settings: Settings) -> None:
    media = msgspec.structs.replace(settings.media, push_to_talk_s=0.5)
    async with open_village(msgspec.structs.replace(settings, media=media)) as village:
        (bob, _), (_, bob_rtc, eve_rtc) = await _trio(village)
        await bob.gateway.send(PRESS)
        await _key(bob, is_open=True)
        await bob.gateway.send(RELEASE)
        await _key(bob, is_open=False)
        began = trio.current_time()
        await bob.gateway.send(PRESS)
        await _key(bob, is_open=True)
        await speak_until_heard(bob_rtc, eve_rtc, b"again")
        await _key(bob, is_open=False)
        assert trio.current_time() - began >= 0.5


async def test_losing_the_bit_closes_the_microphone_and_regaining_it_opens_none(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    await speak_until_heard(bob_rtc, eve_rtc, b"free")
    await village.deny(village.voice_id, Permission.USE_VOICE_ACTIVITY)
    await _key(bob, is_open=False)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"not any more")
    await village.deny(village.voice_id)
    await _key(bob, required=False, is_open=False)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"not by itself")
    await eve.gateway.expect(VoiceUserMuted, lambda event: event.user_id == bob.user_id)
    await bob.gateway.send(VoiceUnmute())
    await speak_until_heard(bob_rtc, eve_rtc, b"free again")
