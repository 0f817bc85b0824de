"""LiveKit, built from the Go module proxy: its signalling socket, two peer connections for each person."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import jwt
import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from bench.peers import sdp
from bench.peers.exchange import Exchange
from bench.peers.janus import free_port
from bench.peers.joining import several, talking
from bench.peers.legs import Member, Room
from bench.peers.peer import CACHE, About, Unavailable
from bench.peers.processes import open_process
from bench.peers.protobuf import decode, encode, last, last_number
from bench.peers.webrtc import RtpLeg

VERSION = "v1.13.5"
_MODULE = "github.com/livekit/livekit-server"
_FOLDER = CACHE / "livekit"
_PROGRAM = _FOLDER / "livekit-server"
_KEY, _SECRET = "bench", secrets.token_hex(32)
_WAIT_S = 20.0
_PING_S = 5.0
_PUBLISHER, _SUBSCRIBER = 0, 1
_AUDIO, _MICROPHONE = 0, 2
# Fields of SignalRequest and SignalResponse (livekit_rtc.proto).
_TO_OFFER, _TO_ANSWER, _TO_ADD_TRACK, _TO_LEAVE, _TO_PING = 1, 2, 4, 8, 14
_ANSWER, _OFFER, _TRICKLE = 2, 3, 4

_CONFIG = """
port: {port}
bind_addresses: ["127.0.0.1"]
rtc:
  udp_port: {udp_port}
  tcp_port: 0
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces:
    includes: [lo]
  ips:
    includes: [127.0.0.0/8]
keys:
  {key}: {secret}
logging:
  level: warn
"""


class Person:
    """One participant: the signalling socket and what came over it."""

    def __init__(self, websocket: WebSocketConnection, exchange: Exchange, nursery: trio.Nursery) -> None:
        self._websocket, self._exchange, self._nursery = websocket, exchange, nursery
        self.publishing: RtpLeg | None = None
        self.subscribing: RtpLeg | None = None
        self.scope = trio.CancelScope()
        self.is_leaving = False
        self._candidates = ["", ""]
        self._answer: str | None = None
        self._connected = False
        self._heard = 0  # audio sections answered so far
        self._news = trio.Event()

    async def publish(self) -> RtpLeg:
        """Publish a microphone; the server takes the track when its first packet has come."""
        leg = RtpLeg(self._exchange)
        track = encode(
            (1, f"voice-{leg.ssrc}"), (2, "voice"), (3, _AUDIO), (8, _MICROPHONE), (13, 1)
        )  # without RED
        await self._send(_TO_ADD_TRACK, track)
        await self._send(_TO_OFFER, encode((1, "offer"), (2, sdp.publishing_offer(leg))))
        await self._until(
            lambda: self._answer is not None and bool(sdp.candidates(self._candidates[_PUBLISHER]))
        )
        assert self._answer is not None
        await leg.connect(sdp.remote(self._answer, self._candidates[_PUBLISHER]))
        self.publishing = leg
        return leg

    async def wait_subscribed(self, tracks: int) -> None:
        """Wait until so many tracks are negotiated and the connection for them is there."""
        await self._until(lambda: self._connected and self._heard >= tracks)

    async def receive(self) -> None:
        """Read the socket for ever."""
        while True:
            fields = decode(await self._message())
            if offer := last(fields, _OFFER):
                await self._take_offer(decode(offer))
            if answer := last(fields, _ANSWER):
                self._answer = last(decode(answer), 2).decode()
            if trickle := last(fields, _TRICKLE):
                candidate = decode(trickle)
                words = msgspec.json.decode(last(candidate, 1) or b"{}").get("candidate", "")
                self._candidates[last_number(candidate, 2)] += f"{words}\r\n"
            self._tell()

    async def ping(self) -> None:
        """Ping for ever, as the server asks its clients to."""
        while True:
            await trio.sleep(_PING_S)
            await self._websocket.send_message(encode((_TO_PING, time.time_ns() // 1_000_000)))

    async def leave(self) -> None:
        """Say goodbye."""
        self.is_leaving = True
        await self._send(_TO_LEAVE, encode((2, 1)))

    def close(self) -> None:
        """Close the connections."""
        for leg in (self.publishing, self.subscribing):
            if leg is not None:
                self._exchange.remove(leg)

    async def _message(self) -> bytes:
        message = await self._websocket.get_message()
        return message if isinstance(message, bytes) else message.encode()

    async def _take_offer(self, offer: dict[int, list[int | bytes]]) -> None:
        description = last(offer, 2).decode()
        is_first = self.subscribing is None
        leg = self.subscribing = self.subscribing or RtpLeg(self._exchange)
        words = sdp.listening_answer(description, leg)
        await self._send(_TO_ANSWER, encode((1, "answer"), (2, words), (3, last_number(offer, 3))))
        found = sdp.sections(description)
        self._heard = sum(section.kind == "audio" and section.direction != "inactive" for section in found)
        if is_first:
            self._nursery.start_soon(self._connect, leg, description)

    async def _connect(self, leg: RtpLeg, offer: str) -> None:
        await self._until(lambda: bool(sdp.candidates(self._candidates[_SUBSCRIBER])))
        server = sdp.remote(offer, self._candidates[_SUBSCRIBER])
        await leg.connect(server, is_controlling="a=ice-lite" in offer)
        self._connected = True
        self._tell()

    async def _send(self, field: int, message: bytes) -> None:
        await self._websocket.send_message(encode((field, message)))

    async def _until(self, is_true: Callable[[], bool]) -> None:
        with trio.fail_after(_WAIT_S):
            while not is_true():
                await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()


class RunningLiveKit:
    """A started LiveKit and its participants."""

    def __init__(self, pid: int, port: int, exchange: Exchange, nursery: trio.Nursery) -> None:
        self.pid = pid
        self._port, self._exchange, self._nursery = port, exchange, nursery
        self._numbers = itertools.count()
        self._persons: dict[RtpLeg, Person] = {}

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Let everybody in, talkers publish, and wait until all are subscribed to all others."""
        people = talkers + listeners
        persons = await several(people, lambda place: self._enter(name))
        published = await several(talkers, lambda place: persons[place].publish())
        async with talking(published):
            await several(people, lambda place: persons[place].wait_subscribed(talkers - (place < talkers)))
        members = []
        for place, person in enumerate(persons):
            hears = talkers > 1 or place >= talkers
            listening = person.subscribing if hears else None
            members.append(Member(published[place] if place < talkers else None, listening))
        return Room(name, members)

    async def join(self, room: Room) -> Member:
        """Enter the room and wait until its talkers are subscribed to."""
        person = await self._enter(room.name)
        await person.wait_subscribed(len(room.talkers()))
        assert person.subscribing is not None
        self._persons[person.subscribing] = person
        return Member(None, person.subscribing)

    async def leave(self, room: Room, member: Member) -> None:
        """Say goodbye and close."""
        leg = member.listens
        assert isinstance(leg, RtpLeg)
        person = self._persons.pop(leg)
        await person.leave()
        person.close()
        person.scope.cancel()

    async def _enter(self, room: str) -> Person:
        person: Person = await self._nursery.start(self._live, room, f"person-{next(self._numbers)}")
        return person

    async def _live(
        self, room: str, identity: str, *, task_status: trio.TaskStatus[Person] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Hold one participant's socket until it leaves."""
        words = {"access_token": _token(room, identity), "auto_subscribe": "1", "protocol": "9", "sdk": "js"}
        url = f"ws://127.0.0.1:{self._port}/rtc?{urlencode(words)}"
        async with open_websocket_url(url, disconnect_timeout=1) as websocket, trio.open_nursery() as nursery:
            person = Person(websocket, self._exchange, nursery)
            with person.scope:
                nursery.start_soon(person.ping)
                task_status.started(person)
                try:
                    await person.receive()
                except ConnectionClosed as problem:
                    if not person.is_leaving:
                        raise Unavailable(f"LiveKit closed a socket: {problem}") from problem
            nursery.cancel_scope.cancel()


def _token(room: str, identity: str) -> str:
    now = int(time.time())
    grant = {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True}
    claims = {"iss": _KEY, "sub": identity, "nbf": now - 10, "exp": now + 3600, "video": grant}
    return jwt.encode(claims, _SECRET, algorithm="HS256")


class LiveKitPeer:
    """The driver."""

    name = "livekit"

    def install(self) -> None:
        """Build it from the module proxy, patiently and on one CPU."""
        if _PROGRAM.exists():
            return
        if shutil.which("go") is None:
            raise Unavailable("LiveKit is built from its Go modules, and Go is not installed")
        _FOLDER.mkdir(parents=True, exist_ok=True)
        (_FOLDER / "go.mod").write_text("module bench.invalid/livekit\n\ngo 1.26.0\n")
        _go("get", f"{_MODULE}@{VERSION}")
        _go("build", "-trimpath", "-o", str(_PROGRAM), f"{_MODULE}/cmd/server")

    def about(self) -> About:
        """Describe it."""
        if not _PROGRAM.exists():
            raise Unavailable(f"{_PROGRAM} is not there: run python -m bench.peers --install")
        said = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+\.\d+\.\d+", said)
        return About(
            version=f"{found[0] if found else VERSION} (Go modules)",
            config="single node without Redis, one UDP port, defaults otherwise; a publishing and a "
            "subscribing peer connection for each person, as its own clients do; RED not asked for",
            does_more="bandwidth estimation, simulcast and SVC, data channels, TURN, clustering over Redis, "
            "recording and agents through companions, statistics for Prometheus",
            remarks=[
                "the newest release, 1.13.11, could not be built: the module proxy refuses what it needs"
            ],
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningLiveKit]:
        """Start a single node."""
        port = free_port()
        text = _CONFIG.format(port=port, udp_port=free_port(), key=_KEY, secret=_SECRET)
        config = trio.Path(folder) / "livekit.yaml"
        await config.write_text(text)
        async with open_process([_PROGRAM, "--config", folder / "livekit.yaml"], folder, cpu) as process:
            await process.wait_for(port=port)
            async with trio.open_nursery() as nursery:
                yield RunningLiveKit(process.pid, port, exchange, nursery)
                nursery.cancel_scope.cancel()


def _go(*words: str) -> None:
    environment = {**os.environ, "GOFLAGS": "-p=1 -mod=mod"}
    command = ["nice", "-n", "19", "go", *words]
    done = subprocess.run(command, cwd=_FOLDER, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"go {' '.join(words)}: {done.stderr.strip()[-400:]}")
