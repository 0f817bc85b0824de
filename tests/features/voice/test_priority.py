"""Priority speakers: told to the room, and heard where slots are short."""

from __future__ import annotations

import msgspec
from tests.features.voice.conftest import Talker, Village, open_village
from tests.features.voice.speech import speak_until_heard, talking

from voicechat.protocol import Permission
from voicechat.protocol.voice import VoiceRoomState, VoiceSlots
from voicechat.protocol.voice_routes import VoicePriority, VoicePriorityChanged
from voicechat.settings import Settings


async def _allow(village: Village, person: Talker, *permissions: Permission) -> None:
    """Let a person have these bits in the voice channel, and no others besides everyone's."""
    assert village.owner is not None
    bits = sum(int(permission) for permission in permissions)
    path = f"/api/channels/{village.voice_id}/overrides/{person.user_id}"
    await village.owner.ask("PUT", path, {"allow": bits, "target_type": "member"})


async def _change(viewer: Talker, person: Talker) -> bool:
    changed = await viewer.gateway.expect(VoicePriorityChanged)
    assert (changed.user_id, changed.channel_id) == (person.user_id, viewer.village.voice_id)
    return changed.active


async def test_the_room_is_told_and_so_is_who_comes_later(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    await _allow(village, bob, Permission.PRIORITY_SPEAKER)
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await bob.gateway.send(VoicePriority(active=True))
    assert await _change(owner, bob) is True
    await eve.join(village.voice_id)
    room = await eve.gateway.expect(VoiceRoomState)
    assert {person.user_id: person.priority for person in room.participants}[bob.user_id] is True
    await bob.gateway.send(VoicePriority(active=False))
    assert await _change(owner, bob) is False


async def test_without_the_bit_nobody_has_priority_and_losing_it_ends_it(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    assert await bob.refused(VoicePriority(active=True)) == "NOT_IN_CHANNEL"
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    assert await bob.refused(VoicePriority(active=True)) == "MISSING_PERMISSION"
    await _allow(village, bob, Permission.PRIORITY_SPEAKER)
    await bob.gateway.send(VoicePriority(active=True))
    assert await _change(owner, bob) is True
    await _allow(village, bob)
    assert await _change(owner, bob) is False
    assert await bob.refused(VoicePriority(active=True)) == "MISSING_PERMISSION"


async def test_a_priority_speaker_is_heard_where_slots_are_short(settings: Settings) -> None:
    media = msgspec.structs.replace(settings.media, slots=1)
    async with open_village(msgspec.structs.replace(settings, media=media)) as village:
        owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
        owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
        async with talking(bob_rtc, b"first"):
            await speak_until_heard(bob_rtc, eve_rtc, b"bob has the slot")
            await owner.gateway.send(VoicePriority(active=True))
            async with talking(owner_rtc, b"listen"):
                await eve.gateway.expect(
                    VoiceSlots, lambda event: [slot.user_id for slot in event.slots] == [owner.user_id]
                )
                await eve_rtc.heard_payload(b"listen")
