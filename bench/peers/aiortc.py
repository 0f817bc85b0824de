"""aiortc: a small relay script (aiortc_relay.py) in a Python environment of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio

from bench.peers import sdp
from bench.peers.exchange import Exchange
from bench.peers.janus import own_address
from bench.peers.joining import several
from bench.peers.legs import Member, Room
from bench.peers.peer import CACHE, About, Unavailable
from bench.peers.processes import open_process
from bench.peers.webrtc import RtpLeg
from bench.programs import Broken

_VENV = CACHE / "aiortc" / "venv"
_PYTHON = _VENV / "bin" / "python"
_SCRIPT = Path(__file__).with_name("aiortc_relay.py")
_ANSWERS_WITHIN_S = 15.0


class RunningAiortc:
    """A started relay."""

    def __init__(self, pid: int, port: int, host: str, exchange: Exchange) -> None:
        self.pid = pid
        self._port, self._host, self._exchange = port, host, exchange
        self._numbers: dict[RtpLeg, int] = {}

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Connect everybody, some at once."""
        people = talkers + listeners
        legs = await several(people, lambda place: self._connect(name, talks=place < talkers))
        return Room(name, [Member(leg if place < talkers else None, leg) for place, leg in enumerate(legs)])

    async def join(self, room: Room) -> Member:
        """Connect a listener."""
        return Member(None, await self._connect(room.name, talks=False))

    async def leave(self, room: Room, member: Member) -> None:
        """Close its connection."""
        leg = member.listens
        assert isinstance(leg, RtpLeg)
        async with await trio.open_tcp_stream("127.0.0.1", self._port) as stream:
            await _ask(stream, {"do": "leave", "person": self._numbers.pop(leg)})
        self._exchange.remove(leg)

    async def _connect(self, room: str, *, talks: bool) -> RtpLeg:
        leg = RtpLeg(self._exchange, self._host)
        async with await trio.open_tcp_stream("127.0.0.1", self._port) as stream:
            joined = await _ask(stream, {"do": "join", "room": room, "talks": talks})
            answer = sdp.listening_answer(joined["sdp"], leg, talks=talks)
            await _ask(stream, {"do": "answer", "person": joined["person"], "sdp": answer})
        await leg.connect(sdp.remote(joined["sdp"]), is_controlling=False)
        self._numbers[leg] = joined["person"]
        return leg


async def _ask(stream: trio.SocketStream, words: dict[str, Any]) -> dict[str, Any]:
    await stream.send_all(msgspec.json.encode(words) + b"\n")
    read = b""
    with trio.fail_after(_ANSWERS_WITHIN_S):
        while not read.endswith(b"\n"):
            chunk = await stream.receive_some()
            if not chunk:
                raise Broken("the relay hung up")
            read += bytes(chunk)
    answer: dict[str, Any] = msgspec.json.decode(read)
    return answer


class AiortcPeer:
    """The driver."""

    name = "aiortc"

    def install(self) -> None:
        """Make the environment from PyPI."""
        if _PYTHON.exists() and self._version():
            return
        _VENV.parent.mkdir(parents=True, exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", str(_VENV)],
            [str(_PYTHON), "-m", "pip", "install", "-q", "aiortc"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Unavailable(f"{' '.join(command[1:4])}: {done.stderr.strip()[-300:]}")

    def about(self) -> About:
        """Describe it."""
        version = self._version()
        if not version:
            raise Unavailable(f"aiortc is not in {_VENV}: run python -m bench.peers --install")
        return About(
            version=f"{version} (PyPI)",
            config="a relay of ours between its transports, packet by packet; asyncio's own loop; one peer "
            "connection for each person",
            does_more="nothing here: a library, whose public API would decode and encode every stream again",
            remarks=["no header is rewritten, so this does less than an SFU must"],
        )

    def _version(self) -> str:
        for path in _VENV.glob("lib/python3*/site-packages/aiortc-*.dist-info"):
            found = re.search(r"aiortc-(.+)\.dist-info", path.name)
            return found[1] if found else ""
        return ""

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningAiortc]:
        """Start the relay."""
        host = own_address()
        command: list[str | Path] = [_PYTHON, "-P", _SCRIPT]  # a file here is named like the library
        async with open_process(command, folder, cpu) as process:
            await process.wait_for("port ")
            port = int(process.said().split()[1])
            yield RunningAiortc(process.pid, port, host, exchange)
