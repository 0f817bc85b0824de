"""One person whose media is GStreamer's webrtcbin: sends a tone and pictures, and counts what comes.

Run by the system's Python, which has the bindings, so it imports nothing of ours; spoken to by lines of JSON
(see the package).
"""

from __future__ import annotations

import itertools
import json
import struct
import sys
import time
from collections import deque
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # type: ignore[import-not-found]  # noqa: E402

RATE = 48_000
LOUD = 500
WAIT_S = 10.0

TONE = (
    "audiotestsrc is-live=true freq={hz} volume=0.3 ! audio/x-raw,rate=48000,channels=2 ! opusenc"
    " ! rtpopuspay pt={pt} ssrc={ssrc}"
    " ! capsfilter caps=application/x-rtp,media=audio,encoding-name=OPUS,payload={pt}"
)
PICTURE = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=160,height=120,framerate=10/1"
    " ! vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=96 ssrc={ssrc} picture-id-mode=2"
    " ! capsfilter caps=application/x-rtp,media=video,encoding-name=VP8,payload=96"
)
SINK = "appsink name=sink sync=false emit-signals=true"
EAR = f"rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE,channels=1,rate={RATE} ! {SINK}"
EYE = f"rtpvp8depay ! vp8dec ! videoconvert ! {SINK}"


class Stream:
    """What comes in one section."""

    def __init__(self, is_sound: bool) -> None:
        self.frames = 0
        self._is_sound = is_sound
        self._last: deque[bytes] = deque(maxlen=20)

    def take(self, sink: Any) -> Any:
        """Take a decoded frame."""
        buffer = sink.emit("pull-sample").get_buffer()
        self.frames += 1
        if self._is_sound:
            self._last.append(buffer.extract_dup(0, buffer.get_size()))
        return Gst.FlowReturn.OK

    def hz(self) -> int:
        """Return the pitch of the last sounds; 0 for silence."""
        joined = b"".join(list(self._last))
        samples: tuple[int, ...] = struct.unpack(f"<{len(joined) // 2}h", joined)
        if not samples or max(samples) < LOUD:
            return 0
        rises = sum(before < 0 <= after for before, after in itertools.pairwise(samples))
        return round(rises * RATE / len(samples))


class Person:
    """The pipeline around a webrtcbin."""

    def __init__(self, hz: int) -> None:
        self._hz = hz
        self._streams: dict[str, Stream] = {}
        self._sent: set[str] = set()
        self._pipeline = Gst.Pipeline.new()
        self._bin = Gst.ElementFactory.make("webrtcbin")
        self._bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self._bin.connect("pad-added", self._heard)
        self._pipeline.add(self._bin)
        self._pipeline.set_state(Gst.State.PLAYING)

    def answer(self, offer: str, sends: dict[str, str]) -> str:
        """Answer an offer, sending on the sections it may send on."""
        _, message = GstSdp.SDPMessage.new_from_text(offer)
        offered = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        self._do("set-remote-description", offered)
        mids = [line.removeprefix("a=mid:") for line in offer.splitlines() if line.startswith("a=mid:")]
        for mid in sends.keys() - self._sent:
            self._send(mids.index(mid), sends[mid])
            self._sent.add(mid)
        reply = self._do("create-answer", None)  # owns the answer, which is gone with it
        answer = reply.get_value("answer")
        self._do("set-local-description", answer)
        return str(answer.sdp.as_text())

    def report(self) -> dict[str, Any]:
        """Tell what came."""
        streams = {mid: {"frames": each.frames, "hz": each.hz()} for mid, each in list(self._streams.items())}
        return {"state": self._bin.get_property("connection-state").value_nick, "streams": streams}

    def _do(self, action: str, argument: Any) -> Any:
        """Run an action of webrtcbin to its end; return what it promised."""
        promise = Gst.Promise.new()
        self._bin.emit(action, argument, promise)
        promise.wait()
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            raise RuntimeError(f"{action}: {reply.to_string()}")
        return reply

    def _send(self, index: int, source: str) -> None:
        """Add a source, and wait for its caps: without them the answer names no SSRC."""
        ssrc = self._hz * 1000 + index
        if source == "microphone" or source.startswith("screen_audio"):
            words = TONE.format(hz=self._hz, pt=111 if source == "microphone" else 109, ssrc=ssrc)
        else:
            words = PICTURE.format(ssrc=ssrc)
        bin_ = Gst.parse_bin_from_description(words, True)
        self._pipeline.add(bin_)
        pad = self._bin.request_pad_simple(f"sink_{index}")
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
        pad.get_property("transceiver").set_property("direction", direction)
        bin_.get_static_pad("src").link(pad)
        bin_.sync_state_with_parent()
        deadline = time.monotonic() + WAIT_S
        while pad.get_current_caps() is None and time.monotonic() < deadline:
            time.sleep(0.02)

    def _heard(self, _: Any, pad: Any) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps() or pad.query_caps()
        is_sound = caps.get_structure(0).get_string("media") == "audio"
        stream = Stream(is_sound)
        self._streams[pad.get_property("transceiver").get_property("mid")] = stream
        bin_ = Gst.parse_bin_from_description(EAR if is_sound else EYE, True)
        self._pipeline.add(bin_)
        bin_.get_by_name("sink").connect("new-sample", stream.take)
        bin_.sync_state_with_parent()
        pad.link(bin_.get_static_pad("sink"))


def main() -> None:
    """Obey standard input until it ends."""
    Gst.init(None)
    person = Person(int(sys.argv[1]))
    for line in sys.stdin:
        words = json.loads(line)
        try:
            said = {"answer": person.answer(**words)} if "offer" in words else person.report()
        except RuntimeError as problem:
            said = {"error": str(problem)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
