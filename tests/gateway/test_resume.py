"""A socket is lost while events flow, and comes back: each event arrives exactly once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import trio

import voicechat.gateway.endpoint as endpoint
from tests.gateway.rooms import CHANNEL, GUILD, Client, World, number_of, open_world
from tests.support.site import make_caller
from voicechat.ids import new_id
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, SessionEnded
from voicechat.settings import GatewaySettings, LimitSettings


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(limits=LimitSettings(enabled=False)) as world:
        yield world


async def lose(world: World) -> tuple[str, int]:
    """Open a session and lose its socket; returns its id and the last seq seen."""
    async with world.socket() as client:
        session_id = await client.ready()
        await client.drop()
    await world.rooms.wait_told("lost")
    return session_id, client.seq


async def resume(client: Client, session_id: str, seq: int) -> list[dict[str, Any]]:
    """Resume; returns the missed frames. Fails when the server does not agree."""
    await client.send("resume", session_id=session_id, seq=seq)
    missed = []
    while (frame := await client.next())["type"] != "resumed":
        assert frame["type"] != "resume_failed", frame
        missed.append(frame)
    assert frame["replayed"] == len(missed)
    return missed


async def test_missed_frames_come_in_order_then_resumed_then_what_is_new(world: World) -> None:
    session_id, seq = await lose(world)
    world.publish(1, 2, 3)
    async with world.socket() as client:
        missed = await resume(client, session_id, seq)
        assert [number_of(frame) for frame in missed] == [1, 2, 3]
        world.publish(4)
        assert number_of(await client.expect("message_delete")) == 4
        assert [frame["seq"] for frame in missed] == [seq + 1, seq + 2, seq + 3]
        assert client.seq == seq + 5
    assert [name for name, _ in world.rooms.told][:3] == ["connected", "lost", "resumed"]


async def test_frames_that_were_sent_but_not_seen_are_sent_again(world: World) -> None:
    async with world.socket() as client:
        session_id = await client.ready()
        world.publish(1, 2)
        await client.next()
        await client.next()
        await client.drop()
    await world.rooms.wait_told("lost")
    async with world.socket() as client:
        assert [number_of(frame) for frame in await resume(client, session_id, 2)] == [2]


@pytest.fixture
async def roomy_world() -> AsyncIterator[World]:
    gateway = GatewaySettings(outbox_events=10_000, replay_events=10_000)
    async with open_world(gateway=gateway, limits=LimitSettings(enabled=False)) as world:
        yield world


async def test_each_event_arrives_once_however_often_the_socket_breaks(roomy_world: World) -> None:
    world = roomy_world
    seen: list[tuple[int, int]] = []
    total = 3000
    async with world.socket() as client:
        session_id = await client.ready()
        seq = client.seq
        await client.drop()

    async def publish() -> None:
        for number in range(total):
            world.publish(number)
            if number % 20 == 0:
                await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        with trio.fail_after(30):
            while len(seen) < total:
                async with world.socket() as client:
                    await client.send("resume", session_id=session_id, seq=seq)
                    for _ in range(150):
                        with trio.move_on_after(0.5):
                            frame = await client.next()
                            seq = frame["seq"]
                            if frame["type"] == "message_delete":
                                seen.append((seq, number_of(frame)))
                                continue
                            assert frame["type"] == "resumed", frame
                        if len(seen) == total:
                            break
                    await client.drop()
    assert {kind for kind, _ in world.rooms.told} >= {"lost", "resumed"}
    assert [number for _, number in seen] == list(range(total))
    assert all(first < second for (first, _), (second, _) in pairwise(seen))


async def test_a_resume_that_comes_late_still_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id, seq = await lose(world)
    world.publish(1)
    monkeypatch.setattr(endpoint, "_FIRST_FRAME_S", 0)
    async with world.socket() as client:
        assert await client.ready() != session_id
        assert [number_of(frame) for frame in await resume(client, session_id, seq)] == [1]
        await client.send("ping")
        await client.expect("pong")
    assert world.gateway.session_count == 1


async def test_resume_takes_the_session_from_a_socket_that_still_seems_open(world: World) -> None:
    async with world.socket() as old:
        session_id = await old.ready()
        world.publish(1)
        async with world.socket() as client:
            assert [number_of(frame) for frame in await resume(client, session_id, 1)] == [1]
            assert await old.closed() == 1001
            world.publish(2)
            assert number_of(await client.expect("message_delete")) == 2
            assert world.rooms.told == [("connected", session_id)]


async def failed(client: Client, session_id: str, seq: int) -> str:
    """Try to resume; expects a refusal and a fresh `ready`, returns the reason."""
    await client.send("resume", session_id=session_id, seq=seq)
    reason = str((await client.expect("resume_failed"))["reason"])
    assert await client.ready() != session_id
    await client.send("ping")
    await client.expect("pong")
    return reason


async def test_an_unknown_session_fails_and_a_fresh_one_is_ready(world: World) -> None:
    async with world.socket() as client:
        assert await failed(client, new_id(), 1) == "unknown_session"


async def test_a_late_resume_of_an_unknown_session_fails_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "_FIRST_FRAME_S", 0)
    async with world.socket() as client:
        await client.ready()
        assert await failed(client, new_id(), 1) == "unknown_session"


@pytest.mark.parametrize("seq", [0, 1, 10_000])
async def test_a_seq_that_is_not_held_fails(seq: int) -> None:
    async with open_world(gateway=GatewaySettings(replay_events=10)) as world:
        session_id, _ = await lose(world)
        world.publish(*range(100))
        async with world.socket() as client:
            assert await failed(client, session_id, seq) == "seq_not_held"


async def test_too_much_missed_fails() -> None:
    async with open_world(gateway=GatewaySettings(outbox_events=10)) as world:
        session_id, seq = await lose(world)
        world.publish(*range(100))
        async with world.socket() as client:
            assert await failed(client, session_id, seq) == "too_much_missed"


async def test_another_person_or_login_cannot_take_a_session(world: World) -> None:
    session_id, seq = await lose(world)
    world.people.callers["same-person"] = make_caller("ann", user_id=world.caller.user_id)
    for token in (world.people.add("ben"), "same-person"):
        async with world.socket(token=token) as client:
            assert await failed(client, session_id, seq) == "unknown_session"


async def test_the_session_ends_when_nobody_comes_back(world: World) -> None:
    async with open_world(gateway=GatewaySettings(resume_window_s=0.1)) as world:
        session_id, seq = await lose(world)
        await world.rooms.wait_told("ended")
        assert world.gateway.session_count == 0
        async with world.socket() as client:
            assert await failed(client, session_id, seq) == "unknown_session"


async def test_a_login_revoked_meanwhile_ends_the_session(world: World) -> None:
    session_id, seq = await lose(world)
    news = SessionEnded(user_id=world.caller.user_id, session_id=world.caller.session_id)
    world.house.hub.publish(NEWS_TOPIC, news)
    await world.rooms.wait_told("ended")
    async with world.socket() as client:
        assert await failed(client, session_id, seq) == "unknown_session"


async def test_what_is_lost_meanwhile_is_not_replayed(world: World) -> None:
    session_id, seq = await lose(world)
    world.rooms.topics = {f"guild:{GUILD}"}
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    await world.rooms.wait_occurrence()
    world.publish(1)
    async with world.socket() as client:
        assert await resume(client, session_id, seq) == []


async def test_resume_is_the_first_frame_or_an_error(world: World) -> None:
    async with world.socket() as client:
        session_id = await client.ready()
        await client.send("ping")
        await client.expect("pong")
        await client.send("resume", session_id=session_id, seq=1, ref="r")
        error = await client.expect("error")
        assert (error["code"], error["in_reply_to"], error["ref"]) == ("INVALID", "resume", "r")


async def test_waiting_sessions_make_room_for_new_sockets() -> None:
    limits = LimitSettings(connections_per_user=2, enabled=False)
    async with open_world(limits=limits) as world:
        for _ in range(5):
            async with world.socket() as client:
                await client.ready()
                await client.drop()
            with trio.fail_after(5):
                while world.gateway.socket_count:
                    await trio.lowlevel.checkpoint()
        with trio.fail_after(5):
            while world.gateway.session_count > 3:
                await trio.lowlevel.checkpoint()
        assert CHANNEL
