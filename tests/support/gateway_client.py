"""A client of the WebSocket that believes the contract alone: what is not declared there fails the test."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from voicechat import protocol
from voicechat.protocol.gateway import SUBPROTOCOL, TOKEN_PREFIX, Ready, Resume, Resumed

E = TypeVar("E", bound=protocol.Event)

_FAREWELL_S = 2.0
_DECODER: msgspec.json.Decoder[protocol.Event] = msgspec.json.Decoder(protocol.AnyEvent)


class GatewayClient:
    """One socket; keeps the events that nobody has asked for yet."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._waiting: deque[protocol.Event] = deque()
        self.seq = 0
        self.subprotocol = socket.subprotocol

    @property
    def kept(self) -> list[protocol.Event]:
        """The events that came and that nobody has asked for yet."""
        return list(self._waiting)

    def forget(self) -> None:
        """Drop the events that nobody asked for."""
        self._waiting.clear()

    async def expect(
        self, kind: type[E], matches: Callable[[E], bool] = lambda _: True, *, within_s: float = 10.0
    ) -> E:
        """Return the first event of `kind` that matches, past or to come; other events stay for later."""
        for event in self._waiting:
            if isinstance(event, kind) and matches(event):
                self._waiting.remove(event)
                return event
        with trio.fail_after(within_s):
            while True:
                event = await self.next()
                if isinstance(event, kind) and matches(event):
                    return event
                self._waiting.append(event)

    async def next(self) -> protocol.Event:
        """Receive one event; each brings the next `seq`."""
        return self._read(await self._socket.get_message())

    async def send(self, command: protocol.Command) -> None:
        """Send a command."""
        await self.send_text(protocol.encode(command).decode())

    async def send_text(self, frame: str) -> None:
        """Send a frame that may be anything."""
        await self._socket.send_message(frame)

    async def close_code(self, *, within_s: float = 10.0) -> int:
        """Wait until the server has closed the socket and return its code."""
        with trio.fail_after(within_s):
            while True:
                try:
                    self._waiting.append(await self.next())
                except ConnectionClosed:
                    break
        assert self._socket.closed is not None
        return int(self._socket.closed.code)

    async def resume(self, ready: Ready, seq: int) -> list[protocol.Event]:
        """Go on with the session of `ready` after event `seq`; return what was missed, in its order."""
        await self.send(Resume(session_id=ready.session_id, seq=seq))
        missed: list[protocol.Event] = []
        with trio.fail_after(10):
            while not isinstance(event := await self.next(), Resumed):
                missed.append(event)
        return missed

    def _read(self, frame: str | bytes) -> protocol.Event:
        raw: dict[str, Any] = msgspec.json.decode(frame)
        event = _DECODER.decode(frame)
        undeclared = set(raw) - set(event.__struct_fields__) - {"type", "seq"}
        assert not undeclared, f"{raw['type']} carries fields the contract does not declare: {undeclared}"
        self.seq = max(self.seq, raw.get("seq", 0))
        return event


@asynccontextmanager
async def open_gateway(
    url: str, token: str, *, offers: list[str] | None = None
) -> AsyncIterator[GatewayClient]:
    """Open a socket to the server at `url`; `offers` replaces the subprotocols of a well-behaved client."""
    subprotocols = [SUBPROTOCOL, f"{TOKEN_PREFIX}{token}"] if offers is None else offers
    address = url.removeprefix("http://")
    host, _, port = address.rpartition(":")
    # trio-websocket leaves the TCP stream open when the server closes first, so the stream is ours to close.
    async with await trio.open_tcp_stream(host, int(port)) as stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(nursery, stream, address, "/ws", subprotocols=subprotocols)
        try:
            yield GatewayClient(socket)
        finally:
            with trio.move_on_after(_FAREWELL_S):  # unshielded: once cancelled, nobody reads an answer
                await socket.aclose()
            nursery.cancel_scope.cancel("the test is done with the socket")
