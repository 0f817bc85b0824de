"""The public address: asked of a STUN server over real sockets, with a deadline, and never required."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from tests.media.conftest import open_stage
from tests.support.rtc_client import ServerSide
from voicechat.errors import Invalid
from voicechat.media import public_address
from voicechat.media.public_address import ask_stun, split_server
from voicechat.rtc.reflexive import new_query, read_answer
from voicechat.settings import MediaSettings

PUBLIC = "5.6.7.8"

Answers = Callable[[stun.Message], list[bytes]]


def answer(query: stun.Message, host: str = PUBLIC, *, transaction_id: bytes | None = None) -> bytes:
    """Answer a query as a STUN server does."""
    message = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id or query.transaction_id)
    message.attributes["XOR-MAPPED-ADDRESS"] = (host, 4711)
    return bytes(message)


@asynccontextmanager
async def stun_server(answers: Answers) -> AsyncIterator[str]:
    """Run a STUN server that sends `answers` to each query; yields its address."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        await udp.bind(("127.0.0.1", 0))

        async def serve() -> None:
            while True:
                datagram, source = await udp.recvfrom(2000)
                for reply in answers(stun.parse_message(datagram)):
                    await udp.sendto(reply, source)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield f"127.0.0.1:{udp.getsockname()[1]}"
            nursery.cancel_scope.cancel("asked enough")


async def test_the_answer_names_the_address() -> None:
    async with stun_server(lambda query: [answer(query)]) as server:
        assert await ask_stun(server) == (PUBLIC,)
        assert await ask_stun(f"stun:{server}") == (PUBLIC,)


async def test_a_lost_query_is_repeated_and_what_is_no_answer_is_passed_over() -> None:
    asked: list[bytes] = []

    def unreliable(query: stun.Message) -> list[bytes]:
        asked.append(query.transaction_id)
        if len(asked) == 1:
            return []
        return [b"", b"garbage", answer(query, "9.9.9.9", transaction_id=bytes(12)), answer(query)]

    async with stun_server(unreliable) as server:
        assert await ask_stun(server, deadline_s=10) == (PUBLIC,)
    assert len(set(asked)) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.1.1"])
async def test_an_address_that_cannot_be_ours_is_not_believed(host: str) -> None:
    async with stun_server(lambda query: [answer(query, host)]) as server:
        assert await ask_stun(server, deadline_s=0.2) == ()


async def test_silence_ends_at_the_deadline_and_a_wrong_name_at_once() -> None:
    async with stun_server(lambda _: []) as server:
        assert await ask_stun(server, deadline_s=0.2) == ()
    assert await ask_stun(f"{'x' * 64}.example:3478", deadline_s=60) == ()


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("stun.example.org", ("stun.example.org", 3478)),
        ("stun:stun.example.org:19302", ("stun.example.org", 19302)),
        (" 192.0.2.1:99 ", ("192.0.2.1", 99)),
        ("[2001:db8::1]", ("2001:db8::1", 3478)),
        ("[2001:db8::1]:99", ("2001:db8::1", 99)),
    ],
)
def test_a_server_is_a_host_and_perhaps_a_port(text: str, split: tuple[str, int]) -> None:
    assert split_server(text) == split


@pytest.mark.parametrize(
    "text", ["", ":3478", "host:", "host:0", "host:65536", "host:port", "2001:db8::1", "a b"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="stun_server"):
        split_server(text)


def test_what_is_no_answer_to_our_query_is_none() -> None:
    transaction_id, query = new_query()
    whole = answer(stun.parse_message(query))
    assert read_answer(whole, transaction_id) == PUBLIC
    assert read_answer(whole, bytes(12)) is None
    assert read_answer(query, transaction_id) is None, "our own query, sent back"
    assert read_answer(whole + bytes(1500), transaction_id) is None
    assert all(read_answer(whole[:length], transaction_id) is None for length in range(len(whole)))


@given(st.binary(max_size=60), st.integers(0, 31))
def test_a_damaged_answer_is_read_or_not_and_harms_nobody(damage: bytes, at: int) -> None:
    transaction_id, query = new_query()
    whole = answer(stun.parse_message(query))
    read = read_answer(whole[:at] + damage + whole[at + len(damage) :], transaction_id)
    assert read is None or ipaddress.ip_address(read)


async def announced(settings: MediaSettings, host: str) -> list[str]:
    """Return the hosts that a client is offered."""
    async with open_stage(settings, host=host) as stage:
        offer = await stage.media.join(room_id="r", peer_id="p", user_id="u", may_speak=True)
    return [candidate[0] for candidate in ServerSide.of(offer).candidates]


async def test_a_found_address_is_announced_before_the_interfaces_own() -> None:
    async with stun_server(lambda query: [answer(query)]) as server:
        settings = MediaSettings(port=0, stun_server=server)
        plain = await announced(MediaSettings(port=0), "0.0.0.0")
        assert await announced(settings, "0.0.0.0") == [PUBLIC, *plain]


async def test_nobody_is_asked_where_the_address_is_set_or_everybody_is_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[stun.Message] = []

    def note(query: stun.Message) -> list[bytes]:
        asked.append(query)
        return [answer(query)]

    async with stun_server(note) as server:
        settings = MediaSettings(port=0, stun_server=server, public_ip="192.0.2.77")
        assert await announced(settings, "0.0.0.0") == ["192.0.2.77"]
        assert PUBLIC not in await announced(MediaSettings(port=0, stun_server=server), "127.0.0.1")
    assert asked == []


async def test_without_an_answer_the_server_starts_with_its_interfaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(public_address.ask_stun, "__kwdefaults__", {"deadline_s": 0.2})
    async with stun_server(lambda _: []) as server:
        plain = await announced(MediaSettings(port=0), "0.0.0.0")
        assert await announced(MediaSettings(port=0, stun_server=server), "0.0.0.0") == plain
