"""Moves whoever has been silent in voice for long to the guild's AFK channel, where nobody is heard.

Silence is what the engine hears: no speech, whether the microphone is muted, quiet or absent. The client is
told nothing special: its session ends as `moved`, and the offer for the AFK channel follows.
"""

from __future__ import annotations

import trio

from voicechat import logs
from voicechat.errors import Problem
from voicechat.features.voice import queries, rules, service
from voicechat.features.voice.room import room_of
from voicechat.features.voice.rules import Occupant
from voicechat.house import House

log = logs.get_logger("voice")

EVERY_S = 5.0


async def run(house: House, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Look for the silent every few seconds, until cancelled."""
    task_status.started()
    while True:
        await trio.sleep(EVERY_S)
        try:
            await look(house, trio.current_time())
        except Problem as problem:  # the database is away: the next look will do
            log.info("afk_look_failed", problem=problem.message)
        except Exception:
            log.exception("afk_look_failed")


async def look(house: House, now_s: float) -> None:
    """Move those who have been silent too long at `now_s`."""
    occupancy = room_of(house).occupancy
    guild_ids = {occupant.guild_id for occupant in occupancy}
    if not guild_ids:
        return
    places = await queries.afk_places(house, guild_ids)
    for occupant, channel_id in rules.idle(occupancy, places, now_s):
        if occupancy.of_peer(occupant.peer_id) is occupant:
            await _move(house, occupant, channel_id, now_s)


async def _move(house: House, occupant: Occupant, channel_id: str, now_s: float) -> None:
    """Move one; who may not be there, or finds it full, is left alone for as long again."""
    try:
        await service.move(house, occupant, channel_id)
    except Problem as problem:
        occupant.quiet_since_s = now_s
        log.info("not_moved_to_afk", user=occupant.user.id, problem=problem.message)
