"""Whatever one client sends or leaves undone, the others are served: over real sockets, byte by byte."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import voicechat.web.guard as guard
from tests.support.site import Site, make_house, make_settings, open_site
from tests.web.rooms import ROUTES
from voicechat.settings import LimitSettings, ServerSettings

KEY = base64.b64encode(b"0123456789abcdef").decode()
HOST = "Host: voice.example\r\n"
UPGRADE = (
    f"GET /ws HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
)
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
POST = f"POST /api/notes HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
MASKED_HI = bytes([0x81, 0x82, 1, 2, 3, 4, ord("h") ^ 1, ord("i") ^ 2])

MALFORMED: dict[str, bytes] = {
    "nothing readable": b"\x00\x01\x02\x03\r\n\r\n",
    "a TLS hello": bytes.fromhex("160301020001") + b"\x00" * 200,
    "an SSH banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no version": b"GET /\r\n\r\n",
    "version 3": f"GET / HTTP/3.0\r\n{HOST}\r\n".encode(),
    "version 2 prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 64,
    "an h2c upgrade": f"GET / HTTP/1.1\r\n{HOST}Connection: Upgrade, HTTP2-Settings\r\n".encode()
    + b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\nrubbish",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": f"GET / HTTP/1.1\r\n{HOST}{HOST}\r\n".encode(),
    "an empty method": f" / HTTP/1.1\r\n{HOST}\r\n".encode(),
    "a strange method": f"BREW /api/notes HTTP/1.1\r\n{HOST}\r\n".encode(),
    "a target that is no path": f"GET http://evil.example/ HTTP/1.1\r\n{HOST}\r\n".encode(),
    "a star target": f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n".encode(),
    "CONNECT": f"CONNECT evil.example:443 HTTP/1.1\r\n{HOST}\r\n".encode(),
    "bytes in the target": f"GET /\xff\xfe HTTP/1.1\r\n{HOST}\r\n".encode("latin1"),
    "an odd percent code": f"GET /%zz%f HTTP/1.1\r\n{HOST}\r\n".encode(),
    "a path of dots": f"GET /../../../etc/passwd HTTP/1.1\r\n{HOST}\r\n".encode(),
    "a header without a colon": f"GET / HTTP/1.1\r\n{HOST}Nonsense\r\n\r\n".encode(),
    "a space before the colon": f"GET / HTTP/1.1\r\n{HOST}Name : value\r\n\r\n".encode(),
    "a header with a NUL": f"GET / HTTP/1.1\r\n{HOST}A: b\0c\r\n\r\n".encode(),
    "a folded first header": f"GET / HTTP/1.1\r\n folded: x\r\n{HOST}\r\n".encode(),
    "a huge header": f"GET / HTTP/1.1\r\n{HOST}A: {'x' * 100_000}\r\n\r\n".encode(),
    "a huge target": f"GET /{'x' * 100_000} HTTP/1.1\r\n{HOST}\r\n".encode(),
    "countless headers": f"GET / HTTP/1.1\r\n{HOST}{'A: b' + chr(13) + chr(10)}".encode() * 5_000,
    "a bad length": f"{POST}Content-Length: abc\r\n\r\n".encode(),
    "a negative length": f"{POST}Content-Length: -5\r\n\r\n".encode(),
    "two lengths": f"{POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!".encode(),
    "a length beyond all bounds": f"{POST}Content-Length: {10**30}\r\n\r\n".encode(),
    "a length and chunks": f"{POST}Content-Length: 4\r\n{CHUNKED}0\r\n\r\nGET /".encode(),
    "an unknown encoding": f"{POST}Transfer-Encoding: gzip\r\n\r\n".encode(),
    "two encodings": f"{POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".encode(),
    "a bad chunk head": f"{POST}{CHUNKED}zz\r\nhello\r\n0\r\n\r\n".encode(),
    "a chunk longer than said": f"{POST}{CHUNKED}2\r\nhello\r\n0\r\n\r\n".encode(),
    "a chunk head beyond all bounds": f"{POST}{CHUNKED}{'f' * 300}\r\n".encode(),
    "bad trailers": f"{POST}{CHUNKED}0\r\nnonsense\r\n\r\n".encode(),
    "more than the length": f"{POST}Content-Length: 2\r\n\r\n{{}}garbage\r\n\r\n".encode(),
    "less than the length": f"{POST}Content-Length: 50\r\n\r\n{{}}".encode(),
    "a socket handshake with early data": f"{UPGRADE}\r\n".encode() + MASKED_HI,
    "a socket handshake with one byte more": f"{UPGRADE}\r\nx".encode(),
    "a socket handshake with a body": f"{UPGRADE}Content-Length: 3\r\n\r\nabc".encode(),
    "a socket handshake with chunks": f"{UPGRADE}{CHUNKED}3\r\nabc\r\n".encode(),
    "a socket handshake without a key": f"GET /ws HTTP/1.1\r\n{HOST}Connection: Upgrade\r\n".encode()
    + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "a socket handshake of version 8": f"{UPGRADE.replace('13', '8')}\r\n".encode(),
    "a socket handshake elsewhere": f"{UPGRADE.replace('/ws', '/api/notes')}\r\n".encode(),
    "a socket handshake by POST": f"{UPGRADE.replace('GET', 'POST', 1)}\r\n".encode(),
    "a socket handshake over 1.0": f"{UPGRADE.replace('HTTP/1.1', 'HTTP/1.0')}\r\n".encode(),
    "two socket handshakes in one": f"{UPGRADE}\r\n".encode() * 2,
}

BROKEN_FRAMES: dict[str, bytes] = {
    "unmasked": b"\x81\x02hi",
    "reserved bits": b"\xf1\x80\x01\x02\x03\x04",
    "a reserved opcode": b"\x83\x80\x01\x02\x03\x04",
    "a continuation of nothing": b"\x80\x80\x01\x02\x03\x04",
    "a fragmented ping": b"\x09\x80\x01\x02\x03\x04",
    "a ping of 200 bytes": b"\x89\xfe\x00\xc8\x01\x02\x03\x04" + b"x" * 200,
    "a length beyond all bounds": b"\x81\xff" + b"\xff" * 8 + b"\x01\x02\x03\x04",
    "text that is not UTF-8": b"\x81\x82\x00\x00\x00\x00\xff\xfe",
    "a close code that is none": b"\x88\x82\x00\x00\x00\x00\x00\x01",
    "a close of one byte": b"\x88\x81\x00\x00\x00\x00\x01",
    "garbage": bytes(range(255, 0, -1)),
}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site(ROUTES) as site:
        yield site


async def read_all(stream: trio.SocketStream) -> bytes:
    """Read until the server closes, or for a moment where it need not."""
    received = b""
    with trio.move_on_after(0.2):
        try:
            while data := await stream.receive_some():
                received += data
        except trio.BrokenResourceError:
            pass
    return received


async def send_raw(site: Site, data: bytes) -> bytes:
    async with await trio.open_tcp_stream("127.0.0.1", site.port) as stream:
        try:
            await stream.send_all(data)
        except trio.BrokenResourceError:
            return b""
        return await read_all(stream)


async def shake_hands(site: Site) -> trio.SocketStream:
    stream = await trio.open_tcp_stream("127.0.0.1", site.port)
    await stream.send_all(f"{UPGRADE}\r\n".encode())
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        received += await stream.receive_some()
    assert received.startswith(b"HTTP/1.1 101")
    return stream


@pytest.mark.parametrize("name", MALFORMED)
async def test_the_server_outlives_a_malformed_request(site: Site, name: str) -> None:
    answer = await send_raw(site, MALFORMED[name])
    assert not answer.startswith(b"HTTP/1.1 5") or answer.startswith((b"HTTP/1.1 505", b"HTTP/1.1 501"))
    assert await site.is_alive()
    assert site.counters.failed == 0


@pytest.mark.parametrize("name", MALFORMED)
async def test_the_server_outlives_a_client_that_is_gone_at_once(site: Site, name: str) -> None:
    for length in (1, len(MALFORMED[name]) // 2, len(MALFORMED[name])):
        stream = await trio.open_tcp_stream("127.0.0.1", site.port)
        try:
            await stream.send_all(MALFORMED[name][:length])
        except trio.BrokenResourceError:
            pass
        await trio.aclose_forcefully(stream)
    assert await site.is_alive()
    assert site.counters.failed == 0


@pytest.mark.parametrize("name", BROKEN_FRAMES)
async def test_the_server_outlives_a_broken_frame_and_names_the_breach(site: Site, name: str) -> None:
    async with await shake_hands(site) as stream:
        await stream.send_all(BROKEN_FRAMES[name])
        answer = await read_all(stream)
    assert await site.is_alive()
    assert site.counters.failed == 0
    if name not in ("a length beyond all bounds", "a close of one byte"):
        assert int.from_bytes(answer[2:4], "big") in (1002, 1007), answer


async def test_smuggled_requests_are_not_answered(site: Site) -> None:
    answer = await send_raw(site, MALFORMED["a length and chunks"])
    assert answer.startswith(b"HTTP/1.1 400")
    assert len(re.findall(rb"HTTP/1.1 \d{3}", answer)) == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("a huge header", 431),
        ("no host", 400),
        ("an unknown encoding", 501),
        ("version 3", 505),
        ("a target that is no path", 400),
        ("a socket handshake without a key", 400),
        ("a socket handshake elsewhere", 405),
    ],
)
async def test_what_never_became_a_request_is_refused_in_the_one_shape(
    site: Site, name: str, status: int
) -> None:
    head, _, body = (await send_raw(site, MALFORMED[name])).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}".encode())
    assert {"error", "message"} <= set(msgspec.json.decode(body))


async def test_a_refused_head_request_has_no_body(site: Site) -> None:
    answer = await send_raw(site, f"HEAD http://evil.example/ HTTP/1.1\r\n{HOST}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.endswith(b"\r\n\r\n")
    assert site.counters.failed == 0


async def test_a_refused_upload_gets_to_read_why(site: Site) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = b""
    async with await trio.open_tcp_stream("127.0.0.1", site.port) as stream:
        await stream.send_all(f"POST /api/nothing HTTP/1.1\r\n{HOST}{CHUNKED}".encode())
        for _ in range(12):
            await stream.send_all(chunk)
        answer = await read_all(stream)
    assert answer.startswith(b"HTTP/1.1 404")


async def test_a_message_over_the_bound_is_1009_and_is_not_collected(site: Site) -> None:
    async with await shake_hands(site) as stream:
        await stream.send_all(b"\x81\xff" + (10**9).to_bytes(8, "big") + b"\x00\x00\x00\x00" + b"x" * 100_000)
        answer = await read_all(stream)
    assert answer[:4] == b"\x88\x02" + (1009).to_bytes(2, "big")
    assert await site.is_alive()


async def test_compression_is_never_agreed_to(site: Site) -> None:
    offer = f"{UPGRADE}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    answer = await send_raw(site, offer)
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"extensions" not in answer.lower()


async def test_a_head_that_never_ends_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_HEAD_TIMEOUT_S", 0.2)
    async with open_site(ROUTES) as site:
        async with await trio.open_tcp_stream("127.0.0.1", site.port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n")
            with trio.fail_after(5):
                assert await stream.receive_some() == b""


async def test_a_client_that_never_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_SEND_TIMEOUT_S", 0.3)
    ended = trio.Event()

    async def talkative(websocket: object) -> None:
        await websocket.accept()  # type: ignore[attr-defined]
        try:
            while True:
                await websocket.send("x" * 60_000)  # type: ignore[attr-defined]
        finally:
            ended.set()

    async with open_site(ROUTES, gateway=talkative) as site:
        stream = await shake_hands(site)
        with trio.fail_after(10):
            await ended.wait()
            assert site.counters.too_slow == 1
            assert await site.is_alive()
        await stream.aclose()


async def test_an_address_gets_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_LOOPBACK_FACTOR", 1)
    house = make_house(make_settings(limits=LimitSettings(connections_per_address=3)))
    async with open_site(ROUTES, house=house) as site, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(await shake_hands(site)) for _ in range(3)]
        async with await trio.open_tcp_stream("127.0.0.1", site.port) as fourth:
            with trio.fail_after(5):
                assert await fourth.receive_some() == b""
        await streams[0].aclose()
        with trio.fail_after(5):
            while not await is_let_in(site):
                await trio.lowlevel.checkpoint()
        assert site.counters.refused_full >= 1


async def is_let_in(site: Site) -> bool:
    request = f"GET /health/live HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n".encode()
    return (await send_raw(site, request)).startswith(b"HTTP/1.1 200")


async def test_shutdown_lets_a_request_under_way_finish_and_drains_sockets() -> None:
    started, release, drained = trio.Event(), trio.Event(), trio.Event()

    async def slow(house: object, request: object) -> None:
        """Take a while."""
        started.set()
        await release.wait()

    async def drain() -> None:
        drained.set()
        release.set()

    from voicechat.web import Route

    routes = (Route("GET", "/api/slow", slow, auth="none", limit=None, tag="x"),)
    answers = []
    async with open_site(routes, drain=drain) as site:
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                async with site.client() as client:
                    answers.append((await client.get("/api/slow")).status_code)

            nursery.start_soon(ask)
            await started.wait()
            site.shutdown.set()
    assert answers == [204]
    assert drained.is_set()


async def test_shutdown_is_over_within_the_grace_period_whoever_holds_on() -> None:
    house = make_house(make_settings(server=ServerSettings(port=0, shutdown_grace_s=1)))

    async def stubborn(websocket: object) -> None:
        await websocket.accept()  # type: ignore[attr-defined]
        await trio.sleep_forever()

    with trio.fail_after(10):
        async with open_site(ROUTES, house=house, gateway=stubborn) as site:
            sockets = [await shake_hands(site), await trio.open_tcp_stream("127.0.0.1", site.port)]
    for stream in sockets:
        await stream.aclose()


async def test_connections_leave_no_task_behind(site: Site) -> None:
    await wait_all_tasks_blocked()
    before = trio.lowlevel.current_statistics().tasks_living
    for _ in range(5):
        await send_raw(site, MALFORMED["no host"])
        await (await shake_hands(site)).aclose()
    with trio.fail_after(5):
        while trio.lowlevel.current_statistics().tasks_living > before:
            await trio.lowlevel.checkpoint()
