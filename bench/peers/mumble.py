"""Mumble's server: control over TLS, voice over UDP under OCB2-AES128, a small client of our own."""

from __future__ import annotations

import itertools
import os
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from bench.peers import debian
from bench.peers.exchange import Exchange, open_udp, send
from bench.peers.janus import free_port
from bench.peers.joining import several
from bench.peers.legs import Address, Member, Room
from bench.peers.ocb2 import Channel
from bench.peers.peer import About
from bench.peers.processes import open_process
from bench.peers.protobuf import Fields, decode, encode, last, last_number
from bench.programs import Broken
from bench.voice.room import PAYLOAD_BYTES, Mark, marked_payload, read_mark

_PROGRAM = "usr/sbin/murmurd"
_PASSWORD = "bench"
_WAIT_S = 15.0
_RETRY_S = 0.1
_PING_S = 10.0
_HEAD = struct.Struct("!HI")
# Types of control messages (Mumble.proto).
_VERSION, _AUTHENTICATE, _PING, _REJECT, _SERVER_SYNC, _CHANNEL, _USER, _CRYPT = 0, 2, 3, 4, 5, 7, 9, 15
_CLIENT_VERSION = 0x00010304
_OPUS, _UDP_PING = 4 << 5, 1 << 5  # first byte of a voice packet

_CONFIG = """
database={folder}/mumble.sqlite
host=127.0.0.1
port={port}
users=2000
autobanAttempts=0
messagelimit=1000
messageburst=1000
bonjour=False
"""


class MumbleLeg:
    """Somebody's UDP channel."""

    def __init__(self, exchange: Exchange, channel: Channel, server: Address) -> None:
        self.udp = open_udp()
        self.remote = server
        self.made = 0
        self.first_audio_s: float | None = None
        self.is_known = trio.Event()  # the server has answered over UDP, so it will send voice that way
        self._channel = channel
        self._filling = os.urandom(PAYLOAD_BYTES)
        exchange.add(self)

    def take(self, datagram: bytes, address: Address) -> list[bytes]:
        """Note the answer to a ping, and the first audio."""
        text = self._channel.open(datagram)
        if text is not None and text[0] == _UDP_PING:
            self.is_known.set()
        elif text is not None and self.first_audio_s is None:
            self.first_audio_s = time.perf_counter()
        return []

    def keepalive(self) -> list[bytes]:
        """Return a ping."""
        return [self._channel.seal(bytes([_UDP_PING, 1]))]

    def prepare(self, publisher: int, count: int) -> list[bytes]:
        """Seal the next packets."""
        first, self.made = self.made, self.made + count
        return [self._sealed(Mark(publisher, number)) for number in range(first, first + count)]

    def read(self, datagrams: Sequence[bytes]) -> list[Mark | None]:
        """Open all packets."""
        return [self._opened(datagram) for datagram in datagrams]

    def _sealed(self, mark: Mark) -> bytes:
        payload = marked_payload(mark, self._filling)
        head = bytes([_OPUS]) + number_bytes(2 * mark.number) + number_bytes(len(payload))  # counts 10 ms
        return self._channel.seal(head + payload)

    def _opened(self, datagram: bytes) -> Mark | None:
        text = self._channel.open(datagram)
        if text is None or text[0] & 0xE0 != _OPUS or len(text) < PAYLOAD_BYTES + 4:
            return None
        return read_mark(bytes(12) + text[-PAYLOAD_BYTES:])


def number_bytes(value: int) -> bytes:
    """Write a number from 0 to 2^28 as Mumble's voice packets do: leading ones tell how many bytes follow."""
    if value < 0x80:
        return bytes([value])
    if value < 0x4000:
        return bytes([0x80 | value >> 8, value & 0xFF])
    if value < 0x20_0000:
        return bytes([0xC0 | value >> 16]) + (value & 0xFFFF).to_bytes(2, "big")
    return bytes([0xE0 | value >> 24]) + (value & 0xFF_FFFF).to_bytes(3, "big")


class Control:
    """One client's TLS connection and what it was told."""

    def __init__(self, stream: trio.SSLStream[trio.SocketStream]) -> None:
        self._stream = stream
        self._writing = trio.Lock()
        self.session = 0
        self.crypt: Fields | None = None
        self.channels: dict[str, int] = {}
        self.place = 0  # the channel this client is in
        self._refusal = ""
        self._news = trio.Event()

    async def log_in(self, name: str, password: str = "") -> None:
        """Say who we are and wait until the server has told everything."""
        await self.send(_VERSION, encode((1, _CLIENT_VERSION), (2, "bench"), (3, "Linux")))
        secret = [(2, password)] if password else []
        await self.send(_AUTHENTICATE, encode((1, name), *secret, (5, 1)))
        await self.until(lambda: bool(self.session) and self.crypt is not None)

    async def send(self, kind: int, message: bytes) -> None:
        """Send a control message."""
        async with self._writing:
            await self._stream.send_all(_HEAD.pack(kind, len(message)) + message)

    async def receive(self) -> None:
        """Read for ever."""
        read = b""
        while chunk := await self._stream.receive_some(65_536):
            read += bytes(chunk)
            while len(read) >= _HEAD.size:
                kind, length = _HEAD.unpack_from(read)
                if len(read) < _HEAD.size + length:
                    break
                self._take(kind, read[_HEAD.size : _HEAD.size + length])
                read = read[_HEAD.size + length :]
        raise Broken("Mumble's server hung up")

    async def ping(self) -> None:
        """Ping for ever."""
        while True:
            await trio.sleep(_PING_S)
            await self.send(_PING, encode((1, 1)))

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until what was told makes something true. Broken when the server refuses."""
        with trio.fail_after(_WAIT_S):
            while not is_true():
                if self._refusal:
                    raise Broken(f"Mumble's server refused: {self._refusal}")
                await self._news.wait()

    def _take(self, kind: int, message: bytes) -> None:
        if kind == _REJECT:
            self._refusal = last(decode(message), 2).decode()
        elif kind == _SERVER_SYNC:
            self.session = last_number(decode(message), 1)
        elif kind == _CRYPT:
            self.crypt = decode(message)
        elif kind == _CHANNEL:
            fields = decode(message)
            if 3 in fields:
                self.channels[last(fields, 3).decode()] = last_number(fields, 1)
        elif kind == _USER:
            fields = decode(message)
            if last_number(fields, 1) == self.session and 5 in fields:
                self.place = last_number(fields, 5)
        self._news.set()
        self._news = trio.Event()


class RunningMumble:
    """A started server and its users."""

    def __init__(self, pid: int, port: int, exchange: Exchange, nursery: trio.Nursery) -> None:
        self.pid = pid
        self._port, self._exchange, self._nursery = port, exchange, nursery
        self._numbers = itertools.count()
        self._channels: dict[str, int] = {}
        self._scopes: dict[MumbleLeg, trio.CancelScope] = {}

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Make a channel and let people in."""
        scope, owner = await self._connect("SuperUser", _PASSWORD)
        await owner.send(_CHANNEL, encode((2, 0), (3, name)))
        await owner.until(lambda: name in owner.channels)
        self._channels[name] = owner.channels[name]
        scope.cancel()
        legs = await several(talkers + listeners, lambda _: self._enter(name))
        return Room(name, [Member(leg if place < talkers else None, leg) for place, leg in enumerate(legs)])

    async def join(self, room: Room) -> Member:
        """Connect and go to the channel."""
        return Member(None, await self._enter(room.name))

    async def leave(self, room: Room, member: Member) -> None:
        """Hang up."""
        leg = member.listens
        assert isinstance(leg, MumbleLeg)
        self._scopes.pop(leg).cancel()
        self._exchange.remove(leg)

    async def _enter(self, room: str) -> MumbleLeg:
        scope, control = await self._connect(f"person-{next(self._numbers)}")
        assert control.crypt is not None
        key, own, other = (last(control.crypt, number) for number in (1, 2, 3))
        leg = MumbleLeg(self._exchange, Channel(key, own, other), ("127.0.0.1", self._port))
        with trio.fail_after(_WAIT_S):
            while not leg.is_known.is_set():
                send(leg, leg.keepalive())
                with trio.move_on_after(_RETRY_S):
                    await leg.is_known.wait()
        place = self._channels[room]
        await control.send(_USER, encode((1, control.session), (5, place)))
        await control.until(lambda: control.place == place)
        self._scopes[leg] = scope
        return leg

    async def _connect(self, name: str, password: str = "") -> tuple[trio.CancelScope, Control]:
        found: tuple[trio.CancelScope, Control] = await self._nursery.start(self._live, name, password)
        return found

    async def _live(
        self,
        name: str,
        password: str,
        *,
        task_status: trio.TaskStatus[tuple[trio.CancelScope, Control]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Hold one connection until it is cancelled."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the server made its own
        stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", self._port, ssl_context=context)
        with trio.CancelScope() as scope:
            try:
                async with trio.open_nursery() as nursery:
                    control = Control(stream)
                    nursery.start_soon(control.receive)
                    await control.log_in(name, password)
                    nursery.start_soon(control.ping)
                    task_status.started((scope, control))
            finally:
                await trio.aclose_forcefully(stream)


class MumblePeer:
    """The driver."""

    name = "mumble"

    def install(self) -> None:
        """Unpack Debian's package."""
        debian.install("mumble-server", _PROGRAM)

    def about(self) -> About:
        """Describe it."""
        return About(
            version=debian.version("mumble-server"),
            config="defaults, but for more users and faster making of channels; voice over UDP",
            protocol="Mumble's own: OCB2-AES128 with a 24-bit tag and 4 bytes of overhead",
            does_more="access lists, text chat, voice targets, positional audio",
            remarks=[
                "its crypto is not SRTP: fewer bytes, a weaker tag, no RTCP; a join takes in TCP and TLS",
                "its voice thread asks for real-time scheduling as ours does",
            ],
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningMumble]:
        """Start it with a database of its own in `folder`."""
        port = free_port()
        config = folder / "mumble.ini"
        await trio.Path(config).write_text(_CONFIG.format(folder=folder, port=port))
        program = debian.ROOT / _PROGRAM
        async with open_process(
            [program, "-ini", config, "-fg", "-supw", _PASSWORD], folder, cpu, debian.environment()
        ) as process:
            await process.wait_ended()
        async with open_process(
            [program, "-ini", config, "-fg"], folder, cpu, debian.environment()
        ) as process:
            await process.wait_for(port=port)
            async with trio.open_nursery() as nursery:
                yield RunningMumble(process.pid, port, exchange, nursery)
                nursery.cancel_scope.cancel()
