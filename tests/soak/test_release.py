"""Every way a voice session can end gives back all it held, in Python, the engine and the libraries."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable

import pylibsrtp
import pytest
import trio
from OpenSSL import SSL

from tests.media.conftest import SETTINGS, Stage, open_stage
from tests.support.dtls_client import ClientCertificate, DtlsClient
from tests.support.rtc_client import ClientOptions, RtcClient, open_client
from voicechat.ids import new_id
from voicechat.media import PeerLost
from voicechat.media.endpoint import Endpoint
from voicechat.rtc.dtls import DtlsServer
from voicechat.rtc.peer import Peer

ROUNDS = 8
HELD = (Endpoint, Peer, DtlsServer, SSL.Connection, pylibsrtp.Session, DtlsClient)
_CERTIFICATE = ClientCertificate()


async def _leave(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await stage.media.answer(peer_id, client.answer())
    await client.connect()
    await client.say(b"goodbye")
    await stage.media.leave(peer_id)


async def _leave_unanswered(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await stage.media.leave(peer_id)


async def _leave_amid_the_handshake(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await client.check()
    for datagram in client.dtls.start()[:1]:
        await client.send(datagram)
    await stage.media.leave(peer_id)


async def _leave_secured(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await client.connect()  # and never answers
    await stage.media.leave(peer_id)


async def _say_close_notify(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await stage.media.answer(peer_id, client.answer())
    await client.connect()
    await client.goodbye()
    await stage.events.wait_for(lambda event: isinstance(event, PeerLost) and event.peer_id == peer_id)


async def _show_another_certificate(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await stage.media.answer(peer_id, client.answer(fingerprint=":".join(["AB"] * 32)))
    await client.connect()
    await stage.events.wait_for(lambda event: isinstance(event, PeerLost) and event.peer_id == peer_id)


async def _fail_dtls(stage: Stage, peer_id: str, client: RtcClient) -> None:
    await client.check()
    for datagram in DtlsClient(_CERTIFICATE, ciphers=b"ECDHE-RSA-AES128-GCM-SHA256").start():
        await client.send(datagram)
    await stage.events.wait_for(lambda event: isinstance(event, PeerLost) and event.peer_id == peer_id)


ENDS: list[Callable[[Stage, str, RtcClient], Awaitable[None]]] = [
    _leave, _leave_unanswered, _leave_amid_the_handshake, _leave_secured, _say_close_notify,
    _show_another_certificate, _fail_dtls,
]  # fmt: skip


def _held(stage: Stage) -> list[int]:
    """Count what sessions hold: objects, engine handles in use, tasks, descriptors."""
    gc.collect()
    engine = stage.media._engine
    handles = (engine._peer_handles, engine._track_handles, engine._slot_handles)
    return [
        sum(isinstance(thing, HELD) for thing in gc.get_objects()),
        *(pool._next - len(pool._free) for pool in handles),
        trio.lowlevel.current_statistics().tasks_living,
        len(os.listdir("/proc/self/fd")),
    ]


@pytest.mark.parametrize("over_tcp", [False, True], ids=["udp", "tcp"])
async def test_nothing_is_held_for_sessions_that_ended(over_tcp: bool) -> None:
    async with open_stage(SETTINGS) as stage:

        async def live(end: Callable[[Stage, str, RtcClient], Awaitable[None]]) -> None:
            peer_id = new_id()
            offer = await stage.media.join(room_id="room", peer_id=peer_id, user_id=peer_id, may_speak=True)
            async with open_client(
                offer, ClientOptions(certificate=_CERTIFICATE, over_tcp=over_tcp)
            ) as client:
                await end(stage, peer_id, client)

        for end in ENDS:  # once before counting: what is made once stays
            await live(end)
        await stage.settled()
        before = _held(stage)
        assert before[1:4] == [0, 0, 0], "handles in use"
        for _ in range(ROUNDS):
            for end in ENDS:
                await live(end)
        await stage.settled()
        with trio.fail_after(10):
            while any(  # noqa: ASYNC110, the end of a TCP connection is noticed later, and nobody tells
                now > then for now, then in zip(_held(stage), before, strict=True)
            ):
                await trio.sleep(0.05)
