"""A whole server in the test's own process, and people who talk over real sockets, DTLS and SRTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from tests.features.voice.asked import asked as asked
from tests.support.gateway_client import GatewayClient, open_gateway
from tests.support.rtc_client import ClientOptions, RtcClient, run_client

from voicechat import app
from voicechat.protocol import Command, Permission
from voicechat.protocol.gateway import Error, Ready
from voicechat.protocol.voice import Slot, VoiceAnswer, VoiceConnected, VoiceJoin, VoiceOffer, VoiceSlots
from voicechat.settings import Settings, load

PASSWORD = "correct horse battery"


@dataclass
class Talker:
    """Somebody with an account, a gateway socket and, once in voice, a media connection."""

    village: Village
    user_id: str
    token: str
    http: httpx.AsyncClient
    gateway: GatewayClient
    ready: Ready
    rtc: RtcClient | None = None
    session_id: str = ""
    revision: int = 1
    slots: list[Slot] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Make a REST request that must be answered with `status`."""
        response = await self.http.request(method, path, json=body)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def refused(self, command: Command) -> str:
        """Send a command that must be refused; return the code."""
        await self.gateway.send(command)
        return (await self.gateway.expect(Error)).code

    async def join(self, channel_id: str, options: ClientOptions | None = None) -> RtcClient:
        """Join a voice channel and wait until media flows."""
        await self.gateway.send(VoiceJoin(channel_id=channel_id))
        return await self.connect(channel_id, options)

    async def connect(self, channel_id: str, options: ClientOptions | None = None) -> RtcClient:
        """Take the first offer of a session that is on its way, answer it and connect."""
        offer = await self.gateway.expect(
            VoiceOffer, lambda event: (event.channel_id, event.revision) == (channel_id, 1)
        )
        rtc: RtcClient = await self.village.nursery.start(run_client, offer.sdp, options)
        await self.gateway.send(VoiceAnswer(channel_id=channel_id, sdp=rtc.answer()))
        await rtc.connect()
        await self.gateway.expect(VoiceConnected, lambda event: event.session_id == offer.session_id)
        self.rtc, self.session_id, self.revision = rtc, offer.session_id, 1
        self.slots = []
        return rtc

    async def reoffered(self) -> VoiceOffer:
        """Wait for the next offer of the session, and let the client have it."""
        assert self.rtc is not None
        self.revision += 1
        expected = (self.session_id, self.revision)
        offer = await self.gateway.expect(
            VoiceOffer, lambda offer: (offer.session_id, offer.revision) == expected
        )
        self.rtc.reoffered(offer.sdp)
        return offer

    async def renegotiates(self, **answer: Any) -> VoiceOffer:
        """Wait for the next offer and answer it; `answer` as in `AnswerParts`."""
        offer = await self.reoffered()
        assert self.rtc is not None
        sdp = self.rtc.answer(**answer)
        await self.gateway.send(VoiceAnswer(channel_id=offer.channel_id, sdp=sdp, revision=offer.revision))
        return offer

    async def may_send(self, source: str, **answer: Any) -> str:
        """Answer offers until one has a section to send `source` on; return its mid."""
        while True:
            offer = await self.renegotiates(**answer)
            for section in offer.sends:
                if section.source == source:
                    return section.mid

    async def told_slots(self, matches: Callable[[list[Slot]], bool]) -> list[Slot]:
        """Wait until what this one was last told of its sections matches; return it."""
        while not matches(self.slots):
            self.slots = (await self.gateway.expect(VoiceSlots)).slots
        return self.slots

    async def watches(self, person: Talker, source: str) -> str:
        """Wait until this one is told where a stream of the person's comes; return the section's mid."""

        def found(slots: list[Slot]) -> list[str]:
            return [slot.mid for slot in slots if (slot.user_id, slot.source) == (person.user_id, source)]

        return found(await self.told_slots(lambda slots: bool(found(slots))))[0]


class Village:
    """The server, and a guild that everybody who comes is a member of; the first one owns it."""

    def __init__(self, url: str, nursery: trio.Nursery) -> None:
        self.url = url
        self.nursery = nursery
        self.owner: Talker | None = None
        self.guild_id = self.text_id = self.voice_id = self.everyone_id = ""

    async def person(self, username: str) -> Talker:
        """Register somebody, let them into the guild and open their gateway socket."""
        http: httpx.AsyncClient = await self.nursery.start(_hold_open, httpx.AsyncClient(base_url=self.url))
        body = {"username": username, "password": PASSWORD}
        tokens = (await http.post("/auth/register", json=body)).raise_for_status().json()
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        if self.owner is None:
            await self._found(http)
        else:
            path = f"/api/guilds/{self.guild_id}/invites"
            invite = await self.owner.ask("POST", path, {}, status=201)
            (await http.post(f"/api/invites/{invite['code']}/join")).raise_for_status()
        gateway, ready = await self.open_socket(tokens["access_token"])
        talker = Talker(self, tokens["user_id"], tokens["access_token"], http, gateway, ready)
        self.owner = self.owner or talker
        return talker

    async def channel(self, **fields: Any) -> str:
        """Make a voice channel and return its id."""
        assert self.owner is not None
        body = {"guild_id": self.guild_id, "name": "Raid", "channel_type": "voice", **fields}
        return str((await self.owner.ask("POST", "/api/channels", body, status=201))["id"])

    async def deny(self, channel_id: str, *permissions: Permission) -> None:
        """Deny everyone these bits in a channel, and no others."""
        assert self.owner is not None
        bits = sum(int(permission) for permission in permissions)
        path = f"/api/channels/{channel_id}/overrides/{self.everyone_id}"
        await self.owner.ask("PUT", path, {"deny": bits})

    async def open_socket(self, token: str) -> tuple[GatewayClient, Ready]:
        """Open a gateway socket that stays open until the test ends."""
        gateway: GatewayClient = await self.nursery.start(_hold_open, open_gateway(self.url, token))
        return gateway, await gateway.expect(Ready)

    async def _found(self, http: httpx.AsyncClient) -> None:
        guild = (await http.post("/api/guilds", json={"name": "Village"})).raise_for_status().json()
        self.guild_id = guild["id"]
        channels = (await http.get(f"/api/guilds/{self.guild_id}/channels")).json()["items"]
        ids = {channel["channel_type"]: channel["id"] for channel in channels}
        self.text_id, self.voice_id = ids["text"], ids["voice"]
        roles = (await http.get(f"/api/guilds/{self.guild_id}/roles")).json()["items"]
        self.everyone_id = next(role["id"] for role in roles if role["is_default"])


async def _hold_open(
    context: AbstractAsyncContextManager[Any],
    *,
    task_status: trio.TaskStatus[Any] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Keep `context` open until the test ends, in a task of its own since it may hold a nursery."""
    async with context as opened:
        task_status.started(opened)
        await trio.sleep_forever()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return load(
        {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "VOICECHAT_AUTH_ARGON2_MEMORY_KIB": "1024"},
        {
            ("server", "port"): 0,
            ("media", "port"): 0,
            ("server", "data_dir"): str(tmp_path / "data"),
            ("log", "level"): "warning",
            ("limits", "enabled"): False,
        },
    )


@asynccontextmanager
async def open_village(settings: Settings) -> AsyncIterator[Village]:
    """Run the server and the people of one test."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(app.serve, settings)
        yield Village(url, nursery)
        nursery.cancel_scope.cancel("the test is over")


@pytest.fixture
async def village(settings: Settings) -> AsyncIterator[Village]:
    async with open_village(settings) as village:
        yield village
