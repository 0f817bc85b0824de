"""Two Chromium pages talk through networks that lose packets: what they ask for again arrives."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from playwright.sync_api import sync_playwright

from tests.media.conftest import Stage, open_stage
from tests.support.browser import running_browser
from tests.support.lossy_relay import LossyRelay, open_relay
from tests.support.tones import write_tone
from voicechat.media import PeerConnected

pytestmark = pytest.mark.browser
LOSS = 0.1
PACKETS = 250
_ANSWER = """async offer => {
  window.call = new RTCPeerConnection();
  call.ontrack = event => {
    const audio = new Audio();
    audio.srcObject = event.streams[0];
    document.body.append(audio);
    audio.play();
  };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  await call.setRemoteDescription({ type: "offer", sdp: offer });
  const [first] = call.getTransceivers();
  first.direction = "sendonly";
  await first.sender.replaceTrack(microphone.getTracks()[0]);
  await call.setLocalDescription();
  return call.localDescription.sdp;
}"""
_STATS = "async kind => [...(await call.getStats()).values()].filter(entry => entry.type === kind)"


class Pages:
    """Chromium pages, driven from Trio: playwright's own thread runs one call after the other."""

    def __init__(self, calls: queue.SimpleQueue[Any]) -> None:
        self._calls = calls

    async def evaluate(self, page: int, expression: str, argument: object) -> Any:
        """Evaluate in page number `page`, which is opened when it is first named."""
        result: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((page, expression, argument, result))
        value = await trio.to_thread.run_sync(result.get)
        if isinstance(value, BaseException):
            raise value
        return value


def _drive(microphone: Path, calls: queue.SimpleQueue[Any]) -> None:
    with sync_playwright() as playwright, running_browser(playwright, microphone) as browser:
        pages: dict[int, Any] = {}
        while (call := calls.get()) is not None:
            number, expression, argument, result = call
            try:
                if number not in pages:
                    pages[number] = browser.new_page()
                    pages[number].route(
                        "**/*", lambda route: route.fulfill(body="", content_type="text/html")
                    )
                    pages[number].goto("http://localhost/")  # a secure context, so that there is a microphone
                result.put(pages[number].evaluate(expression, argument))
            except Exception as problem:
                result.put(problem)


@contextmanager
def open_pages(folder: Path) -> Iterator[Pages]:
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    thread = threading.Thread(target=_drive, args=(write_tone(folder / "tone.wav", 440), calls))
    thread.start()
    try:
        yield Pages(calls)
    finally:
        calls.put(None)
        thread.join()


@asynccontextmanager
async def joined(stage: Stage, pages: Pages, number: int) -> AsyncIterator[LossyRelay]:
    """Let page `number` join through a lossy network of its own."""
    peer_id = f"page {number}"
    offer = await stage.media.join(room_id="room", peer_id=peer_id, user_id=peer_id, may_speak=True)
    port = int(re.findall(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)", offer)[0])
    async with open_relay(("127.0.0.1", port), LOSS) as relay:
        lines = [line for line in offer.split("\r\n") if not line.startswith("a=candidate")]
        candidate = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {relay.address[1]} typ host"
        offer = "\r\n".join(f"{line}\r\n{candidate}" if line == "a=rtcp-mux" else line for line in lines)
        await stage.media.answer(peer_id, await pages.evaluate(number, _ANSWER, offer))
        await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))
        yield relay


async def test_what_is_lost_on_either_way_is_asked_for_and_comes(tmp_path: Path) -> None:
    with open_pages(tmp_path) as pages:
        async with open_stage() as stage, joined(stage, pages, 0) as near, joined(stage, pages, 1) as far:
            with trio.fail_after(60):
                await far.wait_passed("down", PACKETS)
            (sent,) = await pages.evaluate(0, _STATS, "outbound-rtp")
            (heard,) = await pages.evaluate(1, _STATS, "inbound-rtp")
            counters = stage.media.counters()
    assert sent["retransmittedPacketsSent"] > 0
    assert counters["recovered"] > near.lost["up"] / 2
    assert counters["resent"] > far.lost["down"] / 2
    assert heard["nackCount"] > 0
    assert heard["packetsLost"] < 0.03 * PACKETS  # of a fifth that the two networks lost
