"""A relay on aiortc's transports: what a talker sends goes to everybody else of the room, packet by packet.

It runs in an environment of its own (aiortc is no dependency of this project), so it imports nothing of ours.
aiortc's public API decodes and encodes every stream again for every listener; this takes packets between the
transports instead, which no public API does, and so costs less than any relay written the documented way.

Obeys JSON lines on a TCP port of loopback, which it prints: join (answers with an offer), answer, leave.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription  # type: ignore[import-not-found]


class Person:
    """One peer connection and who hears it."""

    def __init__(self, room: set[Person], talks: bool) -> None:
        self.room, self.talks = room, talks
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.transceiver = self.connection.addTransceiver(
            "audio", direction="sendrecv" if talks else "sendonly"
        )
        self.transport: Any = self.transceiver.sender.transport

    async def offer(self) -> str:
        """Return the offer with its candidates."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self.transport = self.transceiver.sender.transport
        self.transport._handle_rtp_data = self._forward
        return str(self.connection.localDescription.sdp)

    async def take(self, sdp: str) -> None:
        """Take the answer; from now on the person hears the room."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self.room.add(self)

    async def leave(self) -> None:
        """Hang up."""
        self.room.discard(self)
        await self.connection.close()

    async def _forward(self, data: bytes, arrival_time_ms: int) -> None:
        for other in list(self.room):
            if other is not self and other.transport.state == "connected":
                await other.transport._send_rtp(data)


class Relay:
    """All rooms."""

    def __init__(self) -> None:
        self._rooms: dict[str, set[Person]] = {}
        self._persons: list[Person] = []

    async def obey(self, words: dict[str, Any]) -> dict[str, Any]:
        """Do one thing; return the answer."""
        if words["do"] == "join":
            person = Person(self._rooms.setdefault(words["room"], set()), words["talks"])
            self._persons.append(person)
            return {"person": len(self._persons) - 1, "sdp": await person.offer()}
        person = self._persons[words["person"]]
        if words["do"] == "answer":
            await person.take(words["sdp"])
        else:
            await person.leave()
        return {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey one connection, one line after the other."""
        while line := await reader.readline():
            answer = await self.obey(json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Relay().serve, "127.0.0.1", 0, limit=1 << 20)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
