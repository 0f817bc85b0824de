"""Session descriptions as a browser would write them, and what a client must read from a server's (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.peers.legs import Address
from bench.peers.webrtc import Remote, RtpLeg
from bench.programs import Broken
from bench.voice.room import LEVEL_EXTENSION, PT

_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


@dataclass(frozen=True)
class Section:
    """One media section of a description."""

    kind: str
    words: str  # of its m-line
    mid: str
    direction: str
    opus: int  # payload type


def sections(sdp: str) -> list[Section]:
    """List the media sections."""
    found = []
    for text in re.split(r"^m=", sdp, flags=re.MULTILINE)[1:]:
        line = text.splitlines()[0]
        mid = re.search(r"^a=mid:(\S+)", text, re.MULTILINE)
        way = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)", text, re.MULTILINE)
        opus = re.search(r"^a=rtpmap:(\d+) opus/", text, re.MULTILINE | re.IGNORECASE)
        found.append(
            Section(
                kind=line.split()[0],
                words=line,
                mid=mid[1] if mid else "",
                direction=way[1] if way else "sendrecv",
                opus=int(opus[1]) if opus else PT,
            )
        )
    return found


def candidates(sdp: str) -> list[Address]:
    """List the IPv4 UDP host candidates, this machine's own first."""
    found = re.findall(r"candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp, re.IGNORECASE)
    addresses = list(dict.fromkeys((host, int(port)) for host, port in found))
    return sorted(addresses, key=lambda address: not address[0].startswith("127."))


def remote(sdp: str, trickled: str = "") -> Remote:
    """Read where and how to reach the server; `trickled` holds candidates told apart from the description."""
    addresses = candidates(sdp + trickled)
    ufrag, password = re.search(r"a=ice-ufrag:(\S+)", sdp), re.search(r"a=ice-pwd:(\S+)", sdp)
    if not addresses or ufrag is None or password is None:
        raise Broken(f"expected ufrag, password and an IPv4 candidate in {sdp[:160]!r} …")
    return Remote(ufrag[1], password[1], addresses[0])


def publishing_offer(leg: RtpLeg) -> str:
    """Offer one sendonly audio section, as the DTLS client."""
    lines = _session_lines(["0"])
    lines += [*_transport_lines(leg, f"audio 9 UDP/TLS/RTP/SAVPF {PT}", "0"), "a=sendonly", *_opus_lines()]
    lines += _source_lines(leg)
    return "\r\n".join([*lines, ""])


def listening_answer(offer: str, leg: RtpLeg, *, talks: bool = False) -> str:
    """Answer an offer of any number of sections: listen to all of its audio, and talk in it if asked."""
    found = sections(offer)
    lines = _session_lines([section.mid for section in found])
    for section in found:
        if section.kind == "application":
            lines += [*_transport_lines(leg, section.words, section.mid), "a=sctp-port:5000"]
        else:
            words = f"audio 9 UDP/TLS/RTP/SAVPF {section.opus}"
            lines += [*_transport_lines(leg, words, section.mid), "a=rtcp-mux"]
            lines += ["a=sendrecv", *_source_lines(leg)] if talks else ["a=recvonly"]
            lines += [
                f"a=rtpmap:{section.opus} opus/48000/2",
                f"a=fmtp:{section.opus} minptime=10;useinbandfec=1",
            ]
    return "\r\n".join([*lines, ""])


def _session_lines(mids: list[str]) -> list[str]:
    return [
        "v=0",
        "o=- 4962303333179871722 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
    ]


def _transport_lines(leg: RtpLeg, words: str, mid: str) -> list[str]:
    host, port = leg.address
    return [
        f"m={words}",
        f"c=IN IP4 {host}",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=candidate:1 1 udp 2113937151 {host} {port} typ host",
        "a=end-of-candidates",
        f"a=ice-ufrag:{leg.ufrag}",
        f"a=ice-pwd:{leg.password}",
        f"a=fingerprint:sha-256 {leg.fingerprint}",
        "a=setup:active",
        f"a=mid:{mid}",
    ]


def _opus_lines() -> list[str]:
    return [
        f"a=extmap:{LEVEL_EXTENSION} {_LEVEL}",
        "a=rtcp-mux",
        f"a=rtpmap:{PT} opus/48000/2",
        f"a=fmtp:{PT} minptime=10;useinbandfec=1",
    ]


def _source_lines(leg: RtpLeg) -> list[str]:
    return [f"a=msid:voice voice-{leg.ssrc}", f"a=ssrc:{leg.ssrc} cname:{leg.ufrag}"]
