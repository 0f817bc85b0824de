"""Chromium encodes its voice as the offer asks: the packet time and the bitrate of the channel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.media.conftest import Stage
from tests.support.browser import running_browser
from tests.support.rtc_client import RtpPacket
from tests.support.tones import write_tone
from voicechat.ids import new_id
from voicechat.media import OpusSettings

pytestmark = pytest.mark.browser

# Noise, which takes all the bits it may have; a second of it again and again.
ANSWER_WITH_NOISE = """async offer => {
  const context = new AudioContext();
  const noise = context.createBuffer(1, context.sampleRate, context.sampleRate);
  const samples = noise.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = (Math.random() - 0.5) / 2;
  const source = context.createBufferSource();
  source.buffer = noise;
  source.loop = true;
  const microphone = context.createMediaStreamDestination();
  source.connect(microphone);
  source.start();
  const connection = new RTCPeerConnection();
  await connection.setRemoteDescription({ type: "offer", sdp: offer });
  const [transceiver] = connection.getTransceivers();
  transceiver.direction = "sendonly";
  await transceiver.sender.replaceTrack(microphone.stream.getAudioTracks()[0]);
  await connection.setLocalDescription(await connection.createAnswer());
  globalThis.kept = { context, connection };
  return connection.localDescription.sdp;
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    tone: Path = write_tone(tmp_path_factory.mktemp("tone") / "tone.wav", 500)
    with sync_playwright() as playwright, running_browser(playwright, tone) as browser:
        yield browser.new_page()


def kbps(packets: list[RtpPacket]) -> float:
    """The bitrate of the payloads, by the sender's own clock."""
    lasts_s = (packets[-1].timestamp - packets[0].timestamp) % 2**32 / 48_000
    return sum(len(packet.payload) for packet in packets[:-1]) * 8 / lasts_s / 1000


@pytest.mark.parametrize("opus", [OpusSettings(24, 10), OpusSettings(64, 20), OpusSettings(96, 60)])
async def test_chromium_obeys_packet_time_and_bitrate(stage: Stage, page: Page, opus: OpusSettings) -> None:
    _, listener = await stage.connected("listener")
    peer_id = new_id()
    offer = await stage.media.join(room_id="room", peer_id=peer_id, user_id="u", may_speak=True, opus=opus)
    await stage.media.answer(peer_id, page.evaluate(ANSWER_WITH_NOISE, offer))
    await listener.wait_until(lambda: len(listener.rtp) > 100)
    steady = listener.rtp[40:]
    steps = {(after.timestamp - before.timestamp) % 2**32 for before, after in itertools.pairwise(steady)}
    assert steps == {opus.ptime_ms * 48}
    assert kbps(steady) == pytest.approx(opus.bitrate_kbps, rel=0.3)
