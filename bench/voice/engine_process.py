"""The process around the real engine: `python -m bench.voice.engine_process`, driven by lines on stdin.

The engine runs as the server runs it: in a thread of its own beside a Trio loop that drains its records. The
STUN checks among them go where the server's go, so that a flood of them costs what it costs there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator

import msgspec
import trio

from bench.voice.disturbance import Disturbance
from bench.voice.messages import Command, Disturb, Figures, Join, Joined, Keys, Watch
from bench.voice.room import LEVEL_EXTENSION, PT
from voicechat.media.engine import Engine, EngineLimits, open_udp, pack_addr, unpack_addr
from voicechat.media.records import Stun
from voicechat.media.srtp import open_sessions, send_policy, stream_policy
from voicechat.rtc.dtls import DtlsIdentity, SrtpKeys
from voicechat.rtc.ice import new_credentials
from voicechat.rtc.negotiation import new_offer
from voicechat.rtc.peer import Peer

_COMMANDS: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_LIMITS = EngineLimits(
    max_peers=1024, max_tracks=1024, max_slots=32_768, max_receivers=128, command_depth=65_536
)


class EngineProcess:
    """One engine, its room and what disturbs it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._socket = open_udp("127.0.0.1", 0)
        self._engine = Engine([self._socket], _LIMITS)
        self._media_thread = 0
        self._nursery = nursery
        self._disturbance = Disturbance()
        self._identity = DtlsIdentity()
        self._peers: dict[int, Peer] = {}

    def run_media(self) -> None:
        """Run the media loop; call it in a thread of its own."""
        self._media_thread = threading.get_native_id()
        self._engine.run()

    async def drain(self) -> None:
        """Take the engine's records, as the media room does."""
        while True:
            await self._engine.wait_readable()
            has_more = True
            while has_more:
                records = self._engine.drain()
                for record in records:
                    if isinstance(record, Stun):
                        self._check(record)
                has_more = bool(records)
                await trio.lowlevel.checkpoint()

    def _check(self, record: Stun) -> None:
        peer, now = self._peers[record.peer], time.monotonic()
        peer.receive_stun(record.data, unpack_addr(record.addr), now)
        peer.poll_events()
        for datagram, _ in peer.poll_transmits():
            self._engine.send(record.addr, datagram)

    async def obey(self, command: Command) -> msgspec.Struct:
        """Do what the bench asks; return the answer."""
        if isinstance(command, Join):
            return await self._join(command.clients, command.room_size)
        if isinstance(command, Watch):
            await self._watch(command.clients)
        if isinstance(command, Disturb):
            self._disturb(command)
        return self._figures()

    async def _join(self, clients: list[Keys], room_size: int) -> Joined:
        engine = self._engine
        peers = [self._connect(client) for client in clients]
        tracks = [
            engine.track_add(peer, ssrc=client.ssrc, pt=PT, level_ext=LEVEL_EXTENSION)
            for peer, client in zip(peers, clients, strict=True)
        ]
        for receiver, peer in enumerate(peers):
            room = receiver - receiver % room_size
            for publisher in range(room, room + room_size):
                if publisher != receiver:
                    slot = self._slot(peer, receiver << 16 | publisher)
                    engine.route_set(slot, tracks[publisher])
        await engine.settled()
        port = self._socket.getsockname()[1]
        return Joined(
            port=port,
            media_thread=self._media_thread,
            scheduling=engine.scheduling,
            bytes_per_peer=engine.memory_bytes()[0],
            ufrags=[self._peers[peer].offer.ice.ufrag for peer in peers],
        )

    async def _watch(self, clients: list[Keys]) -> None:
        shows, *watch = (self._connect(client) for client in clients)
        track = self._engine.video_add(shows, ssrc=clients[0].ssrc)
        for number, peer in enumerate(watch):
            self._engine.route_set(self._engine.video_slot_add(peer, ssrc=1 + number, cname="bench"), track)
        await self._engine.settled()

    def _connect(self, client: Keys) -> int:
        """Make a peer known as if ICE and DTLS were done."""
        peer = self._engine.peer_add()
        ice = new_credentials()
        offer = new_offer(ice=ice, fingerprint=self._identity.fingerprint, candidates=(), slots=1)
        self._peers[peer] = Peer(offer, self._identity, time.monotonic())
        self._engine.ufrag_add(peer, ice.ufrag.encode())
        self._engine.tuple_add(peer, pack_addr("127.0.0.1", client.port))
        keys = SrtpKeys(
            profile="SRTP_AEAD_AES_128_GCM",
            client=bytes.fromhex(client.to_server),
            server=bytes.fromhex(client.from_server),
        )
        self._engine.peer_keys(peer, *open_sessions(keys), stream_policy(keys), send_policy(keys))
        return peer

    def _slot(self, peer: int, ssrc: int) -> int:
        return self._engine.slot_add(peer, ssrc=ssrc, pt=PT, cname="bench", level_ext=LEVEL_EXTENSION)

    def _disturb(self, command: Disturb) -> None:
        if command.is_on:
            self._disturbance.start(self._nursery, command.messages_per_s)
        else:
            self._disturbance.stop()

    def _figures(self) -> Figures:
        chat = self._disturbance
        return Figures(self._engine.counters(), self._engine.histogram(), chat.messages, chat.seconds)

    def close(self) -> None:
        """End everything; `run_media` returns."""
        self._disturbance.stop()
        self._engine.stop()


async def _lines(stdin: trio.abc.ReceiveStream) -> AsyncIterator[bytes]:
    unread = b""
    while chunk := await stdin.receive_some():
        *lines, unread = (unread + bytes(chunk)).split(b"\n")
        for line in lines:
            yield line


async def main() -> None:
    """Obey until stdin ends."""
    async with trio.lowlevel.FdStream(os.dup(0)) as stdin, trio.open_nursery() as nursery:
        process = EngineProcess(nursery)
        nursery.start_soon(trio.to_thread.run_sync, process.run_media)
        nursery.start_soon(process.drain)
        try:
            async for line in _lines(stdin):
                answer = await process.obey(_COMMANDS.decode(line))
                os.write(1, msgspec.json.encode(answer) + b"\n")
        finally:
            process.close()
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
