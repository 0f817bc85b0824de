"""What can stand between the clients: a common shape, and the plain C fan-out.

A new server to compare with is one module with an `open_…` that yields a Server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from bench.programs import Broken, compiled, cpu_ns, pin, running, subject_cpu
from bench.voice.load import Sample
from bench.voice.room import Client


class Server(Protocol):
    """A running server that all clients of a room are connected to."""

    name: str
    port: int

    def cpu_ns(self) -> int:
        """Return the CPU time that forwarding has taken so far."""
        ...

    def opened(self, sample: Sample) -> bytes:
        """Open a datagram as its receiver would. Broken when it is not what the server should have sent."""
        ...


class Floor:
    """bench/floor/floor.c: no crypto, so what arrives is what was sent, under another SSRC."""

    name = "floor"

    def __init__(self, pid: int, port: int, clients: list[Client]) -> None:
        self.port = port
        self._pid = pid
        self._clients = clients

    def cpu_ns(self) -> int:
        return cpu_ns(self._pid, self._pid)

    def opened(self, sample: Sample) -> bytes:
        data = sample.datagram
        publisher = int.from_bytes(data[10:12], "big")  # the floor's SSRC is receiver, publisher
        clear = None
        if publisher < len(self._clients):
            clear = self._clients[publisher].sent_as(int.from_bytes(data[2:4], "big"), data)
        if clear is None:
            raise Broken("the floor forwarded something that was not sent")
        return clear


@asynccontextmanager
async def open_floor(
    clients: list[Client], *, is_pinned: bool, room_size: int | None = None
) -> AsyncIterator[Floor]:
    """Run the plain C fan-out for `clients` in rooms of `room_size` (all in one)."""
    ports = [str(client.port) for client in clients]
    command = [str(compiled("floor")), str(room_size or len(clients)), *ports]
    async with running(command, "the floor") as child:
        port = int(await child.hear())
        pin(child.pid, subject_cpu() if is_pinned else None)
        yield Floor(child.pid, port, clients)
