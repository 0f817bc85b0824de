"""One WebSocket, from its handshake to its close.

    accept ─ authenticate ─ first frame? ─┬─ resume ── missed frames, resumed ──┐
                     (150 ms)             └─ else ──── ready ───────────────────┤
    close with the reason ── one of: reader | writer | heartbeat ends it ── attached

A client that resumes sends `resume` as its first frame, one that does not just waits for `ready`: so the
server waits a moment for a first frame. A `resume` that comes later, on a slow way, still counts if it is the
first frame: the session opened meanwhile ends and the old one is taken up on the same socket.
"""

from __future__ import annotations

import quart
import trio

from voicechat.errors import Problem, TooMany, Unauthenticated
from voicechat.fanout import Overflowed
from voicechat.gateway.connection import GatewayConnection, Socket
from voicechat.gateway.dispatch import NotJson, decode, dispatch, error_of, is_large
from voicechat.gateway.handshake import Offer
from voicechat.gateway.hooks import Authenticate
from voicechat.gateway.keeper import Desk
from voicechat.gateway.opening import open_fresh, take_up
from voicechat.gateway.session import CommandRate, Heartbeat, Verdict
from voicechat.house import Caller
from voicechat.logs import get_logger
from voicechat.protocol import Command, encode
from voicechat.protocol.gateway import CloseCode, Error, Resume, ResumeFailed

_log = get_logger("gateway")

_FIRST_FRAME_S = 0.15
_AUTHENTICATE_S = 10.0
_HANDSHAKES = 60
"""Handshakes of one account at once, refilled by one a second."""


class Closed(Exception):
    """The socket is to be closed with `code` before a session is attached to it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Endpoint:
    """The server's side of one accepted WebSocket."""

    def __init__(self, desk: Desk, websocket: quart.Websocket, authenticate: Authenticate) -> None:
        self._desk = desk
        self._websocket = websocket
        self._authenticate = authenticate
        self._limits = desk.house.settings.limits
        now_s = trio.current_time()
        self._rate = CommandRate(now_s)
        self._heartbeat = Heartbeat(desk.house.settings.gateway.heartbeat_interval_s, now_s)
        self._silence = trio.CancelScope()
        self._has_spoken = False

    async def run(self, offer: Offer) -> None:
        """Talk to the client until one side has enough; raises nothing but Cancelled."""
        try:
            await self._talk(offer)
        except Closed as closed:
            await self._close(closed.code, closed.reason)
        except Exception:
            _log.exception("socket_failed")
            await self._close(CloseCode.INTERNAL, "the server failed at this; its log knows why")

    async def _talk(self, offer: Offer) -> None:
        caller = await self._admit(offer)
        first: Command | Error | None = None
        with trio.move_on_after(_FIRST_FRAME_S):
            first = await self._receive()
        while True:
            resume = first if isinstance(first, Resume) else None
            self._has_spoken |= resume is not None
            connection, frames = await self._open(offer, caller, resume)
            late_resume = await self._attach(connection, frames, None if resume else first)
            if late_resume is None:
                return
            connection.end(CloseCode.NORMAL, "an older session was resumed instead")
            first = late_resume

    async def _admit(self, offer: Offer) -> Caller:
        caller = await self._who(offer)
        limits = self._desk.house.settings.limits
        if limits.enabled:
            bucket = f"ws:handshake:user:{caller.user_id}"
            grant = await self._desk.house.bus.take(bucket, capacity=_HANDSHAKES, per_s=1)
            if not grant.allowed:
                raise Closed(CloseCode.TOO_MANY, "too many connections in a short time")
        return caller

    async def _who(self, offer: Offer) -> Caller:
        """Return who the token stands for, or refuse with 4001 or 4003."""
        try:
            with trio.fail_after(_AUTHENTICATE_S):
                return await self._authenticate(self._desk.house, offer.token or "")
        except Unauthenticated as problem:
            is_revoked = problem.code == "SESSION_REVOKED"
            code = CloseCode.SESSION_REVOKED if is_revoked else CloseCode.BAD_TOKEN
            raise Closed(code, problem.code) from problem
        except (Problem, trio.TooSlowError) as problem:
            raise Closed(CloseCode.SERVICE_RESTART, "cannot tell who you are just now") from problem

    async def _open(
        self, offer: Offer, caller: Caller, resume: Resume | None
    ) -> tuple[GatewayConnection, list[bytes]]:
        failed: ResumeFailed | None = None
        try:
            if resume is not None:
                found = await take_up(self._desk, caller, resume)
                if not isinstance(found, ResumeFailed):
                    return found
                failed = found
            self._desk.registry.admit(caller.user_id)
            connection, frames = await open_fresh(self._desk, caller, failed=failed)
        except TooMany as problem:
            raise Closed(CloseCode.TOO_MANY, problem.message) from problem
        except Problem as problem:
            raise Closed(CloseCode.SERVICE_RESTART, problem.message[:100]) from problem
        # Asked again now that the session hears news: its login may have ended in between.
        try:
            connection.caller = await self._who(offer)
        except Closed as closed:
            connection.end(closed.code, closed.reason)
            raise
        except BaseException:  # the client has gone, say: nobody would end what was never attached
            connection.end(CloseCode.INTERNAL, "the session could not be opened")
            raise
        return connection, frames

    async def _attach(
        self, connection: GatewayConnection, frames: list[bytes], first: Command | Error | None
    ) -> Resume | None:
        """Run the session on this socket until one side ends it; return a `resume` that came late."""
        socket, late_resume = Socket(), None
        self._desk.registry.enter(socket)
        connection.attach(socket)
        try:
            with socket.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write, connection, socket, frames)
                    nursery.start_soon(self._watch_heartbeat, socket)
                    late_resume = await self._read(connection, socket, first)
                    nursery.cancel_scope.cancel("the reader has ended")
        finally:
            connection.detach(socket, now_s=trio.current_time())
            self._desk.registry.sockets.discard(socket)
        if socket.code is not None:
            if socket.last_event is not None:
                await self._send(connection.replay.number(encode(socket.last_event)))
            await self._close(socket.code, socket.reason)
        return late_resume if socket.code is None else None

    async def _write(self, connection: GatewayConnection, socket: Socket, frames: list[bytes]) -> None:
        """Send the first frames, then whatever is queued; a client too slow for its queue is given up."""
        try:
            while True:
                for frame in frames:
                    await self._send(frame)
                    if connection.outbox.has_overflowed:
                        raise Overflowed
                frames = [connection.replay.number(event) for event in await connection.outbox.batch()]
        except Overflowed:
            connection.end(CloseCode.TOO_SLOW, "too slow for what is going on; come back afresh")

    async def _watch_heartbeat(self, socket: Socket) -> None:
        self._silence = trio.CancelScope(deadline=self._heartbeat.deadline_s)
        with self._silence:
            await trio.sleep_forever()
        socket.close(CloseCode.GOING_AWAY, "no heartbeat")

    async def _read(
        self, connection: GatewayConnection, socket: Socket, first: Command | Error | None
    ) -> Resume | None:
        """Carry out commands one after the other; return a `resume` that is the socket's first frame."""
        command = first
        while True:
            if command is None:
                try:
                    command = await self._receive()
                except Closed as closed:
                    socket.close(closed.code, closed.reason)
                    return None
            is_first, self._has_spoken = not self._has_spoken, True
            if is_first and isinstance(command, Resume):
                return command
            await self._take(connection, command)
            command = None

    async def _take(self, connection: GatewayConnection, command: Command | Error) -> None:
        verdict = self._rate.judge(trio.current_time())
        if verdict is Verdict.ALLOWED or not self._desk.house.settings.limits.enabled:
            if isinstance(command, Error):
                connection.send(command)
            else:
                await dispatch(self._desk, connection, command)
        elif verdict is Verdict.ABUSE:
            connection.end(CloseCode.TOO_MANY, "too many commands")
        elif not isinstance(command, Error):
            wait_s = self._rate.retry_after_s
            problem = TooMany(f"too many commands; try again in {wait_s:.1f} s", retry_after_s=wait_s)
            connection.send(error_of(command, problem))

    async def _receive(self) -> Command | Error:
        """Wait for a frame and decode it; raises Closed for what no client may send."""
        data = await self._websocket.receive()
        self._heartbeat.heard(trio.current_time())
        self._silence.deadline = self._heartbeat.deadline_s
        if not isinstance(data, str):
            raise Closed(CloseCode.NOT_JSON, "expected a text frame of JSON, got a binary one")
        frame = data.encode("utf-8", "surrogatepass")
        return self._decode(frame)

    def _decode(self, frame: bytes) -> Command | Error:
        """Decode a frame; one over the bound is read only as far as it may be a command that has more."""
        is_big = len(frame) > self._limits.frame_bytes
        too_big = Closed(CloseCode.TOO_BIG, f"expected at most {self._limits.frame_bytes} bytes")
        if len(frame) > self._limits.answer_bytes:
            raise too_big
        try:
            command = decode(frame)
        except NotJson as problem:
            raise (too_big if is_big else Closed(CloseCode.NOT_JSON, "expected JSON")) from problem
        if is_big and not is_large(command):
            raise too_big
        return command

    async def _send(self, frame: bytes) -> None:
        await self._websocket.send(frame.decode())

    async def _close(self, code: int, reason: str) -> None:
        await self._websocket.close(int(code), reason)
