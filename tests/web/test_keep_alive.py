"""A connection that waits for its next request is watched: it must not hold up the end of the server."""

from __future__ import annotations

import trio

from tests.support.site import open_site

_REQUEST = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
_CONNECTIONS = 10  # whether a request's end and its cancellation meet is a matter of chance


async def test_shutdown_closes_connections_that_wait_for_a_request_at_once() -> None:
    async with open_site() as site:
        streams = [await trio.open_tcp_stream("127.0.0.1", site.port) for _ in range(_CONNECTIONS)]
        for stream in streams:
            await stream.send_all(_REQUEST)
            answer = b""
            while not answer.endswith(b"}"):
                answer += await stream.receive_some()
            assert answer.startswith(b"HTTP/1.1 200")
        site.shutdown.set()
        with trio.fail_after(site.house.settings.server.shutdown_grace_s / 2):
            for stream in streams:
                assert await stream.receive_some() == b""
                await stream.aclose()
