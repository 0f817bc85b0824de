"""The slots a viewer takes pictures and sounds on, as slots of the engine."""

from __future__ import annotations

from voicechat.logs import get_logger
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError
from voicechat.rtc.negotiation import OPUS_CLOCK_RATE, STEREO_PT, Answer, SoundSlotLine, VideoSlotLine

log = get_logger("media")

_REPORTS_WITHIN_US = 2_000_000  # of one another: a slot that is quiet is not reported

_NEWS = 0.1  # of what was wanted before: rates are measured, and never stand still

# Within which bounds a viewer's network is estimated, and what it is taken to carry at first.
MIN_ESTIMATE, START_ESTIMATE, MAX_ESTIMATE = 100_000, 2_000_000, 100_000_000


def add_slots(engine: Engine, endpoint: Endpoint, answer: Answer) -> None:
    """Let the engine have the slots that a client takes; those it has already stay.

    What it has no room for is left out.
    """
    reports_arrivals = {slot.mid: slot.reports_arrivals for slot in answer.video_slots}
    takes_rtx = {slot.mid: slot.takes_rtx for slot in answer.video_slots}
    taken = {*takes_rtx, *answer.sound_mids} - endpoint.slots.keys()
    for line in endpoint.peer.offer.later:
        try:
            match line:
                case VideoSlotLine(mid, ssrc, rtx_ssrc) if mid in taken:
                    endpoint.slots[mid] = engine.video_slot_add(
                        endpoint.handle,
                        ssrc=ssrc,
                        rtx_ssrc=rtx_ssrc if takes_rtx[mid] else 0,
                        cname=endpoint.peer.offer.cname,
                    )
                    endpoint.pictures.append(endpoint.slots[mid])
                case SoundSlotLine(mid, ssrc) if mid in taken:
                    endpoint.slots[mid] = engine.slot_add(
                        endpoint.handle,
                        ssrc=ssrc,
                        pt=STEREO_PT,
                        cname=endpoint.peer.offer.cname,
                        clock_rate=OPUS_CLOCK_RATE,
                    )
                case _:
                    pass
        except EngineError as problem:
            log.warning("slot_refused", peer=endpoint.peer_id, problem=str(problem))
            break
    if any(reports_arrivals.values()) and not endpoint.is_numbered:
        endpoint.is_numbered = True
        engine.peer_estimate(
            endpoint.handle, min_bps=MIN_ESTIMATE, start_bps=START_ESTIMATE, max_bps=MAX_ESTIMATE
        )


def want(engine: Engine, endpoint: Endpoint, bits_per_s: float) -> None:
    """Say how much would be of use to a viewer (0: nothing more): where less is known, it is probed."""
    wanted, before = int(bits_per_s), endpoint.wanted
    is_news = not wanted or not before or abs(wanted - before) > _NEWS * before
    if not (endpoint.is_numbered and wanted != before and is_news):
        return
    try:
        engine.peer_want(endpoint.handle, wanted)
    except EngineError as problem:  # its queue is full: the next look asks again
        log.warning("wish_not_told", peer=endpoint.peer_id, problem=str(problem))
    else:
        endpoint.wanted = wanted


def look_at_reports(engine: Engine, endpoint: Endpoint, now: float) -> None:
    """Note what a viewer was sent of its videos, and the losses it reports of them."""
    slots = [stats for slot in endpoint.pictures if (stats := engine.slot_stats(slot)) is not None]
    newest = max((slot.reported_us for slot in slots), default=0)
    recent = [slot for slot in slots if newest and newest - slot.reported_us < _REPORTS_WITHIN_US]
    endpoint.capacity.look(
        now,
        sent_bytes=sum(slot.bytes for slot in slots),
        lost=max((slot.fraction_lost for slot in recent), default=0) / 256,
        reported_us=newest,
    )
