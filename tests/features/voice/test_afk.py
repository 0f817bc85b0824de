"""Whoever is silent for long is moved to the guild's AFK channel by the server, and nobody is heard there."""

from __future__ import annotations

import asyncpg
import pytest
from tests.features.voice.conftest import Village
from tests.features.voice.speech import speak_until_heard, talking

from voicechat.bridge import Bridge
from voicechat.features.voice import afk
from voicechat.protocol import Permission
from voicechat.protocol.voice import VoiceDisconnected, VoiceStateEvent, VoiceUserMuted, VoiceUserUnmuted


async def _set_afk(village: Village, aio: Bridge, database_url: str) -> str:
    """Give the village an AFK channel and a timeout shorter than any guild may choose."""
    assert village.owner is not None
    channel_id = await village.channel(name="Away")
    await village.owner.ask("PATCH", f"/api/guilds/{village.guild_id}", {"afk_channel_id": channel_id})

    async def shorten() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("ALTER TABLE guilds DROP CONSTRAINT guilds_afk_timeout_check")
        await connection.execute("UPDATE guilds SET afk_timeout_s = 1")
        await connection.close()

    await aio.call(shorten)
    return channel_id


@pytest.fixture
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afk, "EVERY_S", 0.1)


@pytest.mark.usefixtures("_looks_often")
async def test_the_silent_are_moved_and_those_who_speak_stay(
    village: Village, aio: Bridge, database_url: str
) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    away = await _set_afk(village, aio, database_url)
    eve_rtc = await eve.join(away)
    owner_rtc = await owner.join(village.voice_id)
    async with talking(owner_rtc):
        await bob.join(village.voice_id)
        assert (await bob.gateway.expect(VoiceDisconnected)).reason == "moved"
        bob_rtc = await bob.connect(away)
        moved = await owner.gateway.expect(
            VoiceStateEvent, lambda event: (event.user_id, event.channel_id) == (bob.user_id, away)
        )
        assert moved.suppressed
        for _ in range(25):
            await bob_rtc.say(b"in my sleep", level=10)
        assert not any(isinstance(event, VoiceDisconnected) for event in owner.gateway.kept)
    assert (await owner.gateway.expect(VoiceDisconnected)).reason == "moved"
    await owner.connect(away)
    assert [packet.payload for packet in eve_rtc.rtp] == []


async def test_a_channel_that_becomes_the_afk_channel_goes_silent_and_back(village: Village) -> None:
    owner, bob, eve = [await village.person(name) for name in ("owner", "bob", "eve")]
    bob_rtc, eve_rtc = await bob.join(village.voice_id), await eve.join(village.voice_id)
    await speak_until_heard(bob_rtc, eve_rtc, b"before")
    guild = f"/api/guilds/{village.guild_id}"
    await owner.ask("PATCH", guild, {"afk_channel_id": village.voice_id})
    for person in (bob, eve):
        await bob.gateway.expect(VoiceUserMuted, lambda event, person=person: event.user_id == person.user_id)  # type: ignore[misc]
    await owner.ask("PATCH", guild, {"afk_channel_id": None})
    await eve.gateway.expect(VoiceUserUnmuted, lambda event: event.user_id == bob.user_id)
    await speak_until_heard(bob_rtc, eve_rtc, b"after")


@pytest.mark.usefixtures("_looks_often")
async def test_who_may_not_be_in_the_afk_channel_is_left_alone(
    village: Village, aio: Bridge, database_url: str
) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    away = await _set_afk(village, aio, database_url)
    await village.deny(away, Permission.VOICE_CONNECT)
    bob_rtc = await bob.join(village.voice_id)
    owner_rtc = await owner.join(village.voice_id)
    assert (await owner.gateway.expect(VoiceDisconnected)).reason == "moved"
    await owner.connect(away)
    eve_rtc = await (await village.person("eve")).join(village.voice_id)
    await speak_until_heard(bob_rtc, eve_rtc, b"still here")
    assert owner_rtc.dtls.is_closed
