"""Stand-in rooms behind a real gateway on a real socket, and a client that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import trio
import trio_websocket

from tests.support.site import People, Site, make_house, make_settings, open_site
from voicechat.errors import NotFound
from voicechat.gateway import Change, Connection, Gateway, Hooks, Scope, open_gateway
from voicechat.house import Caller, House
from voicechat.protocol import AnyEvent, Event
from voicechat.protocol.accounts import Me
from voicechat.protocol.gateway import SUBPROTOCOL, TOKEN_PREFIX
from voicechat.protocol.messages import MessageDelete, StopTyping, Typing, TypingStart
from voicechat.protocol.voice import VoiceAnswer, VoiceConnected
from voicechat.settings import GatewaySettings

GUILD = "0190c0e0-0000-7000-8000-000000000001"
CHANNEL = "0190c0e0-0000-7000-8000-0000000000c1"
SECRET = "0190c0e0-0000-7000-8000-0000000000c2"

_decode_event = msgspec.json.Decoder(AnyEvent).decode


def numbered(number: int) -> Event:
    """An event that says which one it is."""
    return MessageDelete(channel_id=CHANNEL, message_id=f"0190c0e0-0000-7000-8000-{number:012x}")


def number_of(frame: dict[str, Any]) -> int:
    return int(frame["message_id"][-12:], 16)


@dataclass
class Rooms:
    """What the gateway is taught; remembers what it was called with."""

    topics: set[str] = field(default_factory=lambda: {f"guild:{GUILD}", f"channel:{CHANNEL}"})
    told: list[tuple[str, str]] = field(default_factory=list)
    questions: list[tuple[Scope, frozenset[str]]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    occurred: trio.Event = field(default_factory=trio.Event)
    while_opening: Callable[[House, Caller], None] = lambda house, caller: None
    while_connecting: Callable[[House, Caller], Awaitable[None]] | None = None
    while_subscribing: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint
    problem: Exception | None = None

    def hooks(self) -> Hooks:
        return Hooks(
            commands={Typing: self._typing, StopTyping: self._bug, VoiceAnswer: self._answer},
            ready=(self._me, self._guilds),
            topics=self._topics,
            topics_in=self._topics_in,
            may_subscribe=self._may_subscribe,
            changed=(self._changed,),
            connected=(self._told("connected"),),
            lost=(self._told("lost"),),
            resumed=(self._told("resumed"),),
            ended=(self._told("ended"),),
        )

    async def wait_told(self, what: str) -> None:
        """Wait until a hook of this name was called."""
        with trio.fail_after(5):
            while what not in [name for name, _ in self.told]:
                await self.wait_occurrence()

    async def wait_occurrence(self) -> None:
        self.occurred = trio.Event()
        await self.occurred.wait()

    async def _topics(self, house: House, caller: Caller) -> dict[str, set[str]]:
        if self.problem is not None:
            self.occurred.set()
            raise self.problem
        return {"": {f"user:{caller.user_id}"}, GUILD: self.topics}

    async def _topics_in(self, house: House, scope: Scope, user_ids: Collection[str]) -> dict[str, set[str]]:
        if self.problem is not None:
            self.occurred.set()
            raise self.problem
        self.questions.append((scope, frozenset(user_ids)))
        own = self.topics if scope.channel_id is None else self.topics & {f"channel:{scope.channel_id}"}
        return dict.fromkeys(user_ids, own)

    async def _me(self, house: House, caller: Caller) -> dict[str, Any]:
        self.while_opening(house, caller)
        me = Me(
            id=caller.user_id,
            username=caller.username,
            display_name=caller.display_name,
            created_at=datetime.now(UTC),
        )
        return {"user": me}

    async def _guilds(self, house: House, caller: Caller) -> dict[str, Any]:
        return {"guilds": []}

    async def _may_subscribe(self, house: House, caller: Caller, channel_id: str) -> None:
        if f"channel:{channel_id}" not in self.topics:
            raise NotFound("there is no such channel")
        await self.while_subscribing()

    async def _typing(self, house: House, connection: Connection, command: Typing) -> None:
        event = TypingStart(
            channel_id=command.channel_id,
            user_id=connection.caller.user_id,
            username=connection.caller.username,
            display_name=connection.caller.display_name,
        )
        house.hub.publish(f"channel:{command.channel_id}", event)

    async def _answer(self, house: House, connection: Connection, command: VoiceAnswer) -> None:
        connection.send(VoiceConnected(channel_id=command.channel_id, session_id=command.channel_id))

    async def _bug(self, house: House, connection: Connection, command: StopTyping) -> None:
        raise RuntimeError("the secret of the house")

    async def _changed(self, house: House, connection: Connection, change: Change) -> None:
        self.changes.append(change)
        self.occurred.set()

    def _told(self, name: str) -> Callable[[House, Connection], Any]:
        async def hook(house: House, connection: Connection) -> None:
            if name == "connected" and self.while_connecting is not None:
                await self.while_connecting(house, connection.caller)
            self.told.append((name, connection.session_id))
            self.occurred.set()

        return hook


@dataclass
class World:
    """A running gateway and what is around it."""

    site: Site
    gateway: Gateway
    rooms: Rooms
    people: People
    token: str

    @property
    def house(self) -> House:
        return self.site.house

    @property
    def caller(self) -> Caller:
        return self.people.callers[self.token]

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self.house.hub.publish(f"channel:{CHANNEL}", numbered(number))

    @asynccontextmanager
    async def socket(
        self, *subprotocols: str, token: str | None = None, origin: str | None = None
    ) -> AsyncIterator[Client]:
        offered = subprotocols or (SUBPROTOCOL, TOKEN_PREFIX + (token or self.token))
        headers = [(b"Origin", origin.encode())] if origin else []
        async with trio_websocket.open_websocket(
            "127.0.0.1",
            self.site.port,
            "/ws",
            use_ssl=False,
            subprotocols=offered,
            extra_headers=headers,
            max_message_size=2**24,
        ) as websocket:
            try:
                yield Client(websocket)
            finally:  # it leaves the stream open when the server closed first
                with trio.CancelScope(shield=True):
                    await trio.aclose_forcefully(websocket._stream)


class Client:
    """A client that checks every frame against the contract and the numbers against each other."""

    def __init__(self, websocket: trio_websocket.WebSocketConnection) -> None:
        self.websocket = websocket
        self.seq = 0

    async def send(self, kind: str, **fields: Any) -> None:
        await self.send_raw(msgspec.json.encode({"type": kind, **fields}).decode())

    async def send_raw(self, text: str | bytes) -> None:
        with trio.fail_after(5):
            await self.websocket.send_message(text)

    async def next(self) -> dict[str, Any]:
        with trio.fail_after(5):
            text = await self.websocket.get_message()
        frame: dict[str, Any] = msgspec.json.decode(text)
        _decode_event(text)
        self.seq = frame["seq"]
        return frame

    async def expect(self, kind: str) -> dict[str, Any]:
        frame = await self.next()
        assert frame["type"] == kind, frame
        return frame

    async def ready(self) -> str:
        """Take `ready`; returns the gateway session's id."""
        return str((await self.expect("ready"))["session_id"])

    async def closed(self) -> int:
        """Read until the server closes; returns the close code."""
        with trio.fail_after(10):
            try:
                while True:
                    await self.websocket.get_message()
            except trio_websocket.ConnectionClosed as closed:
                return 1006 if closed.reason is None else int(closed.reason.code)

    async def drop(self) -> None:
        """Lose the network: the connection is gone without a word."""
        await trio.aclose_forcefully(self.websocket._stream)


@asynccontextmanager
async def open_world(*, gateway: GatewaySettings | None = None, **groups: Any) -> AsyncIterator[World]:
    """Serve a gateway with stand-in rooms and one known person."""
    if gateway is not None:
        groups["gateway"] = gateway
    house, rooms, people = make_house(make_settings(**groups)), Rooms(), People()
    token = people.add("ann")
    async with open_gateway(house, rooms.hooks(), people.authenticate) as opened:
        async with open_site(people=people, house=house, gateway=opened.serve, drain=opened.drain) as site:
            yield World(site, opened, rooms, people, token)
