"""What a client of the WebSocket sees, from the handshake to the close."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import trio
import trio_websocket
from trio.testing import wait_all_tasks_blocked

import voicechat.web.guard as guard
from tests.gateway.rooms import CHANNEL, GUILD, SECRET, Client, World, number_of, open_world
from tests.support.site import make_caller
from voicechat.errors import Unauthenticated, Unavailable
from voicechat.gateway import Scope, keeper
from voicechat.house import Caller, House
from voicechat.ids import new_id
from voicechat.protocol.gateway import SUBPROTOCOL, TOKEN_PREFIX
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, GuildLeft, SessionEnded
from voicechat.settings import GatewaySettings, LimitSettings


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with world.socket() as client:
        await client.ready()
        yield client


def handshake(token: str, *headers: str) -> bytes:
    """The bytes of a client's handshake."""
    lines = (
        "GET /ws HTTP/1.1",
        "Host: voice.example",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
        f"Sec-WebSocket-Protocol: {TOKEN_PREFIX}{token}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode()


# Handshake


async def test_ready_comes_first_and_says_who_you_are(world: World) -> None:
    async with world.socket() as client:
        ready = await client.expect("ready")
        assert client.websocket.subprotocol == SUBPROTOCOL
    assert (ready["seq"], ready["user_id"]) == (1, world.caller.user_id)
    assert ready["heartbeat_interval_s"] == 20.0


async def test_an_offer_of_the_token_alone_is_echoed(world: World) -> None:
    async with world.socket(TOKEN_PREFIX + world.token) as client:
        await client.ready()
        assert client.websocket.subprotocol == TOKEN_PREFIX + world.token


@pytest.mark.parametrize("offer", [(SUBPROTOCOL,), (SUBPROTOCOL, TOKEN_PREFIX), ("other.v2",)])
async def test_without_a_token_the_socket_closes_with_4001(world: World, offer: tuple[str, ...]) -> None:
    async with world.socket(*offer) as client:
        assert await client.closed() == 4001


async def test_a_bad_token_closes_with_4001(world: World) -> None:
    async with world.socket(token="forged") as client:
        assert await client.closed() == 4001


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Unauthenticated("over", code="SESSION_REVOKED"), 4003),
        (Unauthenticated("late", code="TOKEN_EXPIRED"), 4001),
        (Unavailable("the database is away"), 1012),
        (RuntimeError("a bug"), 1011),
    ],
)
async def test_why_authentication_failed_decides_the_code(
    world: World, monkeypatch: pytest.MonkeyPatch, problem: Exception, code: int
) -> None:
    async def refuse(house: object, token: str) -> Any:
        raise problem

    monkeypatch.setattr(world.gateway, "_authenticate", refuse)
    async with world.socket() as client:
        assert await client.closed() == code


async def test_a_page_of_another_site_is_refused(world: World) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", world.site.port) as stream:
        await stream.send_all(handshake(world.token, "Origin: https://evil.example"))
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 403")
    async with world.socket(origin=world.site.url) as client:
        await client.ready()


async def test_the_token_is_never_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with world.socket() as client:
        await client.ready()
    async with world.socket(token="forged-token") as client:
        await client.closed()
    assert world.token not in caplog.text
    assert "forged-token" not in caplog.text


async def test_so_many_sockets_of_one_account_and_no_more() -> None:
    async with open_world(limits=LimitSettings(connections_per_user=2)) as world:
        async with world.socket() as first, world.socket() as second:
            await first.ready()
            await second.ready()
            async with world.socket() as third:
                assert await third.closed() == 4008
            async with world.socket(token=world.people.add("ben")) as other:
                await other.ready()


async def test_so_many_sockets_in_all_and_no_more() -> None:
    async with open_world(limits=LimitSettings(connections_total=1)) as world:
        async with world.socket() as first:
            await first.ready()
            async with world.socket(token=world.people.add("ben")) as second:
                assert await second.closed() == 4008


async def test_a_login_that_ends_while_the_session_opens_gets_no_session(world: World) -> None:
    def revoke(house: Any, caller: Any) -> None:
        house.hub.publish(NEWS_TOPIC, SessionEnded(user_id=caller.user_id, session_id=caller.session_id))

    world.rooms.while_opening = revoke
    async with world.socket() as client:
        assert await client.closed() == 4003


async def test_rooms_are_told_of_the_end_after_the_beginning(world: World) -> None:
    async def revoke(house: House, caller: Caller) -> None:
        house.hub.publish(NEWS_TOPIC, SessionEnded(user_id=caller.user_id, session_id=caller.session_id))
        await wait_all_tasks_blocked()

    world.rooms.while_connecting = revoke
    async with world.socket() as client:
        assert await client.closed() == 4003
        await world.rooms.wait_told("ended")
    assert [name for name, _ in world.rooms.told] == ["connected", "ended"]


async def test_a_client_that_goes_while_its_session_opens_leaves_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_again = trio.Event()
    callers = iter([world.caller])

    async def authenticate(house: object, token: str) -> Any:
        if caller := next(callers, None):
            return caller
        asked_again.set()
        await trio.sleep_forever()
        raise AssertionError("unreachable")

    monkeypatch.setattr(world.gateway, "_authenticate", authenticate)
    async with world.socket() as client:
        with trio.fail_after(5):
            await asked_again.wait()
        await client.drop()
        await world.rooms.wait_told("ended")
    assert world.gateway.session_count == 0


async def test_an_error_while_its_session_opens_leaves_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = iter([world.caller])

    async def authenticate(house: object, token: str) -> Any:
        return next(callers)

    monkeypatch.setattr(world.gateway, "_authenticate", authenticate)
    async with world.socket() as client:
        assert await client.closed() == 1011
        await world.rooms.wait_told("ended")
    assert world.gateway.session_count == 0


async def test_what_is_published_while_the_snapshot_is_made_comes_after_ready(world: World) -> None:
    world.rooms.while_opening = lambda house, caller: world.publish(7)
    async with world.socket() as client:
        await client.ready()
        assert number_of(await client.expect("message_delete")) == 7


async def test_a_failing_snapshot_closes_and_leaves_no_session(world: World) -> None:
    world.rooms.problem = RuntimeError("the rooms are on fire")
    async with world.socket() as client:
        assert await client.closed() == 1011
    await world.rooms.wait_told("ended")
    assert world.gateway.session_count == 0


# Commands


async def test_ping_is_answered_with_its_ref(client: Client) -> None:
    await client.send("ping", ref="a1")
    assert (await client.expect("pong"))["ref"] == "a1"
    await client.send("ping")
    assert "ref" not in await client.expect("pong")


async def test_every_frame_is_numbered_without_gaps(world: World, client: Client) -> None:
    world.publish(*range(50))
    assert [(await client.next())["seq"] for _ in range(50)] == list(range(2, 52))


async def test_a_command_reaches_its_room(client: Client) -> None:
    await client.send("typing", channel_id=CHANNEL)
    assert (await client.expect("typing_start"))["username"] == "ann"


async def test_a_refusal_names_the_command_and_its_ref(client: Client) -> None:
    await client.send("subscribe", channel_id=SECRET, ref="r")
    error = await client.expect("error")
    assert (error["code"], error["in_reply_to"], error["ref"]) == ("NOT_FOUND", "subscribe", "r")


async def test_a_bug_is_told_without_its_secrets_and_the_socket_lives(client: Client) -> None:
    await client.send("stop_typing", channel_id=CHANNEL)
    error = await client.expect("error")
    assert error["code"] == "INTERNAL"
    assert "secret" not in error["message"]
    await client.send("ping")
    await client.expect("pong")


@pytest.mark.parametrize(
    ("frame", "code", "in_reply_to"),
    [
        ('{"type":"fly","ref":"r"}', "UNKNOWN_COMMAND", "fly"),
        ('{"type":"typing","ref":"r"}', "INVALID", "typing"),
        ('{"type":"typing","channel_id":"x","ref":"r"}', "INVALID", "typing"),
        ('{"type":"ping","ref":"r","extra":1}', "INVALID", "ping"),
        ('{"type":"resume","session_id":"x","seq":-1,"ref":"r"}', "INVALID", "resume"),
        ('{"type":7,"ref":"r"}', "INVALID", None),
        ('{"ref":"r"}', "INVALID", None),
    ],
)
async def test_json_that_is_no_command_is_an_error(
    client: Client, frame: str, code: str, in_reply_to: str | None
) -> None:
    await client.send_raw(frame)
    error = await client.expect("error")
    assert (error["code"], error.get("in_reply_to"), error["ref"]) == (code, in_reply_to, "r")


@pytest.mark.parametrize("frame", ["[]", "5", "null", '"text"', '{"type":"ping","ref":""}', "{}"])
async def test_other_json_is_an_error_without_a_ref(client: Client, frame: str) -> None:
    await client.send_raw(frame)
    assert "ref" not in await client.expect("error")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", 1007),
        ("", 1007),
        ("hello", 1007),
        ('{"type":"ping"} trailing', 1007),
        ("[" * 10_000, 1007),
        (b'{"type":"ping"}', 1007),
        (b"", 1007),
        ('{"type":"ping","ref":"' + "x" * 16_400 + '"}', 1009),
        ('{"type":"ping","ref":"' + "€" * 6_000 + '"}', 1009),
    ],
)
async def test_what_no_client_sends_closes_the_socket(client: Client, frame: str | bytes, code: int) -> None:
    await client.send_raw(frame)
    assert await client.closed() == code


def _answer(size: int, **fields: Any) -> str:
    """Make a `voice_answer` of so many bytes."""
    frame = {"type": "voice_answer", "channel_id": CHANNEL, **fields, "sdp": "v"}
    missing = size - len(msgspec.json.encode(frame))
    padded = msgspec.json.encode({**frame, "sdp": "v" * (missing + 1)})
    return padded.decode()


@pytest.mark.parametrize("size", [16_384, 16_385, 60_000])
async def test_an_sdp_answer_may_be_large(client: Client, size: int) -> None:
    await client.send_raw(_answer(size))
    await client.expect("voice_connected")


async def test_a_large_answer_with_a_fault_is_refused_and_the_socket_lives(client: Client) -> None:
    await client.send_raw(_answer(20_000, revision=0, ref="r"))
    error = await client.expect("error")
    assert (error["code"], error["in_reply_to"], error["ref"]) == ("INVALID", "voice_answer", "r")
    await client.send_raw(_answer(65_536))  # its sdp is too long, the frame is not
    assert (await client.expect("error"))["code"] == "INVALID"


@pytest.mark.parametrize(
    "frame",
    [
        _answer(65_537),
        '{"type":"ping"' + " " * 16_384 + "}",
        '{"type":"typing","channel_id":"' + CHANNEL + '"}' + " " * 16_384,
        '{"type":"fly","to":"' + "x" * 16_384 + '"}',
        '{"type":"voice_answer","type":"ping"' + " " * 16_384 + "}",
        '{"type":"voice_answer","sdp":"' + "x" * 16_384,
        "[" * 20_000,
        "€" * 6_000,
    ],
)
async def test_nothing_else_may(client: Client, frame: str) -> None:
    await client.send_raw(frame)
    assert await client.closed() == 1009


async def test_the_same_as_the_very_first_frame(world: World) -> None:
    async with world.socket() as client:
        await client.send_raw("hello")
        assert await client.closed() == 1007


async def test_a_command_may_come_before_ready(world: World) -> None:
    async with world.socket() as client:
        await client.send("ping", ref="early")
        await client.ready()
        assert (await client.expect("pong"))["ref"] == "early"


async def test_a_flood_is_refused_then_closed_with_4008(client: Client) -> None:
    async def flood() -> None:
        try:
            for _ in range(300):
                await client.send("ping")
        except trio_websocket.ConnectionClosed:
            pass

    kinds = set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        with pytest.raises(trio_websocket.ConnectionClosed) as closed:
            while True:
                kinds.add((await client.next())["type"])
    assert closed.value.reason is not None
    assert closed.value.reason.code == 4008
    assert kinds == {"pong", "error"}


async def test_subscribing_and_unsubscribing(world: World, client: Client) -> None:
    await client.send("unsubscribe", channel_id=CHANNEL)
    await client.expect("unsubscribed")
    world.publish(1)
    await client.send("subscribe", channel_id=CHANNEL)
    await client.expect("subscribed")
    world.publish(2)
    assert number_of(await client.expect("message_delete")) == 2


async def test_a_channel_lost_while_it_is_subscribed_to_is_lost(world: World, client: Client) -> None:
    hidden = f"channel:{SECRET}"
    world.rooms.topics.add(hidden)

    async def lose() -> None:
        """The answer is from before the loss, which is acted upon before the answer arrives."""
        world.rooms.topics.remove(hidden)
        world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
        await world.rooms.wait_occurrence()

    world.rooms.while_subscribing = lose
    await client.send("subscribe", channel_id=SECRET)
    await client.expect("subscribed")
    await wait_all_tasks_blocked(0.05)
    assert world.house.hub.follower_count(hidden) == 0


async def test_unsubscribed_stays_so_when_something_else_changes(world: World, client: Client) -> None:
    await client.send("unsubscribe", channel_id=CHANNEL)
    await client.expect("unsubscribed")
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    await world.rooms.wait_occurrence()
    world.publish(1)
    await client.send("ping")
    await client.expect("pong")


# News


async def test_losing_a_channel_ends_its_messages_and_gaining_it_brings_them(
    world: World, client: Client
) -> None:
    world.rooms.topics = {f"guild:{GUILD}"}
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    await world.rooms.wait_occurrence()
    world.publish(1)
    world.rooms.topics = {f"guild:{GUILD}", f"channel:{CHANNEL}"}
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD, user_id=world.caller.user_id))
    await world.rooms.wait_occurrence()
    world.publish(2)
    assert number_of(await client.expect("message_delete")) == 2
    changes = [(set(change.gained), set(change.lost)) for change in world.rooms.changes]
    assert changes == [(set(), {f"channel:{CHANNEL}"}), ({f"channel:{CHANNEL}"}, set())]


async def test_what_concerns_many_is_asked_once_and_where_it_happened_alone(world: World) -> None:
    async with world.socket() as ann, world.socket(token=world.people.add("ben")) as ben:
        await ann.ready()
        await ben.ready()
        world.rooms.topics = {f"channel:{SECRET}"}
        world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD, channel_id=SECRET))
        while len(world.rooms.changes) < 2:
            await world.rooms.wait_occurrence()
        users = frozenset(caller.user_id for caller in world.people.callers.values())
        assert world.rooms.questions == [(Scope(GUILD, SECRET), users)]
        for change in world.rooms.changes:
            assert (change.gained, change.lost) == ({f"channel:{SECRET}"}, frozenset())
        world.publish(1)  # in the channel that was not asked about
        assert number_of(await ann.expect("message_delete")) == 1
        assert number_of(await ben.expect("message_delete")) == 1


async def test_news_of_others_change_nothing(world: World, client: Client) -> None:
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD, user_id=new_id()))
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=new_id()))
    world.house.hub.publish(NEWS_TOPIC, GuildLeft(guild_id=GUILD, user_id=None, reason="deleted"))
    await world.rooms.wait_occurrence()
    assert [type(change.news) for change in world.rooms.changes] == [GuildLeft]


async def test_after_a_gap_in_the_news_everybody_is_asked_about_again(world: World, client: Client) -> None:
    world.rooms.topics = set()
    world.house.hub.report_gap()
    await world.rooms.wait_occurrence()
    assert [change.news for change in world.rooms.changes] == [None]
    assert world.rooms.changes[0].lost == {f"guild:{GUILD}", f"channel:{CHANNEL}"}


async def test_who_cannot_be_told_what_they_may_see_sees_nothing(world: World, client: Client) -> None:
    world.rooms.problem = RuntimeError("the rooms are on fire")
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    assert await client.closed() == 1011
    await world.rooms.wait_told("ended")


async def test_a_database_that_is_away_for_a_moment_ends_no_session(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_ASK_AGAIN_S", 0.01)
    world.rooms.problem = Unavailable("the database is away")
    world.rooms.topics.add(f"channel:{SECRET}")
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    await world.rooms.wait_occurrence()
    world.rooms.problem = None
    while not world.rooms.changes:
        await world.rooms.wait_occurrence()
    assert world.rooms.changes[0].gained == {f"channel:{SECRET}"}
    await client.send("ping")
    await client.expect("pong")


async def test_a_database_that_stays_away_ends_the_session(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_PATIENCE_S", 0.0)
    world.rooms.problem = Unavailable("the database is away")
    world.house.hub.publish(NEWS_TOPIC, AccessChanged(guild_id=GUILD))
    assert await client.closed() == 1011


async def test_a_revoked_login_is_told_and_closed_with_4003(world: World, client: Client) -> None:
    login = world.caller.session_id
    other = make_caller("ann", user_id=world.caller.user_id)
    world.people.callers["second"] = other
    async with world.socket(token="second") as second:
        await second.ready()
        news = SessionEnded(user_id=world.caller.user_id, session_id=login, reason="logout")
        world.house.hub.publish(NEWS_TOPIC, news)
        revoked = await client.expect("session_revoked")
        assert (revoked["session_id"], revoked["reason"]) == (login, "logout")
        assert await client.closed() == 4003
        await second.send("ping")
        await second.expect("pong")


async def test_all_logins_but_one_can_be_ended(world: World, client: Client) -> None:
    world.people.callers["second"] = make_caller("ann", user_id=world.caller.user_id)
    async with world.socket(token="second") as second:
        await second.ready()
        kept = world.caller.session_id
        news = SessionEnded(user_id=world.caller.user_id, session_id=None, except_session_id=kept)
        world.house.hub.publish(NEWS_TOPIC, news)
        assert await second.closed() == 4003
        await client.send("ping")
        await client.expect("pong")


# The end


async def test_silence_for_two_heartbeats_closes(world: World) -> None:
    async with open_world(gateway=GatewaySettings(heartbeat_interval_s=0.2)) as world:
        async with world.socket() as client:
            await client.ready()
            assert await client.closed() == 1001


async def test_shutdown_closes_with_1012_and_lets_nobody_in(world: World, client: Client) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.gateway.drain)
        assert await client.closed() == 1012
    async with world.socket() as late:
        assert await late.closed() == 1012


async def test_who_does_not_keep_up_is_closed_with_4009() -> None:
    gateway = GatewaySettings(outbox_events=100)
    async with open_world(gateway=gateway) as world, world.socket() as client:
        await client.ready()
        world.publish(*range(1000))
        assert await client.closed() == 4009
        await world.rooms.wait_told("ended")


async def test_who_does_not_read_at_all_is_dropped_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "_SEND_TIMEOUT_S", 0.3)
    async with open_world(gateway=GatewaySettings(outbox_bytes=20_000)) as world:
        stalled = await stall(world)
        async with world.socket(token=world.people.add("ben")) as reader:
            await reader.ready()
            number = 0
            with trio.fail_after(20):
                while world.site.counters.too_slow == 0:
                    number += 1
                    world.publish(number)
                    assert number_of(await reader.expect("message_delete")) == number
                while world.gateway.socket_count > 1:
                    await trio.lowlevel.checkpoint()
        await stalled.aclose()


async def stall(world: World) -> trio.SocketStream:
    """Connect as a client whose kernel holds next to nothing, and never read."""
    sock = trio.socket.socket()
    sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
    await sock.connect(("127.0.0.1", world.site.port))
    stream = trio.SocketStream(sock)
    await stream.send_all(handshake(world.token))
    await world.rooms.wait_told("connected")
    return stream


async def test_sessions_leave_no_task_behind() -> None:
    async with open_world(gateway=GatewaySettings(resume_window_s=0.05)) as world:
        await wait_all_tasks_blocked()
        before = trio.lowlevel.current_statistics().tasks_living
        for _ in range(5):
            async with world.socket() as client:
                await client.ready()
        with trio.fail_after(5):
            while trio.lowlevel.current_statistics().tasks_living > before:
                await trio.lowlevel.checkpoint()
        assert world.gateway.session_count == world.gateway.socket_count == 0
