"""A web side on a real socket, with a house of stand-ins: for tests of the skins, which know no feature."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import quart
import trio

from voicechat.bus.buckets import Grant, LocalBuckets
from voicechat.errors import Unauthenticated
from voicechat.fanout import Hub
from voicechat.house import Caller, House
from voicechat.ids import new_id
from voicechat.settings import LimitSettings, ServerSettings, Settings
from voicechat.web import Check, Counters, Route, create_app, serve


class StandInBus:
    """Counts in this process, by the bus's own local rule."""

    def __init__(self) -> None:
        self.buckets = LocalBuckets()

    async def take(self, bucket: str, *, capacity: int, per_s: float, cost: float = 1) -> Grant:
        return self.buckets.take(bucket, capacity=capacity, per_s=per_s, cost=cost, now_s=trio.current_time())


def make_settings(**groups: Any) -> Settings:
    """Default settings on a port of the system's choice; keyword arguments replace groups."""
    groups.setdefault("server", ServerSettings(port=0, shutdown_grace_s=3))
    groups.setdefault("limits", LimitSettings())
    return Settings(**groups)


def make_house(settings: Settings | None = None) -> House:
    """A house with a real hub and settings; nothing else is there."""
    absent = cast("Any", None)
    return House(
        settings=settings or make_settings(),
        db=absent,
        bus=cast("Any", StandInBus()),
        hub=Hub(),
        media=absent,
        node_id="node",
    )


def make_caller(name: str = "ann", *, user_id: str | None = None, session_id: str | None = None) -> Caller:
    return Caller(user_id or new_id(), session_id or new_id(), name, name.title(), None, is_admin=False)


@dataclass
class People:
    """Who may come in: token → Caller."""

    callers: dict[str, Caller] = field(default_factory=dict)

    async def authenticate(self, house: House, token: str) -> Caller:
        caller = self.callers.get(token)
        if caller is None:
            raise Unauthenticated("expected a known token", code="INVALID_TOKEN")
        return caller

    def add(self, name: str) -> str:
        """Let somebody in; returns their token."""
        self.callers[f"token-of-{name}"] = make_caller(name)
        return f"token-of-{name}"


@dataclass(frozen=True)
class Site:
    """A running web side."""

    house: House
    port: int
    counters: Counters
    shutdown: trio.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10)

    async def is_alive(self) -> bool:
        async with self.client() as client:
            return (await client.get("/health/live")).status_code == 200


async def no_gateway(websocket: quart.Websocket) -> None:
    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())


@asynccontextmanager
async def open_site(
    routes: Sequence[Route] = (),
    *,
    people: People | None = None,
    house: House | None = None,
    gateway: Callable[[quart.Websocket], Awaitable[None]] = no_gateway,
    drain: Callable[[], Awaitable[None]] | None = None,
    static_dir: Path = Path("/nonexistent"),
    checks: dict[str, Check] | None = None,
) -> AsyncIterator[Site]:
    """Serve `routes` until the block is left, then shut down."""
    house = house or make_house()
    people = people or People()
    app = create_app(
        house,
        routes,
        authenticate=people.authenticate,
        gateway=gateway,
        static_dir=static_dir,
        features=("voice", "notes"),
        checks=checks,
    )
    counters, shutdown = Counters(), trio.Event()

    async def run(*, task_status: trio.TaskStatus[Any]) -> None:
        await serve(
            app,
            house.settings,
            shutdown=shutdown,
            drain=drain,
            counters=counters,
            task_status=task_status,
        )

    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(run)
        yield Site(house, addresses[0][1], counters, shutdown)
        shutdown.set()


def body_of(response: httpx.Response) -> Any:
    return msgspec.json.decode(response.content)
