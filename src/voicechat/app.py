"""The composition root: opens the house, starts the rooms, serves both skins, takes it all down in order."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import trio

from voicechat import logs
from voicechat.access import authenticate, keep_keys_fresh, open_keys
from voicechat.bridge import Bridge, open_bridge
from voicechat.bus import open_bus
from voicechat.embedded import hold_folder, open_postgres, open_redis
from voicechat.fanout import Hub
from voicechat.features import accounts, channels, guilds, invites, members, messages, quality, roles, voice
from voicechat.gateway import Hooks, open_gateway
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.measures import measures
from voicechat.media import open_media
from voicechat.settings import Settings
from voicechat.storage import Database, open_database
from voicechat.storage import migrate as migrate_database
from voicechat.web import Check, Counters, Route, create_app
from voicechat.web.guard import Address
from voicechat.web.guard import serve as serve_http
from voicechat.web.metrics import create_metrics_app, metrics_settings

FEATURES: tuple[ModuleType, ...] = (
    accounts,
    guilds,
    members,
    roles,
    channels,
    invites,
    messages,
    voice,
    quality,
)
"""Every room of the product; what a room offers is found under fixed names in its `__init__`."""

WEB_CLIENT = Path(__file__).parent / "webclient"

log = logs.get_logger("app")


def offered(name: str) -> list[Any]:
    """Collect what all rooms offer under `name`: ROUTES, SERVICES, READY, LOST, …"""
    return [entry for feature in FEATURES for entry in getattr(feature, name, ())]


def routes() -> list[Route]:
    """List the HTTP routes of all rooms."""
    return offered("ROUTES")


def hooks() -> Hooks:
    """Join what the rooms teach the gateway."""
    return Hooks(
        commands={
            kind: run for feature in FEATURES for kind, run in getattr(feature, "COMMANDS", {}).items()
        },
        ready=offered("READY"),
        topics=guilds.topics,
        topics_in=guilds.topics_in,
        may_subscribe=guilds.may_subscribe,
        changed=offered("CHANGED"),
        connected=offered("CONNECTED"),
        lost=offered("LOST"),
        resumed=offered("RESUMED"),
        ended=offered("ENDED"),
    )


def data_folder(settings: Settings) -> Path:
    """Return where the embedded stores, secrets and files live."""
    return Path(settings.server.data_dir).absolute()


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[tuple[Bridge, Database, str]]:
    """Open the asyncio thread and the database, brought up to date; yields them with the URL of Redis.

    Stores without an address of their own are embedded ones, which live and end with this block.
    """
    data_dir = data_folder(settings)
    dsn, redis_url = str(settings.database.url), str(settings.redis.url)
    async with AsyncExitStack() as stack:
        stack.enter_context(hold_folder(data_dir))
        if not redis_url:
            redis_url = await stack.enter_async_context(open_redis(data_dir))
        if not dsn:
            dsn = await stack.enter_async_context(open_postgres(data_dir))
        aio = await stack.enter_async_context(open_bridge())
        db = await stack.enter_async_context(open_database(aio, dsn, settings.database.pool))
        applied = await migrate_database(db)
        if applied:
            log.info("migrated", files=len(applied), last=applied[-1])
        yield aio, db, redis_url


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open every resource of the server; they close in reverse order, each while those beneath still work."""
    node_id = new_id()
    async with AsyncExitStack() as stack:
        aio, db, redis_url = await stack.enter_async_context(open_stores(settings))
        keys = await open_keys(db, settings)
        bus = await stack.enter_async_context(open_bus(aio, redis_url, node_id=node_id))
        media = await stack.enter_async_context(open_media(settings.media, host=settings.server.host))
        hub = Hub(bus)
        rooms = {"keys": keys, "voice_states": voice.voice_states}
        house = House(settings, db, bus, hub, media, node_id, rooms)
        nursery = await stack.enter_async_context(trio.open_nursery())
        await nursery.start(bus.receive, hub.deliver, hub.report_gap)
        nursery.start_soon(keep_keys_fresh, keys)
        for service in offered("SERVICES"):
            await nursery.start(service, house)
        yield house
        nursery.cancel_scope.cancel("the server stops")


async def serve(settings: Settings, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
    """Run the server until SIGINT or SIGTERM; reports its address once it can be used.

    The first signal drains: no new connections, clients told, requests finished, stores closed last. A second
    one cancels.
    """
    shutdown = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(_heed_signals, shutdown, nursery.cancel_scope)
        async with open_house(settings) as house, open_gateway(house, hooks(), authenticate) as gateway:
            app = create_app(
                house,
                routes(),
                authenticate=authenticate,
                gateway=gateway.serve,
                static_dir=WEB_CLIENT,
                features=[feature.__name__.rpartition(".")[2] for feature in FEATURES],
                checks=_health_checks(house),
            )
            async with trio.open_nursery() as serving:
                counters = Counters()
                if settings.metrics.port is not None:
                    metrics = create_metrics_app(partial(measures, house, gateway, counters))
                    await serving.start(
                        partial(serve_http, metrics, metrics_settings(settings), shutdown=shutdown)
                    )
                web = partial(
                    serve_http, app, settings, shutdown=shutdown, drain=gateway.drain, counters=counters
                )
                addresses = await serving.start(web)
                task_status.started(await _announce(house, addresses))
        nursery.cancel_scope.cancel("the server has stopped")


async def migrate(settings: Settings) -> None:
    """Bring the database's schema up to date."""
    async with open_stores(settings):
        log.info("schema_up_to_date")


async def _heed_signals(
    shutdown: trio.Event,
    everything: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            name = signal.Signals(number).name
            if shutdown.is_set():
                log.warning("stopping_at_once", signal=name)
                everything.cancel(f"second signal: {name}")
                return
            log.info("stopping", signal=name)
            shutdown.set()


def _health_checks(house: House) -> Mapping[str, Check]:
    async def database() -> bool:
        await house.db.ping()
        return True

    async def redis() -> bool:
        await house.bus.ping()
        return True

    async def voice_port() -> bool:
        return house.media.is_open

    return {"database": database, "redis": redis, "media": voice_port}


def local_url(host: str, port: int) -> str:
    """Return what a browser of this machine opens; `host` may stand for every address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _announce(house: House, addresses: Sequence[Address]) -> str:
    """Print where the server is, and the setup token where the first account needs one."""
    url = house.settings.server.public_url or local_url(*addresses[0])
    print(f"VoiceChat is at {url}", flush=True)
    token = await accounts.setup_token(house)
    if token is not None:
        print(f"The first account needs this setup token: {token}", flush=True)
    return url
