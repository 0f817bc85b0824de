"""S11: every report that broke somebody, from a member: read within its bounds, or dropped whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.native.conftest import Running
from tests.native.fake_peer import FakePeer

Two = tuple[FakePeer, FakePeer]
_FOLDER = Path(__file__).parents[2] / "native" / "fuzz" / "corpus" / "rtcp"
CORPUS = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir())}


@pytest.mark.parametrize("name", CORPUS)
async def test_s11_a_members_report_harms_nobody(running: Running, two: Two, name: str) -> None:
    a, b = two
    data = CORPUS[name] + bytes(-len(CORPUS[name]) % 4)
    before = running.engine.counters()
    wire = a.tx.protect_rtcp(data) if len(data) >= 8 else data
    await a.send(wire)
    await running.count("rx_datagrams", before["rx_datagrams"] + 1)
    after = running.engine.counters()
    assert after["drop_auth"] == before["drop_auth"] or len(data) < 8
    for speaker, listener in ((a, b), (b, a)):
        await speaker.speak(b"unharmed")
        assert (await listener.hear()).payload == b"unharmed"
