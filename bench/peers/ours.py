"""VoiceChat itself: the real server with its database, people with accounts, the gateway's signalling."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import trio
from tests.e2e.account import Account, Guild, sign_up
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


class RunningOurs:
    """The server and everybody signed up so far."""

    def __init__(
        self, server: Server, exchange: Exchange, nursery: trio.Nursery, stack: AsyncExitStack
    ) -> None:
        self.pid = server.pid
        self._server, self._exchange, self._nursery, self._stack = server, exchange, nursery, stack
        self._numbers = itertools.count()
        self._owner: Account | None = None
        self._guild: Guild | None = None
        self._code = ""
        self._idle: list[Person] = []
        self._channels: dict[str, str] = {}
        self._persons: dict[RtpLeg, Person] = {}

    async def prepare(self) -> None:
        """Make the guild."""
        self._owner = await trio.to_thread.run_sync(self._sign_up)
        self._guild = await trio.to_thread.run_sync(self._owner.create_guild, "The bench")
        self._code = await trio.to_thread.run_sync(self._guild.invite)

    async def open_room(self, name: str, talkers: int, listeners: int) -> Room:
        """Make a voice channel and let people join it, some at once."""
        missing = talkers + listeners + 1 - len(self._idle)
        await trio.to_thread.run_sync(self._make_channel, name)
        for account in await several(missing, self._new_member, at_once=4):
            self._idle.append(Person(await self._nursery.start(self._hold_gateway, account), self._nursery))
        legs = await several(talkers + listeners, lambda place: self._connect(name, talks=place < talkers))
        return Room(name, [Member(leg if place < talkers else None, leg) for place, leg in enumerate(legs)])

    async def join(self, room: Room) -> Member:
        """Join the channel as a listener."""
        leg = await self._connect(room.name, talks=False)
        return Member(None, leg)

    async def leave(self, room: Room, member: Member) -> None:
        """Leave the channel; the socket stays for the next time."""
        leg = member.listens
        assert isinstance(leg, RtpLeg)
        person = self._persons.pop(leg)
        await person.gateway.send(VoiceLeave(channel_id=self._channels[room.name]))
        self._exchange.remove(leg)
        self._idle.append(person)

    # ---- inside -------------------------------------------------------------------------------------

    def _sign_up(self) -> Account:
        http = self._stack.enter_context(httpx.Client(base_url=self._server.url, timeout=20, verify=False))
        return sign_up(http, f"person_{next(self._numbers)}")

    async def _new_member(self, _: int) -> Account:
        return await trio.to_thread.run_sync(self._sign_up_and_join)

    def _sign_up_and_join(self) -> Account:
        account = self._sign_up()
        account.join(self._code)
        return account

    def _make_channel(self, name: str) -> None:
        assert self._owner is not None
        assert self._guild is not None
        words = {"guild_id": self._guild.id, "name": name, "channel_type": "voice"}
        self._channels[name] = self._owner.call("POST", "/api/channels", words, status=201)["id"]

    async def _connect(self, room: str, *, talks: bool) -> RtpLeg:
        person = self._idle.pop()
        person.wake()
        gateway, channel_id = person.gateway, self._channels[room]
        leg = RtpLeg(self._exchange)
        await gateway.send(VoiceJoin(channel_id=channel_id))
        offer = (await gateway.expect(VoiceOffer)).sdp
        server = ServerSide.of(offer)
        parts = AnswerParts(
            ufrag=leg.ufrag,
            password=leg.password,
            fingerprint=leg.fingerprint,
            ssrc=leg.ssrc if talks else None,
            microphone="sendonly" if talks else "inactive",
        )
        await gateway.send(VoiceAnswer(channel_id=channel_id, sdp=chromium_answer(offer, parts)))
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


class OursPeer:
    """The driver."""

    name = "voicechat"

    def install(self) -> None:
        """Nothing: it is this checkout."""

    def about(self) -> About:
        """Describe it."""
        return About(
            version=commit(),
            config="python -m voicechat serve, defaults; embedded PostgreSQL; limits by address off",
            does_more="accounts, permissions, text chat and history in the same process; its memory and CPU "
            "include its database",
        )

    @asynccontextmanager
    async def open(self, exchange: Exchange, folder: Path, cpu: int | None) -> AsyncIterator[RunningOurs]:
        """Start the server in a fresh data folder."""
        async with AsyncExitStack() as stack:
            context = running_server(folder, _ENVIRONMENT)
            server = await trio.to_thread.run_sync(context.__enter__)
            stack.push_async_callback(trio.to_thread.run_sync, context.__exit__, None, None, None)
            pin_tree(server.pid, cpu)
            nursery = await stack.enter_async_context(trio.open_nursery())
            running = RunningOurs(server, exchange, nursery, stack)
            await running.prepare()
            yield running
            nursery.cancel_scope.cancel()
