"""Reads how well everybody is connected every few seconds, and writes it down every half minute.

Writes are bounded: one point for each person in half a minute, all of them in two statements. While the
database is away nothing is kept for it: what could not be written is lost.
"""

from __future__ import annotations

import trio

from voicechat import logs
from voicechat.errors import NotFound, Problem
from voicechat.features.quality import queries
from voicechat.features.quality.rules import Ledger, Point, Stay
from voicechat.features.quality.service import KEPT_DAYS
from voicechat.house import House

log = logs.get_logger("quality")

READ_EVERY_S = 5.0
WRITE_EVERY_S = 30.0
SWEEP_EVERY_S = 3600.0
_LAST_WRITE_S = 2.0


async def run(house: House, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Follow the connections of this node until cancelled; what was measured last is written down then."""
    ledger = Ledger()
    task_status.started()
    try:
        await _follow(house, ledger)
    finally:
        with trio.move_on_after(_LAST_WRITE_S, shield=True):
            await _write(house, ledger)


async def _follow(house: House, ledger: Ledger) -> None:
    write_at_s = trio.current_time() + WRITE_EVERY_S
    sweep_at_s = trio.current_time()
    while True:
        await trio.sleep(READ_EVERY_S)
        await _read(house, ledger)
        if trio.current_time() >= write_at_s:
            await _write(house, ledger)
            write_at_s = trio.current_time() + WRITE_EVERY_S
        if trio.current_time() >= sweep_at_s:
            await _sweep(house)
            sweep_at_s = trio.current_time() + SWEEP_EVERY_S


async def _read(house: House, ledger: Ledger) -> None:
    """Read everybody's counters, a person at a time so that nothing else waits for all of them."""
    for peer in house.media.connected():
        try:
            ledger.read(peer, house.media.stats(peer.peer_id), trio.current_time())
        except NotFound:  # went meanwhile
            pass
        await trio.lowlevel.checkpoint()


async def _write(house: House, ledger: Ledger) -> None:
    now_s = trio.current_time()
    measured = [_measured(stay, point, now_s) for stay, point in ledger.due()]
    if not measured:
        return
    ledger.forget(peer.peer_id for peer in house.media.connected())
    try:
        await house.db.transaction(queries.keep, measured)
    except Problem as problem:
        log.warning("quality_not_kept", sessions=len(measured), problem=problem.message)
    except Exception:
        log.exception("quality_not_kept", sessions=len(measured))


def _measured(stay: Stay, point: Point, now_s: float) -> queries.Measured:
    return queries.Measured(
        stay.peer.peer_id,
        stay.peer.user_id,
        stay.peer.room_id,
        now_s - stay.began_s,
        now_s - stay.seen_s,
        point.rtt_ms,
        point.loss_up_percent,
        point.loss_down_percent,
        point.jitter_up_ms,
        point.jitter_down_ms,
        point.quality,
    )


async def _sweep(house: House) -> None:
    try:
        await house.db.run(queries.sweep, KEPT_DAYS)
    except Problem as problem:
        log.info("quality_not_swept", problem=problem.message)
