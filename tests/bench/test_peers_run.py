"""A run of the comparison: real sockets through the plain fan-out, and servers that fail."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from bench.peers import __main__ as command_line
from bench.peers import drivers, measure
from bench.peers.exchange import Exchange, open_exchange
from bench.peers.floor import FloorPeer
from bench.peers.peer import About, Running, Unavailable
from bench.peers.plan import PeersPlan, Scenario
from bench.peers.processes import Meter, open_process, tree
from bench.peers.rows import PeersResult
from bench.peers.traffic import WARM_PACKETS, Voice, run_traffic
from bench.programs import Broken

pytestmark = pytest.mark.native


class FailingPeer:
    """A server that starts and then does not do its work."""

    name = "failing"

    def install(self) -> None:
        raise Unavailable("it cannot be had")

    def about(self) -> About:
        return About(version="0", config="none")

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[Running]:
        raise Broken("it ended with 1")
        yield


class MissingPeer(FailingPeer):
    """A server that is not there."""

    name = "missing"

    def about(self) -> About:
        raise Unavailable("it cannot be had")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two servers that fail around the floor, and small rooms."""
    peers = (MissingPeer(), FailingPeer(), FloorPeer())
    monkeypatch.setattr(drivers, "ALL", {peer.name: peer for peer in peers})
    monkeypatch.setattr(measure, "SCENARIOS", (Scenario("1-to-1", 1, 1), Scenario("room-of-3", 3, 0)))


async def test_everybody_else_hears_every_packet(tmp_path: Path) -> None:
    async with open_exchange() as exchange, FloorPeer().open(exchange, tmp_path, None) as floor:
        room = await floor.open_room("room", 2, 2)
        voice = Voice.of([room])
        for _ in range(2):  # numbers go on from run to run
            heard = await run_traffic(
                exchange, voice, 0.1, tmp_path, cpu=None, weigh=Meter(floor.pid).total_ns
            )
            count = WARM_PACKETS + 5
            assert (heard.due, heard.arrived, heard.loss) == (2 * 3 * count, 2 * 3 * count, 0.0)
            assert len(heard.delays_us) == 2 * 3 * 5
            assert heard.delays_us.min() > 0
            assert heard.cpu_us > 0


async def test_a_ramp_fills_room_after_room(tmp_path: Path) -> None:
    async with open_exchange() as exchange, FloorPeer().open(exchange, tmp_path, None) as floor:
        rooms = [await floor.open_room(name, 3, 0) for name in "ab"]
        voice = Voice.of(rooms, 4)
        assert [len(hearers) for hearers in voice.hearers] == [2, 2, 2, 2]
        assert voice.talkers[3] is rooms[1].members[0].talks


def test_one_that_fails_is_named_and_ends_nothing(few: None, tmp_path: Path) -> None:
    out = tmp_path / "peers.json"
    words = ["--sittings", "1", "--seconds", "0.1", "--no-pin", "--out", str(out)]
    assert command_line.main(words) == 2
    result = msgspec.json.decode(out.read_bytes(), type=PeersResult)
    assert {row.sfu for row in result.rows} == {"floor"}
    told = {absent.sfu: absent.reason for absent in result.absent}
    assert told["missing"] == "it cannot be had"
    assert "it ended with 1" in told["failing"]


def test_installing_says_what_cannot_be_had(few: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--install", "--only", "missing,floor"]) == 2
    assert "missing: NOT AVAILABLE: it cannot be had" in capsys.readouterr().out


def test_an_unknown_server_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--only", "nonsense"]) == 1
    assert "unknown servers: nonsense" in capsys.readouterr().err


async def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    async with open_process(["sh", "-c", "echo no such option; exit 3"], tmp_path, None) as process:
        with pytest.raises(Broken, match="ended with 3: no such option"):
            await process.wait_for("ready")


async def test_a_process_is_gone_with_its_block_and_counted_with_its_children(tmp_path: Path) -> None:
    spin = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; exec sleep 5"
    async with open_process(["sh", "-c", f"sh -c '{spin}' & wait"], tmp_path, None) as process:
        await process.wait_for("done")
        assert len(tree(process.pid)) == 2
        assert Meter(process.pid).total_ns() > 1_000_000
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_the_plan_takes_its_words() -> None:
    arguments = command_line._parser().parse_args(["--only", "floor", "--ramp", "5,10", "--sittings", "3"])
    plan = command_line._plan(arguments)
    assert (plan.peers, plan.ramp, plan.sittings) == (("floor",), (5, 10), 3)
    assert plan.rounds == PeersPlan(peers=()).rounds
