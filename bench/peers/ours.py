"""VoiceChat itself: the real server with its database, people with accounts, the gateway's signalling."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trio
from tests.e2e.account import Account, sign_up
from tests.support.answers import AnswerParts, chromium_answer
from tests.support.gateway_client import GatewayClient, open_gateway
from tests.support.rtc_client import ServerSide
from tests.support.server import Server, running_server

from bench.machine import commit
from bench.peers.exchange import Exchange
from bench.peers.joining import several
from bench.peers.legs import Member, Room
from bench.peers.peer import About
from bench.peers.processes import pin_tree
from bench.peers.webrtc import Remote, RtpLeg
from voicechat.protocol.gateway import Ping, Ready
from voicechat.protocol.voice import VoiceAnswer, VoiceConnected, VoiceJoin, VoiceLeave, VoiceOffer

# One machine plays a hundred people: without limits by address, and with passwords cheap to hash.
_ENVIRONMENT = {
    "VOICECHAT_LIMITS_ENABLED": "false",
    "VOICECHAT_AUTH_ARGON2_MEMORY_KIB": "1024",
    "VOICECHAT_LOG_LEVEL": "warning",
    "VOICECHAT_LIMITS_CONNECTIONS_PER_ADDRESS": "5000",
}
_PING_S = 8.0
_SIGN_UPS_AT_ONCE = 16


class Person:
    """A member with a gateway socket open, as the client keeps one."""

    def __init__(self, gateway: GatewayClient, nursery: trio.Nursery) -> None:
        self.gateway = gateway
        self._nursery = nursery
        self._listening = trio.CancelScope()
        nursery.start_soon(self._ping)
        self.rest()

    def rest(self) -> None:
        """Read events nobody waits for."""
        self._listening = trio.CancelScope()
        self._nursery.start_soon(self._listen, self._listening)

    def wake(self) -> None:
        """Leave the events to whoever expects them."""
        self._listening.cancel()

    async def _listen(self, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                await self.gateway.next()

    async def _ping(self) -> None:
        while True:
            await trio.sleep(_PING_S)
            await self.gateway.send(Ping())


@dataclass
class _Hall:
    """A guild with one voice channel, which is a room of the bench; members who are not in it now."""

    channel_id: str
    code: str
    idle: list[Person]


class RunningOurs:
    """The server, its guilds and everybody signed up so far."""

    def __init__(
        self, server: Server, exchange: Exchange, nursery: trio.Nursery, stack: AsyncExitStack
    ) -> None:
        self.pid = server.pid
        self._server, self._exchange, self._nursery, self._stack = server, exchange, nursery, stack
        self._numbers = itertools.count()
        self._halls: dict[str, _Hall] = {}
        self._persons: dict[RtpLeg, Person] = {}

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Make a guild of so many members and one to spare, and let people join its voice channel."""
        people = talkers + listeners
        hall = self._halls[name] = await trio.to_thread.run_sync(self._found, name)
        hall.idle = await several(people + 1, lambda _: self._invite(hall.code), at_once=_SIGN_UPS_AT_ONCE)
        legs = await several(people, lambda place: self._connect(hall, talks=place < talkers))
        return Room(name, [Member(leg if place < talkers else None, leg) for place, leg in enumerate(legs)])

    async def join(self, room: Room) -> Member:
        """Join the channel as a listener."""
        return Member(None, await self._connect(self._halls[room.name], talks=False))

    async def leave(self, room: Room, member: Member) -> None:
        """Leave the channel; the gateway's socket stays open for the next time."""
        leg, hall = member.listens, self._halls[room.name]
        assert isinstance(leg, RtpLeg)
        person = self._persons.pop(leg)
        await person.gateway.send(VoiceLeave(channel_id=hall.channel_id))
        self._exchange.remove(leg)
        hall.idle.append(person)

    # ---- inside -------------------------------------------------------------------------------------

    def _sign_up(self) -> Account:
        http = self._stack.enter_context(httpx.Client(base_url=self._server.url, timeout=20, verify=False))
        return sign_up(http, f"person_{next(self._numbers)}")

    def _found(self, name: str) -> _Hall:
        guild = self._sign_up().create_guild(name)
        return _Hall(guild.voice_id, guild.invite(), [])

    async def _invite(self, code: str) -> Person:
        account = await trio.to_thread.run_sync(self._sign_up)
        await trio.to_thread.run_sync(account.join, code)
        return Person(await self._nursery.start(self._hold_gateway, account), self._nursery)

    async def _connect(self, hall: _Hall, *, talks: bool) -> RtpLeg:
        person = hall.idle.pop()
        person.wake()
        gateway = person.gateway
        leg = RtpLeg(self._exchange)
        await gateway.send(VoiceJoin(channel_id=hall.channel_id))
        offer = (await gateway.expect(VoiceOffer)).sdp
        server = ServerSide.of(offer)
        parts = AnswerParts(
            ufrag=leg.ufrag,
            password=leg.password,
            fingerprint=leg.fingerprint,
            ssrc=leg.ssrc if talks else None,
            microphone="sendonly" if talks else "inactive",
        )
        await gateway.send(VoiceAnswer(channel_id=hall.channel_id, sdp=chromium_answer(offer, parts)))
        loopback = next(address for address in server.candidates if address[0].startswith("127."))
        await leg.connect(Remote(server.ufrag, server.password, loopback))
        await gateway.expect(VoiceConnected)
        person.rest()
        self._persons[leg] = person
        return leg

    async def _hold_gateway(
        self, account: Account, *, task_status: trio.TaskStatus[GatewayClient] = trio.TASK_STATUS_IGNORED
    ) -> None:
        async with open_gateway(self._server.url, account.access_token) as gateway:
            await gateway.expect(Ready)
            task_status.started(gateway)
            await trio.sleep_forever()


@asynccontextmanager
async def _open_server(folder: Path) -> AsyncIterator[Server]:
    """Run the server; it ends as an operator would end it, or by force, whatever happens in the block."""
    context = running_server(folder, _ENVIRONMENT)
    server = await trio.to_thread.run_sync(context.__enter__)
    try:
        yield server
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_end, server, context)


def _end(server: Server, context: AbstractContextManager[Server]) -> None:
    try:
        server.stop()
    finally:
        context.__exit__(None, None, None)


class OursPeer:
    """The driver."""

    name = "voicechat"

    def install(self) -> None:
        """Nothing: it is this checkout."""

    def about(self) -> About:
        """Describe it."""
        return About(
            version=commit(),
            config="python -m voicechat serve, defaults; embedded PostgreSQL; limits by address off; its "
            "media thread asks for real-time scheduling, and gets it when run as root, as here",
            does_more="accounts, permissions, text chat and history in the same process; its memory and CPU "
            "include its database",
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningOurs]:
        """Start the server in a fresh data folder."""
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(_open_server(folder))
            pin_tree(server.pid, cpu)
            nursery = await stack.enter_async_context(trio.open_nursery())
            yield RunningOurs(server, exchange, nursery, stack)
            nursery.cancel_scope.cancel()
