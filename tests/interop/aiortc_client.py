"""One person whose media is aiortc's: sends a tone and pictures, and counts what comes.

Run by the Python that has aiortc, so it imports nothing of ours; spoken to by lines of JSON (see the
package).
"""

from __future__ import annotations

import asyncio
import collections
import fractions
import itertools
import json
import math
import struct
import sys
from typing import Any

from aiortc import (  # type: ignore[import-not-found]
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from av import AudioFrame, VideoFrame

RATE, FRAME = 48_000, 960
PEAK, LOUD = 9000, 500


class Clocked(MediaStreamTrack):  # type: ignore[misc]
    """A track whose frames come when they are due."""

    rate = step = 0

    def __init__(self) -> None:
        super().__init__()
        self._at, self._begun = 0, asyncio.get_running_loop().time()

    async def recv(self) -> AudioFrame | VideoFrame:
        """Return the next frame, in time."""
        await asyncio.sleep(self._begun + self._at / self.rate - asyncio.get_running_loop().time())
        frame = self.make(self._at)
        frame.pts, frame.time_base = self._at, fractions.Fraction(1, self.rate)
        self._at += self.step
        return frame

    def make(self, at: int) -> AudioFrame | VideoFrame:
        """Return the frame of a time."""
        raise NotImplementedError


class Tone(Clocked):
    """A sine."""

    kind, rate, step = "audio", RATE, FRAME

    def __init__(self, hz: int) -> None:
        super().__init__()
        sines = (round(PEAK * math.sin(2 * math.pi * hz * n / RATE)) for n in range(RATE))
        self._second = struct.pack(f"<{RATE}h", *sines)

    def make(self, at: int) -> AudioFrame:
        """Return 20 ms of it."""
        frame, start = AudioFrame("s16", "mono", FRAME), 2 * (at % RATE)
        frame.sample_rate = RATE
        frame.planes[0].update(self._second[start : start + 2 * FRAME])
        return frame


class Picture(Clocked):
    """A grey that changes, ten times a second."""

    kind, rate, step = "video", 90_000, 9000

    def make(self, at: int) -> VideoFrame:
        """Return one picture."""
        frame = VideoFrame(160, 120, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([at // 3000 % 256]) * plane.buffer_size)
        return frame


class Stream:
    """What comes in one section."""

    def __init__(self) -> None:
        self.frames = 0
        self._last: collections.deque[bytes] = collections.deque(maxlen=20)

    async def take(self, track: Any) -> None:
        """Take frames for ever."""
        while True:
            frame = await track.recv()
            self.frames += 1
            if isinstance(frame, AudioFrame):
                self._last.append(bytes(frame.planes[0])[: 4 * frame.samples])

    def hz(self) -> int:
        """Return the pitch of the last sounds; 0 for silence."""
        joined = b"".join(self._last)
        left: tuple[int, ...] = struct.unpack(f"<{len(joined) // 2}h", joined)[::2]
        if not left or max(left) < LOUD:
            return 0
        rises = sum(before < 0 <= after for before, after in itertools.pairwise(left))
        return round(rises * RATE / len(left))


class Person:
    """The peer connection, and what goes and comes."""

    def __init__(self, hz: int) -> None:
        self._hz = hz
        # With another policy only the first of several sections of a kind is connected in a later offer.
        policy = RTCBundlePolicy.MAX_BUNDLE
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=policy))
        self._connection.on("track", self._heard)
        self._streams: dict[str, Stream] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._sent: set[str] = set()

    async def answer(self, offer: str, sends: dict[str, str]) -> str:
        """Answer an offer, sending on the sections it may send on."""
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in self._connection.getTransceivers():
            mid = transceiver.mid
            if mid in sends:
                transceiver.direction = "sendonly"
                if mid not in self._sent:
                    self._sent.add(mid)
                    track = Tone(self._hz) if transceiver.kind == "audio" else Picture()
                    transceiver.sender.replaceTrack(track)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return str(self._connection.localDescription.sdp)

    def report(self) -> dict[str, Any]:
        """Tell what came."""
        streams = {mid: {"frames": stream.frames, "hz": stream.hz()} for mid, stream in self._streams.items()}
        return {"state": self._connection.connectionState, "streams": streams}

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    def _heard(self, track: Any) -> None:
        transceivers = self._connection.getTransceivers()
        mid = next(each.mid for each in transceivers if each.receiver.track is track)
        self._streams[mid] = Stream()
        self._tasks.append(asyncio.create_task(self._streams[mid].take(track)))


async def main() -> None:
    """Obey standard input until it ends."""
    person = Person(int(sys.argv[1]))
    while line := await asyncio.to_thread(sys.stdin.readline):
        words = json.loads(line)
        said = {"answer": await person.answer(**words)} if "offer" in words else person.report()
        print(json.dumps(said), flush=True)
    await person.close()


if __name__ == "__main__":
    asyncio.run(main())
