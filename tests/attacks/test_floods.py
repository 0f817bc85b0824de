"""S17, S24: floods of handshakes, of strangers and of members; a conversation beside them loses nothing."""

from __future__ import annotations

import os
import resource
import socket

import trio

from tests.media.conftest import CERTIFICATE, SETTINGS, Stage, open_stage
from tests.support.datagram_flood import flood
from tests.support.dtls_client import DtlsClient
from tests.support.rtc_client import RtcClient
from voicechat.rtc.dtls import MAX_RESENDS

STRANGERS = 16
DATAGRAMS = 200_000
DATAGRAM_BYTES = 1_200
GROWTH_KIB = 5 * 1024

STORMERS = 40
HELLOS_EACH = 125  # 5,000 in all, about as many as can be sent in a second
PASSED_AT_ONCE, PASSED_PER_S = 64, 50  # of one peer, native/src/vc_input.c
BY_TIMER = 12  # what OpenSSL resends by itself before it gives up
HANDSHAKE = 22  # the content type of its records


class _Unanswering(DtlsClient):
    """Says hello and leaves it at that."""

    def receive(self, datagram: bytes) -> list[bytes]:
        return []


async def _converse(speaker: RtcClient, listener: RtcClient, packets: int) -> None:
    """Say so many packets, each a moment after the last, and wait until all were heard."""
    before = len(listener.rtp)
    for _ in range(packets):
        await speaker.say(b"calm")
        await trio.sleep(0.002)
    await listener.wait_until(lambda: len(listener.rtp) >= before + packets)


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def test_s17_hellos_of_strangers_cost_no_memory_and_reach_nobody(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    anna, ben = pair
    await _converse(anna, ben, 5)
    before, held_kib = stage.media.counters(), _most_kib()
    noise = [b"\x16\xfe\xfd" + os.urandom(DATAGRAM_BYTES - 3) for _ in range(40)]
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(STRANGERS)]

    def pour() -> None:
        for _ in range(DATAGRAMS // len(noise) // STRANGERS):
            for sock in sockets:
                flood(sock, anna.remote, noise, DATAGRAM_BYTES)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, pour)
        nursery.start_soon(_converse, anna, ben, 200)
    for sock in sockets:
        sock.close()
    after = stage.media.counters()
    assert after["drop_dtls_unknown_tuple"] > DATAGRAMS // 20, "the rest is lost in the socket's buffer"
    assert after["dtls_to_python"] == before["dtls_to_python"]
    assert _most_kib() - held_kib < GROWTH_KIB
    await _join_and_talk(stage, ben)


async def _join_and_talk(stage: Stage, listener: RtcClient) -> None:
    _, newcomer = await stage.connected("newcomer")
    await newcomer.say(b"hello from a newcomer")
    await listener.heard_payload(b"hello from a newcomer")


async def test_s24_a_storm_of_hellos_from_proved_addresses_is_bounded() -> None:
    """Each may cost a signature: the engine lets so many through, a peer looks at fewer and answers few."""
    async with open_stage(SETTINGS) as stage:
        _, anna = await stage.connected("anna")
        _, ben = await stage.connected("ben")
        stormers = [await _proved(stage, number) for number in range(STORMERS)]
        hellos = [client.dtls.start()[0] for client in stormers]
        before, begun = stage.media.counters(), trio.current_time()

        async def storm() -> None:
            for _ in range(HELLOS_EACH):
                for client, hello in zip(stormers, hellos, strict=True):
                    await client.send(hello)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(storm)
            nursery.start_soon(_converse, anna, ben, 200)
        await stage.settled()
        after = stage.media.counters()
        passed, dropped = (after[name] - before[name] for name in ("dtls_to_python", "drop_dtls_rate"))
        assert passed + dropped > STORMERS * HELLOS_EACH / 2, "the rest is lost in the socket's buffer"
        assert passed <= STORMERS * (PASSED_AT_ONCE + PASSED_PER_S * (trio.current_time() - begun) + 1)
        flights = [sum(d[0] == HANDSHAKE for d, _ in client.datagrams) for client in stormers]
        assert max(flights) <= 1 + MAX_RESENDS + BY_TIMER, (
            "a client that asks again and again is answered for ever"
        )
        await _join_and_talk(stage, ben)
        assert after["peers_failed"] == 0


async def _proved(stage: Stage, number: int) -> RtcClient:
    """Somebody who has answered and passed a check, and never finishes a handshake."""
    peer_id, client = await stage.client(f"stormer {number}", room_id=f"room {number % 8}")
    await stage.media.answer(peer_id, client.answer())
    await client.check()
    client.dtls = _Unanswering(CERTIFICATE)
    return client
