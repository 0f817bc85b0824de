"""The real engine as a Server of the bench, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import pylibsrtp

from bench.programs import Broken, Child, cpu_ns, pin, running, subject_cpu
from bench.voice.load import Sample
from bench.voice.messages import Command, Disturb, Figures, Join, Joined, Keys, Report, Watch
from bench.voice.room import Client

A = TypeVar("A", Joined, Figures)

_COMMAND = (sys.executable, "-m", "bench.voice.engine_process")


class EngineServer:
    """VoiceChat's engine with everybody connected."""

    name = "voicechat"

    def __init__(self, child: Child, joined: Joined, clients: list[Client]) -> None:
        self.port = joined.port
        self.scheduling = joined.scheduling
        self.bytes_per_peer = joined.bytes_per_peer
        self.ufrags = joined.ufrags
        self._child, self._thread, self._clients = child, joined.media_thread, clients
        self._joined = joined

    def cpu_ns(self) -> int:
        """Return the CPU time of the media thread alone: Python forwards nothing."""
        return cpu_ns(self._child.pid, self._thread)

    def opened(self, sample: Sample) -> bytes:
        """Decrypt with the receiver's key."""
        try:
            return self._clients[sample.client].receiver.unprotect(sample.datagram)
        except pylibsrtp.Error as problem:
            raise Broken(f"client {sample.client} cannot open what the engine sent: {problem}") from problem

    async def watching(self, clients: list[Client]) -> EngineServer:
        """Connect more clients, the first of whom shows the others a video; return the server they see."""
        await ask(self._child, Watch(_keys(clients)), Figures)
        return EngineServer(self._child, self._joined, clients)

    async def disturb(self, is_on: bool) -> Figures:
        """Make the process's Python busy, or quiet."""
        return await ask(self._child, Disturb(is_on), Figures)

    async def figures(self) -> Figures:
        """Return the engine's counters and residence histogram."""
        return await ask(self._child, Report(), Figures)


async def ask(child: Child, command: Command, answer: type[A]) -> A:
    """Send a command and decode its answer."""
    return msgspec.json.decode(await child.ask(msgspec.json.encode(command).decode()), type=answer)


def _keys(clients: list[Client]) -> list[Keys]:
    return [Keys(c.port, c.ssrc, c.to_server.hex(), c.from_server.hex()) for c in clients]


@asynccontextmanager
async def open_engine(
    clients: list[Client], *, is_pinned: bool, room_size: int | None = None
) -> AsyncIterator[EngineServer]:
    """Run the engine with `clients` in rooms of `room_size` (all in one)."""
    async with running(_COMMAND, "the engine's process") as child:
        joined = await ask(child, Join(_keys(clients), room_size or len(clients)), Joined)
        pin(joined.media_thread, subject_cpu() if is_pinned else None)
        yield EngineServer(child, joined, clients)
