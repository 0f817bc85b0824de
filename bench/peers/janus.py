"""Janus VideoRoom: its WebSocket API, a publishing and a subscribing peer connection for each person."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from bench.peers import debian, sdp
from bench.peers.exchange import Exchange
from bench.peers.joining import several
from bench.peers.legs import Member, Room
from bench.peers.peer import About, Unavailable
from bench.peers.processes import open_process
from bench.peers.webrtc import RtpLeg
from bench.programs import Broken

_PROGRAM = "usr/bin/janus"
_PLUGIN = "janus.plugin.videoroom"
_ANSWERS_WITHIN_S = 15.0
_KEEPALIVE_S = 20.0
_MAX_MESSAGE_BYTES = 1 << 20

_CONFIG = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{lib}/plugins"
    transports_folder = "{lib}/transports"
    events_folder = "{lib}/events"
    loggers_folder = "{lib}/loggers"
    debug_level = 3
    debug_timestamps = false
    event_loops = 1
}}
media: {{ }}
nat: {{ ice_enforce_list = "{host}" }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }}
"""  # noqa: E501
_WEBSOCKETS = 'general: {{ json = "compact" ws = true ws_port = {port} ws_ip = "127.0.0.1" }}\n'


class Session:
    """One session of the Janus API over one WebSocket; answers find who waits for them by transaction."""

    def __init__(self, websocket: WebSocketConnection) -> None:
        self._websocket = websocket
        self._numbers = itertools.count(1)
        self._waiting: dict[str, trio.MemorySendChannel[dict[str, Any]]] = {}
        self._id = 0

    async def open(self) -> None:
        """Create the session."""
        self._id = int((await self._ask({"janus": "create"}, "success"))["data"]["id"])

    async def attach(self) -> int:
        """Open a handle of the VideoRoom plugin, which is one peer connection."""
        return int((await self._ask({"janus": "attach", "plugin": _PLUGIN}, "success"))["data"]["id"])

    async def detach(self, handle: int) -> None:
        """Close a handle."""
        await self._ask({"janus": "detach", "handle_id": handle}, "success")

    async def message(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None, kind: str = "event"
    ) -> dict[str, Any]:
        """Send the plugin a request; return the event that answers it. Broken when that is an error."""
        words: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        answer = await self._ask(words if jsep is None else {**words, "jsep": jsep}, kind)
        data = answer["plugindata"]["data"]
        if "error" in data:
            raise Broken(f"Janus refused {body['request']}: {data['error']}")
        return answer

    async def receive(self) -> None:
        """Read for ever."""
        while True:
            answer = msgspec.json.decode(await self._websocket.get_message())
            waiting = self._waiting.get(answer.get("transaction", ""))
            if waiting is not None:
                waiting.send_nowait(answer)

    async def keep_alive(self) -> None:
        """Keep the session for ever."""
        while True:
            await trio.sleep(_KEEPALIVE_S)
            await self._send({"janus": "keepalive"})

    async def _ask(self, words: dict[str, Any], kind: str) -> dict[str, Any]:
        """Send a request and wait for the answer of this kind; an ack alone is none."""
        transaction = str(next(self._numbers))
        sender, receiver = trio.open_memory_channel[dict[str, Any]](8)
        self._waiting[transaction] = sender
        try:
            with trio.fail_after(_ANSWERS_WITHIN_S):
                await self._send({**words, "transaction": transaction})
                async for answer in receiver:
                    if answer["janus"] == "error":
                        raise Broken(f"Janus: {answer['error']}")
                    if answer["janus"] == kind:
                        return answer
        finally:
            del self._waiting[transaction]
        raise Broken("Janus did not answer")

    async def _send(self, words: dict[str, Any]) -> None:
        session = {"session_id": self._id} if self._id else {}
        await self._websocket.send_message(msgspec.json.encode({**words, **session}).decode())


@dataclass
class _Hall:
    """A VideoRoom: its number and who publishes there."""

    number: int
    feeds: dict[RtpLeg, int] = field(default_factory=dict)


class RunningJanus:
    """A started Janus and the session that drives it."""

    def __init__(self, pid: int, host: str, session: Session, exchange: Exchange) -> None:
        self.pid = pid
        self._host, self._session, self._exchange = host, session, exchange
        self._numbers = itertools.count(1000)
        self._halls: dict[str, _Hall] = {}
        self._handles: dict[RtpLeg, int] = {}

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Create a VideoRoom; first all publish, then all subscribe to the others."""
        hall = self._halls[name] = _Hall(next(self._numbers))
        handle = await self._session.attach()
        words = {
            "request": "create",
            "room": hall.number,
            "publishers": talkers + listeners,
            "audiocodec": "opus",
        }
        await self._session.message(handle, {**words, "bitrate": 0}, kind="success")
        publishing = await several(talkers, lambda _: self._publish(hall))
        hears_somebody = [place for place in range(talkers + listeners) if talkers > 1 or place >= talkers]
        own = [publishing[place] if place < talkers else None for place in hears_somebody]
        found = await several(len(own), lambda index: self._subscribe(hall, own[index]))
        listening = dict(zip(hears_somebody, found, strict=True))
        members = [
            Member(publishing[place] if place < talkers else None, listening.get(place))
            for place in range(talkers + listeners)
        ]
        return Room(name, members)

    async def join(self, room: Room) -> Member:
        """Subscribe to everybody."""
        return Member(None, await self._subscribe(self._halls[room.name], None))

    async def leave(self, room: Room, member: Member) -> None:
        """Close the subscriber."""
        leg = member.listens
        assert isinstance(leg, RtpLeg)
        await self._session.detach(self._handles.pop(leg))
        self._exchange.remove(leg)

    async def _publish(self, hall: _Hall) -> RtpLeg:
        handle, leg = await self._session.attach(), RtpLeg(self._exchange, self._host)
        joined = await self._session.message(
            handle, {"request": "join", "ptype": "publisher", "room": hall.number}
        )
        offer = {"type": "offer", "sdp": sdp.publishing_offer(leg)}
        answer = await self._session.message(handle, {"request": "publish"}, offer)
        await leg.connect(sdp.remote(answer["jsep"]["sdp"]))
        hall.feeds[leg] = int(joined["plugindata"]["data"]["id"])
        self._handles[leg] = handle
        return leg

    async def _subscribe(self, hall: _Hall, own: RtpLeg | None) -> RtpLeg:
        handle, leg = await self._session.attach(), RtpLeg(self._exchange, self._host)
        streams = [
            {"feed": feed, "mid": "0"} for publisher, feed in hall.feeds.items() if publisher is not own
        ]
        offer = await self._session.message(
            handle, {"request": "join", "ptype": "subscriber", "room": hall.number, "streams": streams}
        )
        answer = {"type": "answer", "sdp": sdp.listening_answer(offer["jsep"]["sdp"], leg)}
        await self._session.message(handle, {"request": "start"}, answer)
        await leg.connect(sdp.remote(offer["jsep"]["sdp"]), is_controlling=False)
        self._handles[leg] = handle
        return leg


class JanusPeer:
    """The driver."""

    name = "janus"

    def install(self) -> None:
        """Unpack Debian's package."""
        debian.install("janus", _PROGRAM)

    def about(self) -> About:
        """Describe it."""
        return About(
            version=debian.version("janus"),
            config="VideoRoom, WebSocket API, event_loops = 1 (it gets one CPU), other plugins not loaded; "
            "a publishing and a subscribing peer connection for each person, as its own client does",
            does_more="video with simulcast and SVC, data channels, recording, RTP forwarding, SIP, "
            "streaming and mixing by other plugins, full ICE",
            remarks=["Debian builds its libsrtp on NSS, which encrypts slower than OpenSSL"],
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningJanus]:
        """Start it with a configuration of its own in `folder`."""
        port, host = free_port(), own_address()
        _write_config(folder, port, host)
        command: list[str | Path] = [debian.ROOT / _PROGRAM, "-C", folder / "janus.jcfg", "-F", folder]
        async with open_process(command, folder, cpu, debian.environment()) as process:
            await process.wait_for(port=port)
            url = f"ws://127.0.0.1:{port}/"
            async with (
                open_websocket_url(
                    url, subprotocols=["janus-protocol"], max_message_size=_MAX_MESSAGE_BYTES
                ) as websocket,
                trio.open_nursery() as nursery,
            ):
                session = Session(websocket)
                nursery.start_soon(session.receive)
                await session.open()
                nursery.start_soon(session.keep_alive)
                yield RunningJanus(process.pid, host, session, exchange)
                nursery.cancel_scope.cancel()


def _write_config(folder: Path, port: int, host: str) -> None:
    lib = debian.folder("usr/lib/*-linux-gnu/janus")
    plugins = sorted(path.name for path in (lib / "plugins").glob("*.so"))
    others = ",".join(name for name in plugins if "videoroom" not in name)
    folder.joinpath("janus.jcfg").write_text(_CONFIG.format(folder=folder, lib=lib, host=host, others=others))
    folder.joinpath("janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=port))


def free_port() -> int:
    """Return a TCP port on loopback that nobody had a moment ago."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def own_address() -> str:
    """Return this machine's address: libnice offers none of loopback. Unavailable when it has no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        try:
            tried.connect(("192.0.2.1", 9))  # a route is asked for, nothing is sent
        except OSError as problem:
            raise Unavailable("Janus needs an address besides loopback, and there is none") from problem
        return str(tried.getsockname()[0])
