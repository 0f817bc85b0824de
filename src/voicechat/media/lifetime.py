"""Opens the media room and closes it in the one order that is safe.

Closing: nobody is let in, everybody is told goodbye, the engine is stopped, its thread joined, its
memory freed with the SRTP sessions, and the sockets closed last. The thread is joined under a shield and
a deadline: freeing what it still uses would be worse than leaking it.
"""

from __future__ import annotations

import ipaddress
import resource
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import trio

from voicechat.logs import get_logger
from voicechat.media.calls import Media
from voicechat.media.engine import Engine, EngineLimits
from voicechat.media.public_address import ask_stun
from voicechat.media.sockets import BoundSockets, bound_sockets
from voicechat.media.streams import MAX_SOUNDS
from voicechat.media.tcp import TcpDoor
from voicechat.rtc.candidates import announced_addresses, candidate_lines
from voicechat.rtc.ice import HostPort
from voicechat.rtc.peer import PeerTimers
from voicechat.settings import MediaSettings

log = get_logger("media")

COMMAND_DEPTH = 65_536  # a room of two hundred that connects at once asks for forty thousand routes
START_DEADLINE_S = 10.0
JOIN_DEADLINE_S = 5.0
MAX_WHISPERED = 20  # people a whisper may name; a track feeds them, or its room and as many who listen in
MAX_VIDEO_TRACKS = 1024  # layers: 341 videos in three, or as many as layers in one; 0.55 MB each once sent
MAX_SOUND_TRACKS = MAX_VIDEO_TRACKS  # a sound comes with a screen: it is never what is short
MAX_VIDEO_SLOTS = 16_384  # a bank of four for each of 4096 viewers, of 16 for 1024; 28 kB each once used
MAX_FLOWS = 1024  # TCP connections; each takes 20 KiB once it is used
_MAX_SLOTS = 1 << 20  # the engine's own limit; less than a gigabyte of slots, touched when used
_SPARE_HANDLES = 64  # peers whose deletion the engine has not acknowledged yet


@asynccontextmanager
async def open_media(
    settings: MediaSettings, *, host: str = "127.0.0.1", timers: PeerTimers | None = None
) -> AsyncIterator[Media]:
    """Bind the voice port, start the engine's thread and the tasks around it.

    `host` is where the web side listens, used unless the settings name another. Raises Unavailable when
    the port is taken, Invalid when the public address is none.
    """
    with bound_sockets(settings.host or host, settings.port, tcp=settings.tcp) as bound:
        addresses = await _addresses(settings, bound)
        async with _running_media(settings, bound, addresses, timers) as media:
            yield media


async def _addresses(settings: MediaSettings, bound: BoundSockets) -> tuple[HostPort, ...]:
    """Choose what clients are told; a STUN server is asked where that could change it."""
    reflexive: tuple[str, ...] = ()
    is_local = any(ipaddress.ip_address(host).is_loopback for host in bound.interfaces)
    if settings.stun_server and not settings.public_ip and not is_local:
        reflexive = await ask_stun(settings.stun_server)
    return announced_addresses(settings.public_ip, bound.interfaces, bound.port, reflexive)


@asynccontextmanager
async def _running_media(
    settings: MediaSettings,
    bound: BoundSockets,
    addresses: Sequence[HostPort],
    timers: PeerTimers | None,
) -> AsyncIterator[Media]:
    with _engine(settings, bound) as running:
        door = TcpDoor(running.engine, bound.listeners)
        media = _media(settings, addresses, running.engine, door, timers)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running.run)
            nursery.start_soon(media.run_records)
            nursery.start_soon(media.run_clock)
            nursery.start_soon(media.run_video)
            nursery.start_soon(door.run)
            try:
                await running.wait_started()
                yield media
            finally:
                media.close()
                running.stop()
                with trio.move_on_after(JOIN_DEADLINE_S, shield=True):
                    await running.wait_finished()
                running.abandon_if_stuck()
                nursery.cancel_scope.cancel()
                log.info("voice_port_closed", **{name: n for name, n in media.counters().items() if n})


def _media(
    settings: MediaSettings,
    addresses: Sequence[HostPort],
    engine: Engine,
    door: TcpDoor,
    timers: PeerTimers | None,
) -> Media:
    log.info("voice_port_open", addresses=[f"{host} {port}" for host, port in addresses])
    return Media(
        engine,
        door,
        candidates=candidate_lines(addresses, tcp=settings.tcp),
        slots=settings.slots,
        room_peers=settings.room_peers,
        video_slots=settings.video_slots,
        timers=timers,
    )


class _RunningEngine:
    """An engine and the thread it runs in."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_finished = False
        self._is_stopping = False
        self._shield = trio.CancelScope(shield=True)
        self._finished = trio.Event()

    async def run(self) -> None:
        """Run the media loop in its thread until `stop`; RuntimeError when it ends by itself."""
        try:
            with self._shield:
                await trio.to_thread.run_sync(
                    self.engine.run, limiter=trio.CapacityLimiter(1), abandon_on_cancel=True
                )
                self.is_finished = True
        finally:
            self._finished.set()
        if not self._is_stopping:
            raise RuntimeError("the media loop ended without being asked to")

    async def wait_started(self) -> None:
        """Wait until the loop takes commands, and log what the kernel gave its thread."""
        with trio.fail_after(START_DEADLINE_S):
            await self.engine.settled()
        scheduling = self.engine.scheduling
        if scheduling == "default":
            log.warning("media_thread_unprivileged", hint="CAP_SYS_NICE or LimitRTPRIO would steady voice")
        else:
            log.info("media_thread_running", scheduling=scheduling)

    def stop(self) -> None:
        """Ask the loop to end."""
        self._is_stopping = True
        self.engine.stop()

    async def wait_finished(self) -> None:
        """Wait until the thread is done."""
        await self._finished.wait()

    def abandon_if_stuck(self) -> None:
        """Let go of a thread that does not end; what it uses is then never freed."""
        if not self.is_finished:
            log.error("media_thread_stuck", waited_s=JOIN_DEADLINE_S)
            self._shield.cancel()


def _flow_limit() -> int:
    """Leave most of the process's descriptors to the web side."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FLOWS if soft == resource.RLIM_INFINITY else min(MAX_FLOWS, soft // 4)


@contextmanager
def _engine(settings: MediaSettings, bound: BoundSockets) -> Iterator[_RunningEngine]:
    peers = settings.max_peers + _SPARE_HANDLES
    video_slots = min(peers * settings.video_slots, MAX_VIDEO_SLOTS)
    limits = EngineLimits(
        max_peers=peers,
        max_tracks=peers + MAX_VIDEO_TRACKS + MAX_SOUND_TRACKS,
        max_slots=min(peers * (settings.slots + MAX_SOUNDS), _MAX_SLOTS) + video_slots,
        max_video_tracks=MAX_VIDEO_TRACKS,
        max_video_slots=video_slots,
        max_receivers=2 * settings.room_peers + MAX_WHISPERED,
        max_flows=_flow_limit() if settings.tcp else 0,
        command_depth=COMMAND_DEPTH,
    )
    running = _RunningEngine(Engine(bound.sockets, limits))
    try:
        yield running
    finally:
        if running.is_finished:
            running.engine.close()
