"""Token buckets: exact in Redis, the same rule in memory, and one standing in for the other."""

from __future__ import annotations

import pytest
import trio

from voicechat.bus import Bus
from voicechat.bus.buckets import MAX_LOCAL_BUCKETS, LocalBuckets


async def test_a_full_bucket_grants_its_capacity_and_not_one_more(bus: Bus) -> None:
    grants = [await bus.take("login", capacity=10, per_s=0.001) for _ in range(11)]

    assert [grant.allowed for grant in grants] == [True] * 10 + [False]
    assert [round(grant.remaining) for grant in grants] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert grants[-1].retry_after_s == pytest.approx(1000, rel=0.01)


async def test_takers_at_the_same_time_share_one_bucket(bus: Bus) -> None:
    allowed = []

    async def take_some() -> None:
        for _ in range(10):
            grant = await bus.take("shared", capacity=25, per_s=0.001)
            allowed.append(grant.allowed)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(take_some)

    assert sum(allowed) == 25


async def test_a_cost_is_taken_whole_or_not_at_all(bus: Bus) -> None:
    assert (await bus.take("heavy", capacity=5, per_s=0.001, cost=3)).allowed
    refused = await bus.take("heavy", capacity=5, per_s=0.001, cost=3)
    assert (refused.allowed, round(refused.remaining)) == (False, 2)
    assert (await bus.take("heavy", capacity=5, per_s=0.001, cost=2)).allowed


def test_local_buckets_refill_evenly_up_to_their_capacity() -> None:
    buckets = LocalBuckets()
    for _ in range(4):
        assert buckets.take("b", capacity=4, per_s=2, cost=1, now_s=0).allowed
    refused = buckets.take("b", capacity=4, per_s=2, cost=1, now_s=0)
    assert (refused.allowed, refused.retry_after_s) == (False, 0.5)
    assert buckets.take("b", capacity=4, per_s=2, cost=1, now_s=0.5).allowed
    assert not buckets.take("b", capacity=4, per_s=2, cost=1, now_s=0.5).allowed
    assert buckets.take("b", capacity=4, per_s=2, cost=4, now_s=1000).remaining == 0


def test_local_buckets_are_bounded_and_forget_what_says_nothing_first() -> None:
    buckets = LocalBuckets()
    buckets.take("spent", capacity=2, per_s=0.0001, cost=2, now_s=0)
    for number in range(MAX_LOCAL_BUCKETS):
        buckets.take(f"full-{number}", capacity=1, per_s=1000, cost=1, now_s=number / 100)
    assert len(buckets) <= MAX_LOCAL_BUCKETS
    assert not buckets.take("spent", capacity=2, per_s=0.0001, cost=1, now_s=200).allowed
