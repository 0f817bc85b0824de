"""One question for many who ask the same at the same moment, as all connections of a guild do after news.

Who asks first waits until everybody who was woken with them has asked too, then asks for them all. So an
answer is never older than the news that made somebody ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

import trio

Topic = TypeVar("Topic", bound=Hashable)
Answer = TypeVar("Answer")

Ask = Callable[[Topic, Collection[str]], Awaitable[Mapping[str, Answer]]]
"""Answers about a topic for several users; who is left out gets None."""


class _Group(Generic[Answer]):
    """Those who wait for one answer; made and asked for by the first of them."""

    def __init__(self) -> None:
        self.user_ids: set[str] = set()
        self.done = trio.Event()
        self.answers: Mapping[str, Answer] | None = None
        self.problem: Exception | None = None


class Gathering(Generic[Topic, Answer]):
    """Gathers those who ask about the same topic; owned by whoever gives `ask`.

    At most `at_once` questions are out at a time, each for at most `size` users: requests come through.
    """

    def __init__(self, ask: Ask[Topic, Answer], *, size: int = 200, at_once: int = 2) -> None:
        self._ask = ask
        self._size = size
        self._limiter = trio.CapacityLimiter(at_once)
        self._open: dict[Topic, _Group[Answer]] = {}

    async def ask(self, topic: Topic, user_id: str) -> Answer | None:
        """Return the answer for one user; raises what the question raised."""
        while True:
            group = self._open.get(topic)
            if group is None or len(group.user_ids) >= self._size:
                return await self._lead(topic, user_id)
            group.user_ids.add(user_id)
            await group.done.wait()
            if group.problem is not None:
                raise group.problem
            if group.answers is not None:
                return group.answers.get(user_id)
            # who asked for the group was cancelled: ask again

    async def _lead(self, topic: Topic, user_id: str) -> Answer | None:
        group = self._open[topic] = _Group[Answer]()
        group.user_ids.add(user_id)
        try:
            async with self._limiter:
                await trio.lowlevel.checkpoint()  # let those who were woken with this one ask too
                self._close(topic, group)
                group.answers = await self._ask(topic, frozenset(group.user_ids))
        except Exception as problem:
            group.problem = problem
            raise
        finally:
            self._close(topic, group)
            group.done.set()
        return group.answers.get(user_id)

    def _close(self, topic: Topic, group: _Group[Answer]) -> None:
        """Let nobody else into the group."""
        if self._open.get(topic) is group:
            del self._open[topic]
