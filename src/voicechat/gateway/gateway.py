"""The gateway as a whole: opened beside the house, mounted at /ws, drained at shutdown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import quart
import trio

from voicechat.gateway.connection import Occasion
from voicechat.gateway.endpoint import Endpoint
from voicechat.gateway.handshake import read_offer
from voicechat.gateway.hooks import Authenticate, Hooks
from voicechat.gateway.keeper import Desk, make_desk
from voicechat.house import House
from voicechat.protocol import Event, News
from voicechat.protocol.gateway import CloseCode
from voicechat.protocol.news import NEWS_TOPIC


class Gateway:
    """Serves WebSockets; made by `open_gateway`."""

    def __init__(self, desk: Desk, authenticate: Authenticate) -> None:
        self._desk = desk
        self._authenticate = authenticate
        self._emptied = trio.Event()

    @property
    def socket_count(self) -> int:
        """How many sockets are open."""
        return self._desk.registry.open_sockets

    @property
    def session_count(self) -> int:
        """How many gateway sessions live, with a socket or waiting for one."""
        return len(self._desk.registry)

    async def serve(self, websocket: quart.Websocket) -> None:
        """Serve one WebSocket from its handshake to its close."""
        registry = self._desk.registry
        registry.open_sockets += 1
        try:
            offer = read_offer(websocket.requested_subprotocols)
            await websocket.accept(subprotocol=offer.selected)
            if registry.is_draining:
                await websocket.close(CloseCode.SERVICE_RESTART, "the server stops")
                return
            await Endpoint(self._desk, websocket, self._authenticate).run(offer)
        finally:
            registry.open_sockets -= 1
            if not registry.open_sockets:
                self._emptied.set()

    async def drain(self) -> None:
        """Close every socket with 1012, refuse new ones so, and return when none is left."""
        self._desk.registry.drain()
        while self._desk.registry.open_sockets:
            self._emptied = trio.Event()
            await self._emptied.wait()

    def hear(self, topic: str, news: Event | News) -> None:
        """Take in a piece of news of the hub's."""
        if isinstance(news, News):
            self._desk.registry.hear(news)

    def refresh_all(self) -> None:
        """News may have been missed: have everybody's topics asked for again."""
        for connection in self._desk.registry:
            connection.add_occasion(Occasion.REFRESH)


@asynccontextmanager
async def open_gateway(house: House, hooks: Hooks, authenticate: Authenticate) -> AsyncIterator[Gateway]:
    """Open the gateway; leaving the block ends every session that is left, without further hooks."""
    async with trio.open_nursery() as nursery:
        gateway = Gateway(make_desk(house, hooks, nursery), authenticate)
        house.hub.listen(NEWS_TOPIC, gateway.hear)
        house.hub.listen_gaps(gateway.refresh_all)
        yield gateway
        nursery.cancel_scope.cancel("the gateway closes")
