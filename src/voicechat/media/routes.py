"""Tells the engine what the table of rooms decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voicechat.logs import get_logger
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError
from voicechat.rtc.routes import ClearRoute, GatePeer, GateTrack, RouteCommand, SetRoute

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
            track = endpoints[publisher].track
            if track is not None:
                engine.track_mute(track, is_closed)
