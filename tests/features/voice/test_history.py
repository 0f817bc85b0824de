"""How well somebody is connected is measured by the server while they talk, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from tests.features.voice.conftest import Talker, Village
from tests.features.voice.speech import talking

from voicechat.features.quality import sampler
from voicechat.protocol.voice import VoiceLeave


@pytest.fixture(autouse=True)
def _reads_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "READ_EVERY_S", 0.1)
    monkeypatch.setattr(sampler, "WRITE_EVERY_S", 0.3)


Sessions = list[dict[str, Any]]


async def _history(person: Talker, is_so: Callable[[Sessions], object]) -> Sessions:
    """Wait until the person's history is as wanted."""
    with trio.fail_after(15):
        while True:
            items: Sessions = (await person.ask("GET", "/api/me/connection/sessions"))["items"]
            if is_so(items):
                return items
            await trio.sleep(0.1)


async def test_a_stay_in_voice_is_measured_and_remembered(village: Village) -> None:
    ada, bob = await village.person("ada"), await village.person("bob")
    ada_rtc = await ada.join(village.voice_id)
    bob_rtc = await bob.join(village.voice_id)
    async with talking(ada_rtc):
        await bob_rtc.heard_payload(b"on and on")
        ada_rtc.seq += 50  # as if fifty packets had been lost
        [session] = await _history(ada, lambda items: items and items[0]["packet_loss"])
    assert (session["id"], session["channel_id"]) == (ada.session_id, village.voice_id)
    course = await ada.ask("GET", f"/api/me/connection/sessions/{ada.session_id}")
    assert len(course["points"]) >= 1
    await ada.gateway.send(VoiceLeave())
    await ada.join(village.voice_id)
    newest, older = await _history(ada, lambda items: len(items) == 2)
    assert (newest["id"], older["id"]) == (ada.session_id, session["id"])
    assert (await ada.ask("GET", "/api/me/connection/summary"))["sessions"] == 2
