"""The gateway of the real server, by a client that holds it to the contract's word."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from trio.to_thread import run_sync as in_thread
from trio_websocket import ConnectionClosed

from tests.e2e.account import Account, Guild, api_client, new_username, sign_in, sign_up
from tests.support.gateway_client import GatewayClient, open_gateway
from tests.support.server import Server
from voicechat.protocol.accounts import SessionRevoked
from voicechat.protocol.gateway import CloseCode, Error, Ping, Pong, Ready, Resume, ResumeFailed
from voicechat.protocol.guilds import GuildCreated
from voicechat.protocol.messages import MessageNew, Typing, TypingStart

REVOKED_WITHIN_S = 1.0


@pytest.fixture
def guild(account: Account) -> Guild:
    return account.create_guild("The guild")


@asynccontextmanager
async def arrived(server: Server, account: Account) -> AsyncIterator[tuple[GatewayClient, Ready]]:
    """Open a socket and take its `ready`."""
    async with open_gateway(server.url, account.access_token) as socket:
        await socket.send(Ping())
        yield socket, await socket.expect(Ready)


async def test_ready_shows_the_guilds_channels_and_roles_that_one_may_see(
    server: Server, account: Account, guild: Guild
) -> None:
    async with arrived(server, account) as (socket, ready):
        assert socket.subprotocol == "voicechat.v1"
        assert (ready.user_id, ready.user.username) == (account.user_id, account.username)
        [snapshot] = ready.guilds
        assert snapshot.guild.id == guild.id
        assert {channel.id for channel in snapshot.channels} == {guild.text_id, guild.voice_id}
        assert any(role.is_default for role in snapshot.roles)
        assert snapshot.voice_states == []


async def test_a_client_that_offers_the_token_alone_gets_that_one_selected(
    server: Server, account: Account
) -> None:
    offer = f"access_token.{account.access_token}"
    async with open_gateway(server.url, account.access_token, offers=[offer]) as socket:
        assert socket.subprotocol == offer
        await socket.send(Ping())
        await socket.expect(Ready)


async def test_a_heartbeat_is_answered_with_its_ref(server: Server, account: Account) -> None:
    async with arrived(server, account) as (socket, _):
        await socket.send(Ping(ref="beat"))
        await socket.expect(Pong, lambda pong: pong.ref == "beat")


async def test_a_message_and_typing_reach_the_other_members(
    server: Server, account: Account, guild: Guild
) -> None:
    with api_client(server.url) as http:
        bob = await in_thread(sign_up, http, new_username("bob"))
        async with arrived(server, account) as (ann_socket, _), arrived(server, bob) as (bob_socket, _):
            await in_thread(bob.join, await in_thread(guild.invite))
            await bob_socket.expect(GuildCreated, lambda event: event.guild.guild.id == guild.id)
            await bob_socket.send(Typing(channel_id=guild.text_id))
            await ann_socket.expect(TypingStart, lambda event: event.user_id == bob.user_id)
            posted = await in_thread(bob.post_message, guild.text_id, "hello")
            heard = await ann_socket.expect(MessageNew)
            assert (heard.message.id, heard.message.content) == (posted, "hello")


async def test_resume_brings_what_was_missed_once_and_in_order(
    server: Server, account: Account, guild: Guild
) -> None:
    async with arrived(server, account) as (socket, ready):
        await in_thread(account.post_message, guild.text_id, "before")
        await socket.expect(MessageNew)
        seq = socket.seq
    for number in range(20):
        await in_thread(account.post_message, guild.text_id, f"missed {number}")
    async with open_gateway(server.url, account.access_token) as socket:
        missed = await socket.resume(ready, seq)
        await in_thread(account.post_message, guild.text_id, "after")
        await socket.expect(MessageNew, lambda event: event.message.content == "after")
    contents = [event.message.content for event in missed if isinstance(event, MessageNew)]
    assert contents == [f"missed {number}" for number in range(20)]


async def test_an_unknown_session_cannot_be_resumed_but_begins_anew(server: Server, account: Account) -> None:
    async with open_gateway(server.url, account.access_token) as socket:
        await socket.send(Resume(session_id="01234567-89ab-7cde-8f01-23456789abcd", seq=3))
        await socket.expect(ResumeFailed)
        assert (await socket.expect(Ready)).user_id == account.user_id


async def test_nobody_resumes_the_session_of_another(server: Server, account: Account) -> None:
    async with arrived(server, account) as (_, ready):
        pass
    with api_client(server.url) as http:
        thief = await in_thread(sign_up, http, new_username("thief"))
    async with open_gateway(server.url, thief.access_token) as socket:
        await socket.send(Resume(session_id=ready.session_id, seq=0))
        await socket.expect(ResumeFailed)


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_a_bad_token_is_closed_with_4001(server: Server, token: str) -> None:
    async with open_gateway(server.url, token) as socket:
        assert await socket.close_code() == CloseCode.BAD_TOKEN


async def test_a_revoked_session_hears_so_and_is_closed_within_a_second(
    server: Server, account: Account
) -> None:
    with api_client(server.url) as http:
        other = await in_thread(sign_in, http, account.username)
        async with arrived(server, other) as (socket, _):
            await in_thread(_revoke_other_session, account)
            with trio.fail_after(REVOKED_WITHIN_S):
                await socket.expect(SessionRevoked)
                assert await socket.close_code() == CloseCode.SESSION_REVOKED


def _revoke_other_session(account: Account) -> None:
    sessions = account.call("GET", "/auth/sessions")["sessions"]
    [session_id] = [session["id"] for session in sessions if not session["current"]]
    account.call("DELETE", f"/auth/sessions/{session_id}", status=204)


async def test_reusing_a_spent_refresh_token_closes_the_socket(server: Server, account: Account) -> None:
    spent = account.refresh_token
    async with arrived(server, account) as (socket, _):
        await in_thread(_refresh, account.http, spent)
        await in_thread(_refresh, account.http, spent)
        assert await socket.close_code() == CloseCode.SESSION_REVOKED


def _refresh(http: httpx.Client, token: str) -> None:
    http.post("/auth/refresh", json={"refresh_token": token})


async def test_a_frame_that_is_not_json_closes_with_1007(server: Server, account: Account) -> None:
    async with arrived(server, account) as (socket, _):
        await socket.send_text("hello")
        assert await socket.close_code() == CloseCode.NOT_JSON


async def test_a_frame_beyond_16_kib_closes_with_1009(server: Server, account: Account) -> None:
    async with arrived(server, account) as (socket, _):
        await socket.send_text('{"type":"ping","ref":"' + "x" * 16_384 + '"}')
        assert await socket.close_code() == CloseCode.TOO_BIG


async def test_a_flood_of_commands_closes_with_4008(server: Server, account: Account) -> None:
    async with arrived(server, account) as (socket, _), trio.open_nursery() as nursery:
        nursery.start_soon(_flood, socket)
        assert await socket.close_code() == CloseCode.TOO_MANY


async def _flood(socket: GatewayClient) -> None:
    """Send as fast as the socket takes it, until the server has had enough."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send_text('{"type":"ping"}')


async def test_a_wrong_command_is_refused_by_name_and_the_socket_lives(
    server: Server, account: Account
) -> None:
    async with arrived(server, account) as (socket, _):
        await socket.send_text('{"type":"voice_join","channel_id":"nowhere","ref":"r1"}')
        refusal = await socket.expect(Error)
        assert refusal.in_reply_to == "voice_join"
        await socket.send(Ping())
        await socket.expect(Pong)
