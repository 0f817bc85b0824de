"""A media room on loopback and people in it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio

from tests.support.dtls_client import ClientCertificate
from tests.support.rtc_client import ClientOptions, RtcClient, run_client
from voicechat.ids import new_id
from voicechat.media import Media, MediaEvent, PeerConnected, open_media
from voicechat.settings import MediaSettings

CERTIFICATE = ClientCertificate()
SETTINGS = MediaSettings(port=0, slots=4, max_peers=64, room_peers=8)


class Events:
    """Everything a media room told so far, and a way to wait for something."""

    def __init__(self) -> None:
        self.seen: list[MediaEvent] = []
        self._news = trio.Event()

    async def collect(self, media: Media) -> None:
        async for event in media.events:
            self.seen.append(event)
            self._news.set()
            self._news = trio.Event()

    def of(self, kind: type[MediaEvent]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.seen if isinstance(event, kind)]

    async def wait_for(self, matches: Callable[[MediaEvent], bool], within_s: float = 10) -> MediaEvent:
        with trio.fail_after(within_s):
            while True:
                for event in self.seen:
                    if matches(event):
                        return event
                await self._news.wait()


class Stage:
    """A media room, its events, and clients that come and go."""

    def __init__(self, media: Media, events: Events, nursery: trio.Nursery) -> None:
        self.media = media
        self.events = events
        self.nursery = nursery

    async def client(
        self, user_id: str, *, room_id: str = "room", options: ClientOptions | None = None, **join: Any
    ) -> tuple[str, RtcClient]:
        """Join without answering or connecting."""
        peer_id = new_id()
        offer = await self.media.join(
            **{"room_id": room_id, "peer_id": peer_id, "user_id": user_id, "may_speak": True, **join}
        )
        options = options or ClientOptions(certificate=CERTIFICATE)
        return peer_id, await self.nursery.start(run_client, offer, options)

    async def settled(self) -> None:
        """Wait until the engine has applied all that was asked of it."""
        await self.media._engine.settled()

    async def connected(self, user_id: str, **how: Any) -> tuple[str, RtcClient]:
        """Join, answer, connect, and wait until the room and the engine know."""
        peer_id, client = await self.client(user_id, **how)
        await self.media.answer(peer_id, client.answer())
        await client.connect()
        await self.events.wait_for(lambda event: event == PeerConnected(peer_id))
        await self.settled()
        return peer_id, client

    async def taken(self, peer_id: str, packets: int) -> None:
        """Wait until the engine has taken this many packets of the peer, forwarded or not."""
        with trio.fail_after(10):
            while self.media.stats(peer_id).up.packets < packets:  # noqa: ASYNC110 (the engine tells of no packet)
                await trio.sleep(0.002)


@contextlib.asynccontextmanager
async def open_stage(settings: MediaSettings = SETTINGS, **how: Any) -> AsyncIterator[Stage]:
    """Open a media room and listen to its events."""
    async with open_media(settings, **how) as media, trio.open_nursery() as nursery:
        events = Events()
        nursery.start_soon(events.collect, media)
        yield Stage(media, events, nursery)
        nursery.cancel_scope.cancel()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened
