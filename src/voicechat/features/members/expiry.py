"""Timeouts end by themselves: when one has, the member's permissions are looked at again everywhere."""

from __future__ import annotations

import trio

from voicechat.errors import Unavailable
from voicechat.features.members import queries
from voicechat.house import House
from voicechat.logs import get_logger
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged

log = get_logger("members")

NAME = "timeouts"
_ASK_AGAIN_S = 5.0
_GRAIN_S = 0.01  # the database's clock and ours differ a little in pace: rather ask a moment late than twice


class Timeouts:
    """Waits for the end of each timeout; kept in `house.rooms["timeouts"]`, written by this module alone."""

    def __init__(self, house: House, nursery: trio.Nursery) -> None:
        self._house = house
        self._nursery = nursery
        self._waits: dict[tuple[str, str], trio.CancelScope] = {}

    def watch(self, guild_id: str, user_id: str) -> None:
        """Tell when the timeout of a member ends, in place of what was waited for before."""
        before = self._waits.pop((guild_id, user_id), None)
        if before is not None:
            before.cancel("the timeout has changed")
        scope = self._waits[guild_id, user_id] = trio.CancelScope()
        self._nursery.start_soon(self._wait, guild_id, user_id, scope)

    async def _wait(self, guild_id: str, user_id: str, scope: trio.CancelScope) -> None:
        with scope:
            left_s = await self._left_s(guild_id, user_id)
            while left_s > 0:
                await trio.sleep(left_s + _GRAIN_S)
                left_s = await self._left_s(guild_id, user_id)
            self._house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=guild_id, user_id=user_id))
        if self._waits.get((guild_id, user_id)) is scope:
            del self._waits[guild_id, user_id]

    async def _left_s(self, guild_id: str, user_id: str) -> float:
        try:
            return await self._house.db.run(queries.timeout_left_s, guild_id, user_id)
        except Unavailable as problem:
            log.warning("timeout_end_waits", problem=problem.message)
            return _ASK_AGAIN_S


async def run(house: House, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Wait for the ends of all timeouts until cancelled; those that stand already come first."""
    async with trio.open_nursery() as nursery:
        timeouts = house.rooms[NAME] = Timeouts(house, nursery)
        for guild_id, user_id in await house.db.run(queries.timed_out):
            timeouts.watch(guild_id, user_id)
        task_status.started()
        await trio.sleep_forever()


def watch(house: House, guild_id: str, user_id: str) -> None:
    """Tell when this member's timeout, made just now, ends."""
    timeouts = house.rooms[NAME]
    assert isinstance(timeouts, Timeouts)
    timeouts.watch(guild_id, user_id)
