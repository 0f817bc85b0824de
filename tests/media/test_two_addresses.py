"""A server with two addresses on one wire: whole calls over each of them; routes would choose one."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator

import msgspec
import outcome
import pytest
import trio

from tests.media.conftest import CERTIFICATE, SETTINGS, Stage, open_stage
from tests.support.namespaces import missing
from tests.support.rtc_client import ClientOptions, RtcClient
from tests.support.two_addresses import TwoAddresses, server_with_two_addresses
from voicechat.ids import new_id
from voicechat.media import PeerConnected


@pytest.fixture(scope="module")
def network() -> Iterator[TwoAddresses]:
    if lacking := missing():
        pytest.skip(f"a server with two addresses {lacking}")
    with server_with_two_addresses() as made:
        yield made


def _run_there(network: TwoAddresses, test: Callable[[Stage], Awaitable[None]]) -> None:
    """Run the media room, and the test with it, where the two addresses are; the second are announced."""
    announced = ",".join(hosts[1] for hosts in network.server_hosts.values())

    async def run() -> None:
        async with open_stage(msgspec.structs.replace(SETTINGS, public_ip=announced), host="") as stage:
            await test(stage)

    network.server.within(lambda: outcome.capture(trio.run, run)).unwrap()


async def _call(stage: Stage, network: TwoAddresses, family: str, server_host: str) -> RtcClient:
    """Join from the client's place by one address of the server, hearing nothing but what that one sends."""
    peer_id, mine = new_id(), network.client_host[family]
    offer = await stage.media.join(room_id="room", peer_id=peer_id, user_id=peer_id, may_speak=True)
    client = RtcClient(offer, ClientOptions(bind=mine, certificate=CERTIFICATE), _udp(network, mine))
    client.remote = server_host, client.remote[1]
    await client.udp.connect(client.remote)
    stage.nursery.start_soon(client.receive_all, client.udp)
    await stage.media.answer(peer_id, client.answer())
    await client.connect()
    await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))
    await stage.settled()
    return client


def _udp(network: TwoAddresses, host: str) -> trio.socket.SocketType:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = network.client.within(lambda: socket.socket(family, socket.SOCK_DGRAM))
    udp.bind((host, 0))
    return trio.socket.from_stdlib_socket(udp)


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_checks_handshake_voice_and_reports_come_from_the_address_sent_to(
    network: TwoAddresses, family: str, which: int
) -> None:
    host = network.server_hosts[family][which]

    async def test(stage: Stage) -> None:
        anna = await _call(stage, network, family, host)
        ben = await _call(stage, network, family, host)
        await anna.say(b"hello")
        await ben.heard_payload(b"hello")
        await ben.wait_until(lambda: bool(ben.rtcp))

    _run_there(network, test)
