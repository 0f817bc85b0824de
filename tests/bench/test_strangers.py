"""The floods: each kind is met where the engine should meet it, and keeps its rate."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from bench.voice.engine import EngineServer, open_engine
from bench.voice.room import Client
from bench.voice.strangers import open_strangers

pytestmark = pytest.mark.native
NOBODY_LISTENS = 9
MANY = 500


async def counted(engine: EngineServer, counter: str) -> int:
    """Wait until the engine has counted many of these; fails by the test's own deadline."""
    with trio.fail_after(20):
        while (count := (await engine.figures()).counters[counter]) < MANY:
            pass
    return count


@pytest.mark.parametrize(("kind", "counter"), [
    ("stun-forged", "stun_to_python"),
    ("stun-forged", "drop_stun_peer_rate"),
    ("stun-random", "drop_stun_unknown_ufrag"),
    ("dtls", "drop_dtls_unknown_tuple"),
    ("rtp", "drop_media_unknown_tuple"),
])  # fmt: skip
async def test_a_flood_is_of_its_kind(kind: str, counter: str, tmp_path: Path) -> None:
    clients = [Client(NOBODY_LISTENS + index, index) for index in range(4)]
    async with open_engine(clients, is_pinned=False) as engine:
        opened = open_strangers(kind, engine.port, engine.ufrags, tmp_path, is_pinned=False)
        async with opened as flood:
            await flood.begin()
            assert await counted(engine, counter) >= MANY
            await flood.end()
            assert flood.rate > 0
