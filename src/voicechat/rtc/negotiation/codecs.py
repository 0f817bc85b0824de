"""Payload types and header extensions: ours for everybody, since we are always the offerer.

So a packet goes from one client to another without its payload type or its extensions being numbered anew.
"""

from __future__ import annotations

from dataclasses import dataclass

OPUS_PT = 111
STEREO_PT = 109  # Opus for the sound of screens: another format, and one type means one format in a bundle
OPUS_CLOCK_RATE = 48_000
OPUS = "opus/48000/2"
RED_PT = 63  # Opus that carries earlier packets once more (RFC 2198)
RED = "red/48000/2"

LEVEL_EXTENSION = 1
TRANSPORT_EXTENSION = 3
MID_EXTENSION = 4
RID_EXTENSION = 5

EXTENSION_URIS = {
    LEVEL_EXTENSION: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",  # RFC 6464
    TRANSPORT_EXTENSION: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    MID_EXTENSION: "urn:ietf:params:rtp-hdrext:sdes:mid",  # RFC 8843 §15
    RID_EXTENSION: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",  # RFC 8852
}


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """A codec we pass through, under `pt`; what is resent to a viewer goes under `rtx_pt` (RFC 4588)."""

    name: str
    pt: int
    rtx_pt: int
    fmtp: str = ""


VIDEO_CODECS = (
    VideoCodec("VP8", 96, 97),
    VideoCodec("VP9", 98, 99, "profile-id=0"),
    VideoCodec("H264", 102, 103, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    VideoCodec("AV1", 45, 46),
)
"""In the order in which they are offered: every browser can encode VP8 several times at once."""

BY_PT = {codec.pt: codec for codec in VIDEO_CODECS}


def rtpmap(pt: int) -> str:
    """Return what a=rtpmap says of a payload type of ours."""
    if pt in (OPUS_PT, STEREO_PT):
        return OPUS
    if pt == RED_PT:
        return RED
    return f"{BY_PT[pt].name}/90000" if pt in BY_PT else "rtx/90000"
