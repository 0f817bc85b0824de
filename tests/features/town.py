"""A town for the tests of the rooms: the real server's rooms over HTTP, and the people who use them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import trio

from tests.support.gateway_client import GatewayClient
from tests.support.gateway_client import open_gateway as connect
from tests.support.site import Site, body_of, open_site
from voicechat.access import authenticate, open_keys
from voicechat.bus import Bus
from voicechat.fanout import Hub
from voicechat.features import accounts, channels, guilds, invites, members, messages, quality, roles
from voicechat.gateway import Hooks, open_gateway
from voicechat.house import Caller, House
from voicechat.ids import new_id
from voicechat.protocol import Event, News
from voicechat.settings import AuthSettings, LimitSettings, ServerSettings, Settings
from voicechat.storage import Database

ROOMS = (accounts, guilds, members, roles, channels, invites, messages, quality)
ROUTES = [route for room in ROOMS for route in room.ROUTES]
PASSWORD = "correct horse battery"

T = TypeVar("T")


class Gate:
    """Lets people in by their real tokens."""

    authenticate = staticmethod(authenticate)


class Person:
    """Somebody with an account, or a stranger without one; talks to the server as a native client."""

    def __init__(self, town: Town, http: httpx.AsyncClient, username: str, tokens: Any = None) -> None:
        self.town = town
        self.http = http
        self.username = username
        self.take(tokens)

    def take(self, tokens: Any) -> None:
        """Go on with these tokens."""
        self.tokens = tokens
        if tokens is not None:
            self.user_id: str = tokens["user_id"]
            self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Make a request."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=names)

    async def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str
    ) -> Any:
        """Make a request that must be answered with `status`; return the decoded body."""
        response = await self.send(method, path, body, **headers)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return body_of(response) if response.content else None

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Make a request; return the status and the error's code."""
        response = await self.send(method, path, body, **headers)
        assert response.status_code >= 400, f"{method} {path}: {response.status_code} {response.text}"
        return response.status_code, body_of(response)["error"]

    def connect(self) -> AbstractAsyncContextManager[GatewayClient]:
        """Open a WebSocket."""
        return connect(self.town.site.url, self.tokens["access_token"])

    async def found(self, name: str = "Friends") -> Ground:
        """Found a guild."""
        guild = await self.ask("POST", "/api/guilds", {"name": name}, status=201)
        channels = (await self.ask("GET", f"/api/guilds/{guild['id']}/channels"))["items"]
        listed = (await self.ask("GET", f"/api/guilds/{guild['id']}/roles"))["items"]
        ids = {channel["channel_type"]: channel["id"] for channel in channels}
        return Ground(self, guild["id"], ids["text"], ids["voice"], listed[-1]["id"])

    async def post(self, channel_id: str, content: str = "hello", **fields: Any) -> Any:
        """Post a message."""
        path = f"/api/messages/channel/{channel_id}"
        return await self.ask("POST", path, {"content": content, **fields}, status=201)

    def caller(self) -> Caller:
        """The person as handlers know them."""
        return Caller(self.user_id, new_id(), self.username, self.username, None, is_admin=False)


class Ground:
    """A guild and what it began with."""

    def __init__(self, owner: Person, guild_id: str, text_id: str, voice_id: str, everyone_id: str) -> None:
        self.owner = owner
        self.id = guild_id
        self.url = f"/api/guilds/{guild_id}"
        self.text_id = text_id
        self.voice_id = voice_id
        self.everyone_id = everyone_id

    async def invite(self, **bounds: Any) -> str:
        """Make an invite."""
        code: str = (await self.owner.ask("POST", f"{self.url}/invites", bounds, status=201))["code"]
        return code

    async def admit(self, *people: Person) -> None:
        """Let people in."""
        code = await self.invite()
        for person in people:
            await person.ask("POST", f"/api/invites/{code}/join")

    async def role(self, permissions: int = 0, *holders: Person, name: str = "role") -> str:
        """Make a role just above @everyone and give it to people."""
        body = {"name": name, "permissions": permissions}
        role_id: str = (await self.owner.ask("POST", f"{self.url}/roles", body, status=201))["id"]
        for holder in holders:
            await self.owner.ask("POST", f"{self.url}/members/{holder.user_id}/roles/{role_id}")
        return role_id

    async def channel(self, name: str = "secret", **fields: Any) -> str:
        """Make a text channel."""
        body = {"guild_id": self.id, "name": name, **fields}
        channel_id: str = (await self.owner.ask("POST", "/api/channels", body, status=201))["id"]
        return channel_id

    async def override(self, channel_id: str, target_id: str, **fields: Any) -> None:
        """Set what a role or member may do differently in a channel."""
        await self.owner.ask("PUT", f"/api/channels/{channel_id}/overrides/{target_id}", fields)

    async def private_channel(self, *admitted_role_ids: str) -> str:
        """Make a channel that only the owner and holders of these roles see."""
        channel_id = await self.channel()
        view = 1 << 24
        await self.override(channel_id, self.everyone_id, deny=view)
        for role_id in admitted_role_ids:
            await self.override(channel_id, role_id, allow=view)
        return channel_id


class Town:
    """The running rooms; `told` is all that was published, in order."""

    def __init__(self, house: House, site: Site) -> None:
        self.house = house
        self.site = site
        self.told: list[tuple[str, Event | News]] = []
        self._numbers = itertools.count(1)
        self._clients: list[httpx.AsyncClient] = []
        house.hub.listen("", lambda topic, event: self.told.append((topic, event)))

    def stranger(self) -> Person:
        """Somebody without an account."""
        # Without TLS no certificates are needed, and reading them takes longer than most tests.
        client = httpx.AsyncClient(base_url=self.site.url, timeout=30, verify=False)
        self._clients.append(client)
        return Person(self, client, "")

    async def sign_up(self, name: str = "person", **fields: Any) -> Person:
        """Make an account under a name that begins so."""
        person = self.stranger()
        person.username = f"{name}_{next(self._numbers)}"
        body = {"username": person.username, "password": PASSWORD, **fields}
        person.take(await person.ask("POST", "/auth/register", body, status=201))
        return person

    async def people(self, *names: str) -> list[Person]:
        """Make several accounts."""
        return [await self.sign_up(name) for name in names]

    def heard(self, kind: type[T], topic: str | None = None) -> list[T]:
        """Return what was published of a kind (on one topic), in order."""
        return [
            event for at, event in self.told if isinstance(event, kind) and (topic is None or at == topic)
        ]

    async def aclose(self) -> None:
        """Close every client's connections."""
        for client in self._clients:
            await client.aclose()


def town_settings(data_dir: Path, **groups: Any) -> Settings:
    """Settings for a town: cheap password hashes, no rate limits, any port."""
    groups.setdefault("server", ServerSettings(port=0, shutdown_grace_s=1, data_dir=str(data_dir)))
    groups.setdefault("auth", AuthSettings(argon2_memory_kib=1024))
    groups.setdefault("limits", LimitSettings(enabled=False))
    return Settings(**groups)


@asynccontextmanager
async def open_town(settings: Settings, db: Database, bus: Bus) -> AsyncIterator[Town]:
    """Open the rooms on a migrated database and serve them until the block is left."""
    keys = await open_keys(db, settings)
    house = House(settings, db, bus, Hub(), cast("Any", None), new_id(), rooms={"keys": keys})
    async with (
        trio.open_nursery() as nursery,
        open_gateway(house, hooks(), authenticate) as gateway,
        open_site(
            ROUTES, house=house, people=cast("Any", Gate()), gateway=gateway.serve, drain=gateway.drain
        ) as site,
    ):
        for room in ROOMS:
            if room is quality:  # reads the engine, which a town is without
                continue
            for service in getattr(room, "SERVICES", ()):
                await nursery.start(service, house)
        town = Town(house, site)
        yield town
        await town.aclose()
        nursery.cancel_scope.cancel("the test is over")


def hooks() -> Hooks:
    """Join what the rooms teach the gateway, as the server does."""

    def offered(name: str) -> list[Any]:
        return [entry for room in ROOMS for entry in getattr(room, name, ())]

    return Hooks(
        commands=messages.COMMANDS,
        ready=offered("READY"),
        topics=guilds.topics,
        topics_in=guilds.topics_in,
        may_subscribe=guilds.may_subscribe,
        changed=offered("CHANGED"),
        connected=offered("CONNECTED"),
        ended=offered("ENDED"),
    )
