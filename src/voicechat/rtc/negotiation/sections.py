"""The media sections that later offers append, and how they are written.

What each line of them is there for:

- `a=simulcast:recv l;m;h`: the lowest first. Browsers give their encodings in this order a quarter, a half
  and all of the picture's width (WebRTC §5.4.1), and Chromium serves the first one first when bits are short.
  Of a picture of few lines it sends the first two, then as a half and all of it: nothing is lost (measured
  with version 156; the largest first would make `h` the quarter). Only a client that sets the scales itself,
  as ours does, has to put the largest first, since Chromium then leaves the third out as it is.
- no RTX towards us: browsers then send a lost packet again as it was. Viewers are offered it, as their
  packets are told apart by it from first sendings, which their bandwidth estimates want.
- transport-wide numbers, in video alone: they tell how much a network carries.
- `a=rtcp-fb` names `nack pli` and `ccm fir`, by which a decoder asks for a keyframe, and `goog-remb` for
  clients without the numbers.
- The order of the codecs: Chromium sends what we name first, whatever its answer names first (measured with
  version 156), so a client that prefers another codec is offered that one first the next time.
- `b=TIAS` (RFC 3890): how much a publisher may send of a stream. Chromium obeys it where it sends one layer.
- The sound of a screen has a payload type of its own, as it is stereo and has no DTX, which would cut music.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicechat.rtc import sdp
from voicechat.rtc.negotiation.codecs import (
    BY_PT,
    EXTENSION_URIS,
    MID_EXTENSION,
    OPUS,
    RID_EXTENSION,
    STEREO_PT,
    TRANSPORT_EXTENSION,
    VIDEO_CODECS,
    VideoCodec,
    rtpmap,
)

PROTOCOL = "UDP/TLS/RTP/SAVPF"
RIDS = ("l", "m", "h")
"""The layers of a stream, the lowest first."""

_FEEDBACK = ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb")
_STEREO = "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000"


@dataclass(frozen=True, slots=True)
class PublishLine:
    """A section for the client to send on: `source`, or nothing while that is None (inactive).

    `favourite` is the payload type that comes first, where the client likes another best than we.
    """

    mid: str
    is_video: bool
    source: str | None
    max_bits_per_s: int = 0
    favourite: int | None = None


@dataclass(frozen=True, slots=True)
class VideoSlotLine:
    """A section the server sends somebody's video on."""

    mid: str
    ssrc: int
    rtx_ssrc: int


@dataclass(frozen=True, slots=True)
class SoundSlotLine:
    """A section the server sends the sound of somebody's screen on."""

    mid: str
    ssrc: int


LaterLine = PublishLine | VideoSlotLine | SoundSlotLine


def is_video_line(line: LaterLine) -> bool:
    """Tell a section of video from one of audio."""
    return isinstance(line, VideoSlotLine) or (isinstance(line, PublishLine) and line.is_video)


def offered_types(line: LaterLine) -> tuple[int, ...]:
    """Return the payload types of a section in the order of preference."""
    match line:
        case VideoSlotLine():
            return tuple(pt for codec in VIDEO_CODECS for pt in (codec.pt, codec.rtx_pt))
        case PublishLine(is_video=True, favourite=favourite):
            return tuple(sorted(BY_PT, key=lambda pt: pt != favourite))
        case _:
            return (STEREO_PT,)


def offered_extensions(line: LaterLine) -> tuple[int, ...]:
    """Return the numbers of the header extensions of a section."""
    match line:
        case PublishLine(is_video=True):
            return TRANSPORT_EXTENSION, MID_EXTENSION, RID_EXTENSION
        case PublishLine():
            return (MID_EXTENSION,)
        case VideoSlotLine():
            return (TRANSPORT_EXTENSION,)
        case SoundSlotLine():
            return ()


def later_section(
    line: LaterLine,
    *,
    cname: str,
    is_rejected: bool,
    transport: tuple[sdp.Attribute, ...],
    candidates: tuple[sdp.Attribute, ...],
) -> sdp.Media:
    """Write a section of a later offer; one that the client once rejected stays so."""
    types = offered_types(line)
    kind = "video" if is_video_line(line) else "audio"
    if is_rejected:
        names = tuple(("rtpmap", f"{pt} {rtpmap(pt)}") for pt in types)
        attributes = (("mid", line.mid), ("inactive", ""), *names)
        return sdp.Media(kind, 0, PROTOCOL, tuple(map(str, types)), attributes)
    own = (("mid", line.mid), *_direction(line), *_extension_lines(line), *_stream_lines(line, cname))
    codecs = _video_lines(types) if is_video_line(line) else _stereo_lines()
    return sdp.Media(
        kind=kind,
        port=9,
        protocol=PROTOCOL,
        formats=tuple(map(str, types)),
        attributes=(*own, *transport, *codecs, *_layer_lines(line), *candidates),
        bits_per_s=(line.max_bits_per_s or None) if isinstance(line, PublishLine) else None,
    )


def _direction(line: LaterLine) -> tuple[sdp.Attribute, ...]:
    if isinstance(line, PublishLine):
        return (("inactive" if line.source is None else "recvonly", ""),)
    return (("sendonly", ""),)


def _extension_lines(line: LaterLine) -> tuple[sdp.Attribute, ...]:
    return tuple(("extmap", f"{number} {EXTENSION_URIS[number]}") for number in offered_extensions(line))


def _stream_lines(line: LaterLine, cname: str) -> tuple[sdp.Attribute, ...]:
    """Name the streams of a slot: a viewer tells the slots apart by their SSRCs."""
    if isinstance(line, PublishLine):
        return ()
    msid = ("msid", f"slot{line.mid} slot{line.mid}")
    if isinstance(line, SoundSlotLine):
        return msid, ("ssrc", f"{line.ssrc} cname:{cname}")
    return (
        msid,
        ("ssrc-group", f"FID {line.ssrc} {line.rtx_ssrc}"),
        ("ssrc", f"{line.ssrc} cname:{cname}"),
        ("ssrc", f"{line.rtx_ssrc} cname:{cname}"),
    )


def _video_lines(types: tuple[int, ...]) -> tuple[sdp.Attribute, ...]:
    lines: list[sdp.Attribute] = [("rtcp-rsize", "")]
    for codec in (BY_PT[pt] for pt in types if pt in BY_PT):
        lines += _codec_lines(codec, with_rtx=codec.rtx_pt in types)
    return tuple(lines)


def _codec_lines(codec: VideoCodec, *, with_rtx: bool) -> list[sdp.Attribute]:
    lines = [("rtpmap", f"{codec.pt} {rtpmap(codec.pt)}")]
    lines += [("rtcp-fb", f"{codec.pt} {feedback}") for feedback in _FEEDBACK]
    lines += [("fmtp", f"{codec.pt} {codec.fmtp}")] if codec.fmtp else []
    if with_rtx:
        lines += [("rtpmap", f"{codec.rtx_pt} rtx/90000"), ("fmtp", f"{codec.rtx_pt} apt={codec.pt}")]
    return lines


def _stereo_lines() -> tuple[sdp.Attribute, ...]:
    return (
        ("rtpmap", f"{STEREO_PT} {OPUS}"),
        ("fmtp", f"{STEREO_PT} {_STEREO}"),
        ("rtcp-fb", f"{STEREO_PT} nack"),
    )


def _layer_lines(line: LaterLine) -> tuple[sdp.Attribute, ...]:
    """Ask for simulcast (RFC 8853); who sends one layer alone leaves the lines out of its answer."""
    if not (isinstance(line, PublishLine) and line.is_video):
        return ()
    return (*(("rid", f"{rid} recv") for rid in RIDS), ("simulcast", f"recv {';'.join(RIDS)}"))
