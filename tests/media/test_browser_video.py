"""Chromium shows and Chromium watches: layers, keyframes, an end, codecs and an ICE restart."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.media.conftest import Stage, open_stage
from tests.media.test_browser_loss import Pages, open_pages
from voicechat.media import Layer, LayerChanged, MediaEvent, OfferChanged, PeerConnected, Preference
from voicechat.media.tracks import SOUND_BITS_PER_S
from voicechat.rtc.sources import WEBCAM

pytestmark = pytest.mark.browser
LIMIT = 2_000_000

# The page answers every offer; what it may send it takes from a canvas on which something moves.
_PAGE = """size => {
  window.call = new RTCPeerConnection();
  window.videos = {};
  call.ontrack = event => {
    if (event.track.kind !== "video") return;
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream([event.track]);
    document.body.append(video);
    video.play();
    videos[event.transceiver.mid] = video;
  };
  window.picture = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = size;
    const pen = canvas.getContext("2d");
    let step = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${step++ % 360} 90% 50%)`;
      pen.fillRect(0, 0, ...size);
      pen.fillStyle = "black";
      pen.fillRect((step * 7) % size[0], 100, 200, 200);
    }, 33);
    document.body.append(canvas);
    return canvas.captureStream(30).getTracks()[0];
  };
  window.answer = async (offer, sends, codec, leaveOut) => {
    const isLeftOut = line => leaveOut.some(words => line.includes(words));
    offer = offer.split("\\r\\n").filter(line => !isLeftOut(line)).join("\\r\\n");
    await call.setRemoteDescription({ type: "offer", sdp: offer });
    for (const transceiver of call.getTransceivers()) {
      const source = sends[transceiver.mid];
      if (source === undefined) continue;
      transceiver.direction = "sendonly";
      if (transceiver.sender.track) continue;
      if (source === "microphone") {
        const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
        await transceiver.sender.replaceTrack(microphone.getTracks()[0]);
      } else {
        await transceiver.sender.replaceTrack(picture());
        if (codec) {
          const all = RTCRtpSender.getCapabilities("video").codecs;
          transceiver.setCodecPreferences(all.filter(one => one.mimeType === codec));
        }
      }
    }
    await call.setLocalDescription();
    return call.localDescription.sdp;
  };
}"""
_ANSWER = "([offer, sends, codec, leaveOut]) => answer(offer, sends, codec, leaveOut)"
_STATS = "async kind => [...(await call.getStats()).values()].filter(entry => entry.type === kind)"


class Page:
    """A page in a room, which answers every offer as if lines with the words `leave_out` were not in it."""

    def __init__(
        self,
        stage: Stage,
        pages: Pages,
        number: int,
        codec: str | None,
        size: tuple[int, int],
        leave_out: Collection[str],
    ) -> None:
        self.stage, self.pages, self.number, self.codec, self.size = stage, pages, number, codec, size
        self.leave_out = list(leave_out)
        self.peer_id = self.user_id = f"page {number}"

    async def join(self) -> None:
        await self.pages.evaluate(self.number, _PAGE, list(self.size))
        offer = await self.stage.media.join(
            room_id="room", peer_id=self.peer_id, user_id=self.user_id, may_speak=True
        )
        await self._answer(offer, {"0": "microphone"})
        await self.stage.events.wait_for(lambda event: event == PeerConnected(self.peer_id))

    async def _answer(self, offer: str, sends: dict[str, str]) -> None:
        answer = await self.pages.evaluate(self.number, _ANSWER, [offer, sends, self.codec, self.leave_out])
        await self.stage.media.answer(self.peer_id, answer)

    async def answers(self) -> None:
        """Answer later offers for ever."""
        revision = 1
        while True:
            revision += 1
            event = await self.stage.events.wait_for(
                lambda event: self._is_offer(event, revision),  # noqa: B023
                within_s=math.inf,
            )
            assert isinstance(event, OfferChanged)
            await self._answer(event.sdp, {line.mid: line.source for line in event.sends})

    def _is_offer(self, event: MediaEvent, revision: int) -> bool:
        return isinstance(event, OfferChanged) and (event.peer_id, event.revision) == (self.peer_id, revision)

    async def stats(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.pages.evaluate(self.number, _STATS, kind)
        return [entry for entry in found if entry.get("kind") == "video"]

    async def pair(self) -> dict[str, Any]:
        """The statistics of the path that is in use."""
        found: list[dict[str, Any]] = await self.pages.evaluate(self.number, _STATS, "candidate-pair")
        return next((entry for entry in found if entry.get("nominated")), {})

    async def may_send(self, is_it: Callable[[float], bool]) -> None:
        """Wait until the page's estimate of what it may send, in bits per second, is as expected."""
        with trio.fail_after(30):
            while not is_it((await self.pair()).get("availableOutgoingBitrate", math.nan)):  # noqa: ASYNC110
                await trio.sleep(0.2)

    async def picture(self) -> dict[str, Any]:
        """The statistics of the one video the page decodes; empty before the first."""
        decoded = [entry for entry in await self.stats("inbound-rtp") if entry.get("framesDecoded", 0) > 0]
        return decoded[0] if decoded else {}

    async def picture_where(self, is_it: Any) -> dict[str, Any]:
        with trio.fail_after(30):
            while not is_it(entry := await self.picture()):  # noqa: ASYNC110 (a page tells of no frame)
                await trio.sleep(0.2)
        return entry


@asynccontextmanager
async def joined(
    stage: Stage,
    pages: Pages,
    number: int,
    codec: str | None = None,
    size: tuple[int, int] = (1280, 720),
    leave_out: Collection[str] = (),
) -> AsyncIterator[Page]:
    page = Page(stage, pages, number, codec, size, leave_out)
    await page.join()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(page.answers)
        yield page
        nursery.cancel_scope.cancel()


def layers_told(stage: Stage, viewer: Page) -> list[Layer | None]:
    return [event.layer for event in stage.events.of(LayerChanged) if event.peer_id == viewer.peer_id]


async def test_a_page_watches_another_in_the_layer_it_prefers(tmp_path: Path) -> None:
    with open_pages(tmp_path) as pages:
        async with open_stage() as stage, joined(stage, pages, 0) as near, joined(stage, pages, 1) as far:
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            await far.picture_where(lambda entry: entry.get("frameHeight") == 720)
            stage.media.prefer(far.peer_id, near.user_id, WEBCAM, Preference.LOW)
            await far.picture_where(lambda entry: entry.get("frameHeight") == 180)
            stage.media.prefer(far.peer_id, near.user_id, WEBCAM, Preference.AUTO)
            last = await far.picture_where(lambda entry: entry.get("frameHeight") == 720)
            sent = await near.stats("outbound-rtp")
            assert layers_told(stage, far)[-1] is Layer.HIGH
            assert last["packetsLost"] == 0
            assert {entry["rid"] for entry in sent} == {"l", "m", "h"}
            assert stage.media.counters()["peers_failed"] == 0


async def test_a_picture_of_few_lines_is_seen_whole(tmp_path: Path) -> None:
    """A client that only answers: of 360 lines Chromium sends two layers, and neither may be a part of it."""
    with open_pages(tmp_path) as pages:
        async with (
            open_stage() as stage,
            joined(stage, pages, 0, size=(640, 360)) as near,
            joined(stage, pages, 1) as far,
        ):
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            await far.picture_where(lambda entry: entry.get("frameHeight") == 360)
            stage.media.prefer(far.peer_id, near.user_id, WEBCAM, Preference.LOW)
            await far.picture_where(lambda entry: entry.get("frameHeight") == 180)


@pytest.mark.parametrize("codec", ["video/VP8", "video/VP9", "video/H264", "video/AV1"])
async def test_every_codec_is_passed_through(tmp_path: Path, codec: str) -> None:
    with open_pages(tmp_path) as pages:
        async with (
            open_stage() as stage,
            joined(stage, pages, 0, codec) as near,
            joined(stage, pages, 1) as far,
        ):
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            await far.picture_where(lambda entry: entry.get("framesDecoded", 0) > 10)
            kinds = await pages.evaluate(
                1,
                "async () => { const all = await call.getStats(); const [one] = [...all.values()].filter("
                "e => e.type === 'inbound-rtp' && e.kind === 'video' && e.framesDecoded);"
                " return all.get(one.codecId).mimeType; }",
                None,
            )
            assert kinds == codec


async def test_a_restart_of_a_page_s_ice_leaves_the_picture_running(tmp_path: Path) -> None:
    with open_pages(tmp_path) as pages:
        async with open_stage() as stage, joined(stage, pages, 0) as near, joined(stage, pages, 1) as far:
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            before = await far.picture_where(lambda entry: entry.get("framesDecoded", 0) > 10)
            ufrag = stage.media._endpoints[near.peer_id].peer.ice.local.ufrag
            stage.media.restart_ice(near.peer_id)
            with trio.fail_after(20):
                while stage.media._endpoints[near.peer_id].peer.ice.local.ufrag == ufrag:  # noqa: ASYNC110
                    await trio.sleep(0.05)
            after = await far.picture_where(
                lambda entry: entry.get("framesDecoded", 0) > before["framesDecoded"] + 60
            )
            assert after["packetsLost"] == 0
            assert after["freezeCount"] == before["freezeCount"]


async def test_a_page_is_probed_for_a_better_layer_and_sees_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its network is taken for a poor one at first, and trials are far off."""
    monkeypatch.setattr("voicechat.media.banks.START_ESTIMATE", 250_000)
    monkeypatch.setattr("voicechat.rtc.layers.PATIENCE_S", 1000.0)
    with open_pages(tmp_path) as pages:
        async with open_stage() as stage, joined(stage, pages, 0) as near, joined(stage, pages, 1) as far:
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            with trio.fail_after(30):
                while not stage.media.counters()["padding_sent"]:  # noqa: ASYNC110 (the engine tells of no packet)
                    await trio.sleep(0.1)
            before = await far.picture()
            last = await far.picture_where(
                lambda entry: entry.get("frameHeight", 0) >= 360 and entry["framesDecoded"] > 30
            )
            assert stage.media.counters()["probes_sent"] > 0
            assert last["packetsLost"] == before.get("packetsLost", 0) == 0


async def test_a_page_without_arrival_times_sends_what_it_is_told_that_it_may(tmp_path: Path) -> None:
    """By REMB alone, as older clients do; it begins at 300 kbit/s, and by its own losses would only go up."""
    with open_pages(tmp_path) as pages:
        async with (
            open_stage() as stage,
            joined(stage, pages, 0, leave_out=["transport-cc", "transport-wide"]) as near,
        ):
            stage.media.publish(near.peer_id, WEBCAM, max_bits_per_s=LIMIT)
            await near.may_send(lambda bits_per_s: bits_per_s > 600_000)
            assert stage.media.counters()["remb_sent"] > 0
            assert stage.media.counters()["twcc_sent"] == 0
            stage.media.limit(near.peer_id, WEBCAM, 60_000)
            most = 60_000 * 5 // 3 + SOUND_BITS_PER_S
            await near.may_send(lambda bits_per_s: bits_per_s <= most)
