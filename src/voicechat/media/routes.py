"""Tells the engine what the table of rooms and their stages decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voicechat.logs import get_logger
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError
from voicechat.rtc.routes import (
    ClearRoute,
    GatePeer,
    GateSound,
    GateTrack,
    PlaySound,
    RouteCommand,
    SetRoute,
    ShowStream,
)

log = get_logger("media")


def mirror(engine: Engine, endpoints: Mapping[str, Endpoint], commands: Iterable[RouteCommand]) -> int:
    """Queue the commands in their order; return how many the engine refused."""
    refused = 0
    for command in commands:
        try:
            _queue(engine, endpoints, command)
        except EngineError as problem:  # only a stuck media thread lets its queue fill
            refused += 1
            log.error("route_not_changed", problem=str(problem))
    return refused


def _queue(engine: Engine, endpoints: Mapping[str, Endpoint], command: RouteCommand) -> None:
    match command:
        case SetRoute(subscriber, mid, publisher, is_late):
            track = endpoints[publisher].track
            if track is not None:
                engine.route_set(endpoints[subscriber].slots[mid], track, look_back=is_late)
        case ClearRoute(subscriber, mid):
            engine.route_clear(endpoints[subscriber].slots[mid])
        case GatePeer(subscriber, is_closed):
            engine.peer_deafen(endpoints[subscriber].handle, is_closed)
        case GateTrack(publisher, is_closed):
            _gate(engine, endpoints[publisher].track, is_closed)
        case ShowStream(subscriber, mid, layer=None):
            engine.route_clear(endpoints[subscriber].slots[mid])
        case ShowStream(subscriber, mid, publisher, source, layer):
            _feed(engine, endpoints[subscriber].slots[mid], endpoints[publisher].track_of(source, layer))
        case PlaySound(subscriber, mid, publisher, source):
            _feed(engine, endpoints[subscriber].slots[mid], endpoints[publisher].track_of(source, None))
        case GateSound(publisher, source, is_closed):
            _gate(engine, endpoints[publisher].track_of(source, None), is_closed)


def _feed(engine: Engine, slot: int, track: int | None) -> None:
    if track is not None:
        engine.route_set(slot, track)


def _gate(engine: Engine, track: int | None, is_closed: bool) -> None:
    if track is not None:
        engine.track_mute(track, is_closed)
