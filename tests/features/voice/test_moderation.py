"""What moderators do is done where packets are forwarded, not only told.

The other rules of who is heard are proven so elsewhere: mute, deafen and VOICE_SPEAK in test_talking, push to
talk in test_push_to_talk, the AFK channel in test_afk, who gets in and every way out in
test_entering_and_ending, screens and cameras in test_seeing.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import is_heard, speak_until_heard

from voicechat.protocol.voice import (
    VoiceDisconnected,
    VoiceJoin,
    VoiceOffer,
    VoiceRoomState,
    VoiceStateEvent,
    VoiceUndeafen,
    VoiceUnmute,
    VoiceUserLeft,
)


async def _moderate(village: Village, person: Talker, status: int = 200, **changes: Any) -> Any:
    assert village.owner is not None
    path = f"/api/guilds/{village.guild_id}/members/{person.user_id}"
    return await village.owner.ask("PATCH", path, changes, status=status)


async def test_whom_a_moderator_mutes_nobody_hears_and_they_cannot_change_it(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    await speak_until_heard(bob_rtc, eve_rtc, b"before")
    await _moderate(village, bob, muted=True)
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.server_muted)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"silenced")
    await bob.gateway.send(VoiceUnmute())
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"still silenced")
    again = await bob.join(village.voice_id)
    assert not await is_heard(again, eve_rtc, owner_rtc, b"silenced after coming again")
    await _moderate(village, bob, muted=False)
    await speak_until_heard(again, eve_rtc, b"after")


async def test_whom_a_moderator_deafens_hears_nothing_and_cannot_change_it(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    await speak_until_heard(owner_rtc, bob_rtc, b"before")
    await _moderate(village, bob, deafened=True)
    await eve.gateway.expect(VoiceStateEvent, lambda event: event.server_deafened)
    await bob.gateway.send(VoiceUndeafen())
    await speak_until_heard(owner_rtc, eve_rtc, b"not for bob")
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"from the deaf")
    await _moderate(village, bob, deafened=False)
    await speak_until_heard(owner_rtc, bob_rtc, b"after")
    assert not any(packet.payload == b"not for bob" for packet in bob_rtc.rtp)


async def test_who_is_moved_is_heard_there_and_no_more_here(village: Village) -> None:
    owner, bob, eve, zoe = [await village.person(name) for name in ("owner", "bob", "eve", "zoe")]
    raid = await village.channel()
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    zoe_rtc = await zoe.join(raid)
    await speak_until_heard(bob_rtc, eve_rtc, b"before")
    await _moderate(village, bob, channel_id=raid)
    await eve.gateway.expect(VoiceUserLeft, lambda event: event.user_id == bob.user_id)
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"on the old connection")
    moved = await bob.connect(raid)
    await speak_until_heard(moved, zoe_rtc, b"here")
    await speak_until_heard(zoe_rtc, moved, b"welcome")
    assert bob_rtc.dtls.is_closed
    assert not any(packet.payload == b"here" for packet in eve_rtc.rtp)


async def test_whom_a_moderator_disconnects_nobody_hears_on(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    owner_rtc, bob_rtc, eve_rtc = [await person.join(village.voice_id) for person in (owner, bob, eve)]
    await speak_until_heard(bob_rtc, eve_rtc, b"before")
    await _moderate(village, bob, channel_id=None)
    assert (await bob.gateway.expect(VoiceDisconnected)).reason == "kicked"
    assert not await is_heard(bob_rtc, eve_rtc, owner_rtc, b"gone")


async def test_who_is_refused_at_a_full_channel_gets_no_media_there(village: Village) -> None:
    await village.person("owner")
    bob, eve = await village.person("bob"), await village.person("eve")
    small = await village.channel(user_limit=1)
    await bob.join(small)
    assert await eve.refused(VoiceJoin(channel_id=small)) == "CHANNEL_FULL"
    assert not [event for event in eve.gateway.kept if isinstance(event, VoiceOffer)]
    await bob.gateway.expect(VoiceRoomState)
    assert not [event for event in bob.gateway.kept if isinstance(event, VoiceUserLeft)]


@pytest.mark.parametrize("where", ["text", "full"])
async def test_nobody_is_moved_where_they_could_not_go(village: Village, where: str) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    small = await village.channel(user_limit=1)
    bob_rtc, owner_rtc = await bob.join(village.voice_id), await owner.join(village.voice_id)
    await eve.join(small)
    path = f"/api/guilds/{village.guild_id}/members/{bob.user_id}"
    target = village.text_id if where == "text" else small
    await owner.http.patch(path, json={"channel_id": target})
    await speak_until_heard(bob_rtc, owner_rtc, b"still here")
    await eve.join(village.voice_id)
    room = await eve.gateway.expect(VoiceRoomState, lambda state: state.channel_id == village.voice_id)
    assert {person.user_id for person in room.participants} == {bob.user_id, owner.user_id, eve.user_id}
