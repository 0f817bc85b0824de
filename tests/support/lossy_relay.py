"""A UDP relay between one client and the voice port that loses a share of the media packets each way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

Address = tuple[str, int]


def _is_rtp(datagram: bytes) -> bool:
    return len(datagram) > 12 and datagram[0] >> 6 == 2 and not 192 <= datagram[1] <= 223


@dataclass
class LossyRelay:
    """What went through, by direction: `up` is from the client to the server."""

    server: Address
    loss: float
    address: Address = ("127.0.0.1", 0)
    lost: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    _news: trio.Event = field(default_factory=trio.Event)

    def loses(self, direction: str, datagram: bytes) -> bool:
        """Decide over one datagram; checks, handshakes and reports always pass."""
        if not _is_rtp(datagram):
            return False
        fate = self.lost if self.chance.random() < self.loss else self.passed
        fate[direction] += 1
        self._news.set()
        self._news = trio.Event()
        return fate is self.lost

    async def wait_passed(self, direction: str, count: int) -> None:
        """Wait until `count` media packets got through."""
        while self.passed[direction] < count:
            await self._news.wait()


@asynccontextmanager
async def open_relay(server: Address, loss: float) -> AsyncIterator[LossyRelay]:
    """Relay between whoever sends to the yielded relay's `address` last, and `server`."""
    relay = LossyRelay(server, loss)
    with (
        trio.socket.socket(type=trio.socket.SOCK_DGRAM) as near,
        trio.socket.socket(type=trio.socket.SOCK_DGRAM) as far,
    ):
        await near.bind(("127.0.0.1", 0))
        await far.bind((server[0], 0))
        relay.address = near.getsockname()
        client: list[Address] = []

        async def up() -> None:
            while True:
                datagram, sender = await near.recvfrom(65536)
                client[:] = [sender]
                if not relay.loses("up", datagram):
                    await far.sendto(datagram, server)

        async def down() -> None:
            while True:
                datagram, _ = await far.recvfrom(65536)
                if client and not relay.loses("down", datagram):
                    await near.sendto(datagram, client[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(up)
            nursery.start_soon(down)
            yield relay
            nursery.cancel_scope.cancel()
