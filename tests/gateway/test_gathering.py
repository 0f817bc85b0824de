"""Many who ask the same at the same moment are answered by one question, never by an older one."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from voicechat.gateway import Gathering


class Oracle:
    """Answers with the topic and the user, when it is let; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[str]]] = []
        self.may_answer = trio.Event()
        self.problem: Exception | None = None

    async def answer(self, topic: str, user_ids: Collection[str]) -> dict[str, str]:
        self.asked.append((topic, frozenset(user_ids)))
        await self.may_answer.wait()
        if self.problem is not None:
            raise self.problem
        return {user_id: f"{topic} for {user_id}" for user_id in user_ids if user_id != "stranger"}


async def test_those_who_ask_together_share_one_question() -> None:
    oracle, answers = Oracle(), {}
    gathering = Gathering(oracle.answer)
    oracle.may_answer.set()

    async def ask(topic: str, user_id: str) -> None:
        answers[topic, user_id] = await gathering.ask(topic, user_id)

    async with trio.open_nursery() as nursery:
        for user_id in ("ann", "ben", "ann", "stranger"):
            nursery.start_soon(ask, "a", user_id)
        nursery.start_soon(ask, "b", "ann")
    assert sorted(oracle.asked) == [("a", frozenset({"ann", "ben", "stranger"})), ("b", frozenset({"ann"}))]
    assert answers == {
        ("a", "ann"): "a for ann",
        ("a", "ben"): "a for ben",
        ("a", "stranger"): None,
        ("b", "ann"): "b for ann",
    }


async def test_who_asks_while_a_question_is_out_gets_a_newer_answer() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.answer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gathering.ask, "a", "ann")
        await wait_all_tasks_blocked()
        nursery.start_soon(gathering.ask, "a", "ben")
        await wait_all_tasks_blocked()
        oracle.may_answer.set()
    assert oracle.asked == [("a", frozenset({"ann"})), ("a", frozenset({"ben"}))]


async def test_a_question_is_for_so_many_and_so_many_are_out() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.answer, size=2, at_once=1)
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(gathering.ask, "a", str(number))
        await wait_all_tasks_blocked()
        assert len(oracle.asked) == 1
        oracle.may_answer.set()
    assert sorted(len(user_ids) for _, user_ids in oracle.asked) == [1, 2, 2]


async def test_a_failed_question_fails_for_all_of_its_group_and_for_nobody_after() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    oracle.problem = ValueError("away")
    gathering = Gathering(oracle.answer)
    failed = []

    async def ask(user_id: str) -> None:
        with pytest.raises(ValueError, match="away"):
            await gathering.ask("a", user_id)
        failed.append(user_id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, "ann")
        nursery.start_soon(ask, "ben")
    assert sorted(failed) == ["ann", "ben"]
    oracle.problem = None
    assert await gathering.ask("a", "ann") == "a for ann"


async def test_who_asked_for_all_may_go_and_the_others_are_still_answered() -> None:
    oracle, answers = Oracle(), set()
    gathering = Gathering(oracle.answer, at_once=1)
    first = trio.CancelScope()

    async def ask(user_id: str) -> None:
        answers.add(await gathering.ask("a", user_id))

    async def ask_at_first() -> None:
        with first:
            await ask("ann")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gathering.ask, "b", "bob")  # has the others wait
        await wait_all_tasks_blocked()
        nursery.start_soon(ask_at_first)
        await wait_all_tasks_blocked()
        nursery.start_soon(ask, "ben")
        nursery.start_soon(ask, "cid")
        await wait_all_tasks_blocked()
        first.cancel()
        await wait_all_tasks_blocked()
        oracle.may_answer.set()
    assert answers == {"a for ben", "a for cid"}
    assert oracle.asked[1:] == [("a", frozenset({"ben", "cid"}))]
