"""SDP answers as Chromium and Firefox write them, made for any offer of the server's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from voicechat.rtc import sdp


@dataclass(frozen=True)
class AnswerParts:
    """What an answer says; the defaults are harmless.

    Of later offers: it sends on all sections it may, or on `sends` alone, in simulcast or, with `rids` empty,
    in one layer; `types` are the payload types it accepts, `refuses` the kinds of feedback it does not, and
    `video_ssrcs` what it names for its sections.
    """

    ufrag: str = "clnt"
    password: str = "p" * 24
    fingerprint: str = ":".join(["AB"] * 32)
    ssrc: int | None = 1234
    microphone: str = "sendonly"
    slot: str = "recvonly"
    setup: str = "active"
    sends: Collection[str] | None = None
    rids: tuple[str, ...] = ("l", "m", "h")
    types: Collection[int] = frozenset(range(128))
    reports_arrivals: bool = True
    refuses: Collection[str] = ()
    video_ssrcs: Mapping[str, int] = field(default_factory=dict)


def mids_of(offer: str) -> list[str]:
    """Return the mids of the offer's media sections."""
    return re.findall(r"^a=mid:(\S+)", offer, re.MULTILINE)


def chromium_answer(offer: str, parts: AnswerParts | None = None) -> str:
    """Answer `offer` in the words of Chromium 156."""
    parts = parts or AnswerParts()
    mids = mids_of(offer)
    lines = ["v=0", "o=- 4962303333179871722 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {' '.join(mids)}", "a=msid-semantic: WMS f1c1"]
    for index, section in enumerate(sdp.parse(offer).media):
        types = _accepted(section, parts)
        lines += [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(types)}", "c=IN IP4 0.0.0.0"]
        lines += ["a=rtcp:9 IN IP4 0.0.0.0"]
        if index == 0:
            lines += [
                "a=candidate:1 1 udp 2113937151 0a1b.local 57219 typ host generation 0 network-cost 999"
            ]
        lines += [f"a=ice-ufrag:{parts.ufrag}", f"a=ice-pwd:{parts.password}", "a=ice-options:trickle"]
        lines += [f"a=fingerprint:sha-256 {parts.fingerprint}", f"a=setup:{parts.setup}"]
        lines += [f"a=mid:{section.first('mid')}", *_extensions(section, parts)]
        direction = _direction(index, section, parts)
        lines += [f"a={direction}"]
        lines += ["a=msid:f1c1 7c0e"] if direction == "sendonly" else []
        lines += ["a=rtcp-mux", *_codecs(section, types, parts)]
        lines += list(_layers(section, direction, parts))
        ssrc = _ssrc(index, section, parts)
        if direction == "sendonly" and ssrc is not None:
            lines += [f"a=ssrc:{ssrc} cname:yPwhq9"]
    return "\r\n".join([*lines, ""])


def firefox_answer(offer: str, parts: AnswerParts | None = None) -> str:
    """Answer `offer` in the words of Firefox 153: session-level fingerprint, an SSRC in every section."""
    parts = parts or AnswerParts()
    mids = mids_of(offer)
    lines = ["v=0", "o=mozilla...THIS_IS_SDPARTA-99.0 3417391 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += [f"a=fingerprint:sha-256 {parts.fingerprint}", f"a=group:BUNDLE {' '.join(mids)}"]
    lines += ["a=ice-options:trickle", "a=msid-semantic:WMS *"]
    for index, section in enumerate(sdp.parse(offer).media):
        types = [text for text in _accepted(section, parts) if text != "63"]  # it has no RED
        direction = _direction(index, section, parts)
        lines += [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(types)}", "c=IN IP4 0.0.0.0"]
        lines += [f"a={direction}", *_extensions(section, parts)]
        lines += ["a=fmtp:111 maxplaybackrate=48000;stereo=1;useinbandfec=1"] if "111" in types else []
        lines += [f"a=ice-pwd:{parts.password}", f"a=ice-ufrag:{parts.ufrag}"]
        lines += [f"a=mid:{section.first('mid')}"]
        lines += ["a=msid:- {2d7f}"] if direction == "sendonly" else []
        lines += [*_layers(section, direction, parts), "a=rtcp-mux", *_codecs(section, types, parts)]
        lines += [f"a=setup:{parts.setup}"]
        ssrc = _ssrc(index, section, parts) if direction == "sendonly" else None
        lines += [f"a=ssrc:{777000 + index if ssrc is None else ssrc} cname:{{5a0b}}"]
    return "\r\n".join([*lines, ""])


def _accepted(section: sdp.Media, parts: AnswerParts) -> list[str]:
    return [text for text in section.formats if int(text) in parts.types]


def _direction(index: int, section: sdp.Media, parts: AnswerParts) -> str:
    if index == 0:
        return parts.microphone
    if section.direction == "recvonly":
        return "sendonly" if parts.sends is None or section.first("mid") in parts.sends else "inactive"
    return "inactive" if section.direction == "inactive" else parts.slot


def _ssrc(index: int, section: sdp.Media, parts: AnswerParts) -> int | None:
    return parts.ssrc if index == 0 else parts.video_ssrcs.get(section.first("mid") or "")


def _extensions(section: sdp.Media, parts: AnswerParts) -> list[str]:
    offered = section.every("extmap")
    return [
        f"a=extmap:{value}" for value in offered if parts.reports_arrivals or "transport-wide" not in value
    ]


def _codecs(section: sdp.Media, types: list[str], parts: AnswerParts) -> Iterator[str]:
    for name in ("rtpmap", "rtcp-fb", "fmtp"):
        for value in section.every(name):
            number, _, rest = value.partition(" ")
            if (
                number in types
                and not (name == "rtcp-fb" and rest in parts.refuses)
                and (section.kind == "video" or name == "rtpmap")
            ):
                yield f"a={name}:{value}"
    if section.kind == "audio":
        yield f"a=fmtp:{types[0]} minptime=10;useinbandfec=1;usedtx=1"
        yield from (f"a=fmtp:{value}" for value in section.every("fmtp") if {"63", value[:2]} <= {*types})


def _layers(section: sdp.Media, direction: str, parts: AnswerParts) -> Iterator[str]:
    if section.has("simulcast") and direction == "sendonly" and parts.rids:
        yield from (f"a=rid:{rid} send" for rid in parts.rids)
        yield f"a=simulcast:send {';'.join(parts.rids)}"
