"""A server with several addresses: what came to one of them is answered from it, and from no other.

A client drops what comes from elsewhere (RFC 8445 §7.2.5.2.1), and so do the connected sockets here: they
send to 127.0.0.2 and the like; answers leave from 127.0.0.1 of their own accord.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
import trio

from voicechat.media.engine import UNNAMED_SSRC, EngineLimits, open_udp, unpack_addr
from voicechat.media.local_address import chosen_by_route, leaving_from

from .camera import Layer
from .conftest import Running, engine_on, open_dual_stack
from .fake_peer import FakePeer

FIRST, SECOND = "127.0.0.2", "127.0.0.3"


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["ipv4", "dual-stack"])
async def wide(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """An engine on a socket bound to all addresses."""
    sock = open_dual_stack() if request.param == socket.AF_INET6 else open_udp("0.0.0.0", 0)
    async with engine_on([sock], EngineLimits(max_peers=8)) as running:
        yield running


async def _client(wide: Running, host: str, local: int, *, bound: int = 0) -> FakePeer:
    """A client that hears nothing but what `host` sends; `local` is the number it will have."""
    client = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server = (host, wide.sockets[0].getsockname()[1])
    await client.bind(("127.0.0.1", bound))
    await client.connect(server)
    peer = FakePeer(wide.engine, client, server, 100 + local, local=local)
    before = wide.engine.counters()["rx_datagrams"]
    await peer.send(b"\x00nothing that leads anywhere")  # from now on the address is known
    await wide.count("rx_datagrams", before + 1)
    return await peer.join()


async def test_media_and_answers_leave_from_the_address_a_client_sent_to(wide: Running) -> None:
    for local, host in enumerate((FIRST, SECOND)):
        client = await _client(wide, host, local)
        wide.engine.route_set(client.slot(1), client.track)
        await wide.engine.settled()
        await client.speak(b"media")
        assert (await client.hear()).payload == b"media"
        assert wide.engine.send(client.addr, b"answer")
        assert await client.receive() == b"answer"
        assert wide.engine.local_host(client.addr) == host
        client.sock.close()


async def test_one_port_of_a_client_to_two_addresses_of_ours_is_two_paths(wide: Running) -> None:
    """Whoever takes part by the one may not by the other, unless it proved itself there."""
    first = await _client(wide, FIRST, 0)
    port = first.sock.getsockname()[1]
    second = await _client(wide, SECOND, 1, bound=port)
    assert unpack_addr(first.addr) == ("127.0.0.1", port, 0)
    assert unpack_addr(second.addr) == ("127.0.0.1", port, 1)
    wide.engine.route_set(first.slot(1), second.track)
    wide.engine.route_set(second.slot(2), first.track)
    await wide.engine.settled()
    await first.speak(b"of the first")
    assert (await second.hear()).payload == b"of the first"
    await second.speak(b"of the second")
    assert (await first.hear()).payload == b"of the second"
    first.sock.close()
    second.sock.close()


async def test_pictures_leave_from_there_as_well(wide: Running) -> None:
    viewer, filming = await _client(wide, FIRST, 0), await _client(wide, SECOND, 1)
    track = wide.engine.video_add(filming.handle, ssrc=UNNAMED_SSRC, mid="v")
    wide.engine.route_set(wide.engine.video_slot_add(viewer.handle, ssrc=9000, cname="c"), track)
    await wide.engine.settled()
    await Layer(filming, track, 300, "v", "").show(key=True)
    packet = viewer.rx.unprotect(await viewer.receive())
    assert packet[8:12] == (9000).to_bytes(4, "big")
    viewer.sock.close()
    filming.sock.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_route_is_asked_which_address_it_takes(host: str) -> None:
    assert chosen_by_route(host, 9) == host


def test_without_a_route_no_address_is_chosen() -> None:
    assert chosen_by_route("255.255.255.255", 9) is None


def test_where_to_send_from_is_told_as_the_family_of_the_socket_wants_it() -> None:
    v4, v6 = leaving_from(FIRST, socket.AF_INET), leaving_from("2001:db8::1", socket.AF_INET6)
    assert v4 == (socket.IPPROTO_IP, 8, b"\0\0\0\0\x7f\0\0\x02\0\0\0\0")
    assert v6[2] == bytes.fromhex("20010db8" + "00" * 11 + "01") + b"\0\0\0\0"
    assert leaving_from(FIRST, socket.AF_INET6)[2][:16] == b"\0" * 10 + b"\xff\xff\x7f\0\0\x02"
