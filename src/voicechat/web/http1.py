"""Hypercorn's HTTP/1.1 and WebSocket protocols with the doors shut that an open server must not leave open.

What Hypercorn 0.18 does, and what is done here instead:

    answers h2c upgrades and HTTP/2 prior knowledge    ignored, refused: one protocol is enough for one port
    accepts Content-Length beside Transfer-Encoding    refused (RFC 9112 §6.1): so are requests smuggled
    accepts any request target                         only paths (RFC 9112 §3.2.1)
    compresses WebSockets whenever it is offered       never: three times the memory for each socket
    raises when a client speaks before it is accepted  refused
    keeps collecting a message that is too big         closed with 1009 and read no further
    drops a socket that breaks the protocol            closed with the code that names the breach (1002, 1007)

A refusal raised here ends the connection at the bulkhead in `web.connection`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

import h11
import trio
from hypercorn.protocol.events import Body, Data, EndBody, Request, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from hypercorn.typing import ASGISendEvent
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

from voicechat.ids import new_id
from voicechat.protocol import encode
from voicechat.protocol.base import Refusal


class Refused(Exception):
    """The client broke the rules of HTTP or of the WebSocket handshake; the connection is dropped."""


class GuardedProtocol(H11Protocol):
    """One HTTP/1.1 connection."""

    _is_head = False

    async def _check_protocol(self, request: h11.Request) -> None:
        """Refuse what no client of ours sends; called by Hypercorn for each request's head."""
        self._is_head = request.method == b"HEAD"
        reason = refusal_of(request)
        if reason is None:
            return
        await self._send_error_response(505 if request.http_version not in (b"1.0", b"1.1") else 400)
        raise Refused(reason)

    async def _send_error_response(self, status_code: int) -> None:
        """Answer what never became a request, in the one shape of every error."""
        headers, body = refusal(status_code)
        headers += self.config.response_headers("h11")
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        if not self._is_head:
            await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _maybe_recycle(self) -> None:
        self._is_head = False
        await super()._maybe_recycle()

    async def _create_stream(self, request: h11.Request) -> None:
        """Make a guarded stream for an upgrade; leave everything else to Hypercorn."""
        if not is_upgrade(request):
            await super()._create_stream(request)
            return
        self.stream = GuardedSocket(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        self.connection = H11WSConnection(cast("h11.Connection", self.connection))  # no socket yet
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=[pair for pair in request.headers if pair[0] != b"sec-websocket-extensions"],
                http_version=request.http_version.decode(),
                method="GET",
                raw_path=request.target,
                state=self.connection_state,
            )
        )


class GuardedSocket(WSStream):
    """One WebSocket."""

    async def handle(self, event: StreamEvent) -> None:
        """Take in what arrives; a client must wait for the answer to its handshake (RFC 6455 §4.1)."""
        if isinstance(event, (Body, Data)) and not self.handshake.accepted:
            raise Refused("data before the WebSocket handshake was answered")
        await super().handle(event)

    async def _send_error_response(self, status_code: int) -> None:
        """Refuse the handshake, in the one shape of every error."""
        headers, body = refusal(status_code)
        await self.send(Response(stream_id=self.stream_id, status_code=status_code, headers=headers))
        await self.send(Body(stream_id=self.stream_id, data=body))
        await self.send(EndBody(stream_id=self.stream_id))

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Send for the application; once closed, give way so that its cancellation can reach it.

        Hypercorn returns at once, without a checkpoint: an application that sends in a loop would never end.
        """
        await super().app_send(message)
        if self.closed:
            await trio.lowlevel.checkpoint()

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if self.connection.state is ConnectionState.LOCAL_CLOSING and not _is_close(event):
                continue  # we have said goodbye: only the client's own goodbye matters
            if isinstance(event, Message):
                await self._take_message(event)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                await self._take_close(event)

    async def _take_message(self, event: Message[Any]) -> None:
        try:
            self.buffer.extend(event)
        except FrameTooLargeError:
            await self._end(CloseReason.MESSAGE_TOO_BIG)
            return
        if event.message_finished and self.app_put is not None:
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()

    async def _take_close(self, event: CloseConnection) -> None:
        if self.connection.state is ConnectionState.REMOTE_CLOSING:
            await self._send_wsproto_event(event.response())
            await self.send(StreamClosed(stream_id=self.stream_id))
        elif self.connection.state is ConnectionState.OPEN:  # wsproto reports a breach of the protocol so
            await self._end(event.code)
        else:
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _end(self, code: int) -> None:
        """Close for the client's fault, read no further, and tell the application."""
        await self._send_wsproto_event(CloseConnection(code=code))
        await self.send(StreamClosed(stream_id=self.stream_id))


def refusal(status: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the headers and the body that refuse a malformed request."""
    phrase = HTTPStatus(status).phrase
    code = "INVALID" if status == HTTPStatus.BAD_REQUEST else phrase.upper().replace(" ", "_")
    body = encode(Refusal(error=code, message=f"expected a well-formed HTTP/1.1 request: {phrase}"))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", new_id().encode()),
        (b"connection", b"close"),
    ]
    return headers, body


def _is_close(event: Any) -> bool:
    return isinstance(event, CloseConnection)


def is_upgrade(request: h11.Request) -> bool:
    """Tell whether a request asks to become a WebSocket (RFC 6455 §4.2.1)."""
    tokens = [token.strip().lower() for token in _header(request, b"connection").split(b",")]
    return (
        request.method == b"GET"
        and b"upgrade" in tokens
        and _header(request, b"upgrade").strip().lower() == b"websocket"
    )


def refusal_of(request: h11.Request) -> str | None:
    """Say why a request's head is refused; None when it is good."""
    names = {name for name, _ in request.headers}
    has_body = bool(names & {b"content-length", b"transfer-encoding"})
    if request.http_version not in (b"1.0", b"1.1"):
        return "an HTTP version other than 1.0 and 1.1"
    if not request.target.startswith(b"/"):
        return "a request target that is no path"
    if {b"content-length", b"transfer-encoding"} <= names:
        return "Content-Length beside Transfer-Encoding"
    if is_upgrade(request) and has_body and _header(request, b"content-length") != b"0":
        return "a WebSocket handshake with a body"
    return None


def _header(request: h11.Request, name: bytes) -> bytes:
    return b", ".join(value for key, value in request.headers if key == name)
