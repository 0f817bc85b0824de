"""Lets the slots of a listener carry as much redundancy as its losses ask for, where its client takes any."""

from __future__ import annotations

from voicechat.logs import get_logger
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError
from voicechat.media.records import Losses
from voicechat.rtc.negotiation import RED_PT

log = get_logger("media")


def follow_losses(engine: Engine, endpoint: Endpoint, losses: Losses, now: float) -> None:
    """Take what the engine tells of a listener's losses, and tell it what follows."""
    answered = endpoint.peer.negotiation.answered
    if answered is None or not (answered.redundant_mids or endpoint.carried):
        return
    distance = endpoint.redundancy.look(now, packets=losses.packets, resent=losses.resent, lost=losses.lost)
    for mid in answered.slot_mids:
        wanted = distance if mid in answered.redundant_mids else 0
        if mid in endpoint.slots and wanted != endpoint.carried.get(mid, 0):
            _carry(engine, endpoint, mid, wanted)


def _carry(engine: Engine, endpoint: Endpoint, mid: str, distance: int) -> None:
    try:
        engine.slot_redundancy(endpoint.slots[mid], pt=RED_PT, distance=distance)
    except EngineError as problem:  # its queue is full: the next second's losses ask again
        log.warning("redundancy_not_changed", peer=endpoint.peer_id, problem=str(problem))
    else:
        endpoint.carried[mid] = distance
