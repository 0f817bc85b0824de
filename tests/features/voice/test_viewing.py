"""What a viewer asks for of what others show."""

from __future__ import annotations

import pytest
from tests.features.voice.asked import Asked
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.showing import share, stop, stopped, turn_camera_on

from voicechat.ids import new_id
from voicechat.media import Preference
from voicechat.protocol.gateway import Error, Ping, Pong
from voicechat.protocol.video import VoiceSetLayerPreference


def _wish(viewer: Talker, target_user_id: str, source: str) -> VoiceSetLayerPreference:
    return VoiceSetLayerPreference(
        channel_id=viewer.village.voice_id,
        target_user_id=target_user_id,
        track_source=source,
        preferred_layer="low",
    )


async def test_a_wish_reaches_the_engine(village: Village, asked: Asked) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(owner, has_audio=True)
    await turn_camera_on(owner)
    sources = ["screen_video:s1", "screen_audio:s1", "webcam"]
    for source in sources:
        await bob.gateway.send(_wish(bob, owner.user_id, source))
    await bob.gateway.send(Ping())
    await bob.gateway.expect(Pong)
    assert not [event for event in bob.gateway.kept if isinstance(event, Error)]
    assert asked.of("prefer") == [(owner.user_id, source, Preference.LOW) for source in sources]


@pytest.mark.parametrize("source", ["webcam", "screen_video:other", "screen_audio:s1", "screen_audio:other"])
async def test_what_nobody_shows_cannot_be_wished_for(village: Village, asked: Asked, source: str) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    assert await bob.refused(_wish(bob, owner.user_id, source)) == "NOT_IN_CHANNEL"
    await owner.join(village.voice_id)
    await bob.join(village.voice_id)
    await share(owner)
    assert await bob.refused(_wish(bob, owner.user_id, source)) == "STREAM_NOT_FOUND"
    assert asked.of("prefer") == []


async def test_only_what_others_show_here_can_be_wished_for(village: Village) -> None:
    owner, bob = await village.person("owner"), await village.person("bob")
    other = await village.channel()
    await owner.join(village.voice_id)
    await bob.join(other)
    await share(owner)
    source = "screen_video:s1"
    elsewhere = VoiceSetLayerPreference(
        channel_id=other, target_user_id=owner.user_id, track_source=source, preferred_layer="off"
    )
    assert await bob.refused(elsewhere) == "STREAM_NOT_FOUND"
    assert await owner.refused(_wish(owner, owner.user_id, source)) == "STREAM_NOT_FOUND"
    assert await owner.refused(_wish(owner, new_id(), source)) == "STREAM_NOT_FOUND"
    await bob.join(village.voice_id)
    await owner.gateway.send(stop(owner))
    await stopped(bob, owner)
    assert await bob.refused(_wish(bob, owner.user_id, source)) == "STREAM_NOT_FOUND"
