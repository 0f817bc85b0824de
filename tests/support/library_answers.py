"""SDP answers as the libraries aiortc and Pion write them, made for any offer of the server's."""

from __future__ import annotations

from collections.abc import Iterator

from voicechat.rtc import sdp

_FINGERPRINTS = tuple(
    f"a=fingerprint:{name} {':'.join(['AB'] * size)}"
    for name, size in (("sha-256", 32), ("sha-384", 48), ("sha-512", 64))
)
_CANDIDATES = (
    "a=candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 54310 typ host",
    "a=candidate:d0bcf3d9c29a2bc887618212a1623bfa 1 udp 2130706431 fd00::2 37256 typ host",
    "a=end-of-candidates",
)
_CREDENTIALS = ("a=ice-ufrag:clnt", f"a=ice-pwd:{'p' * 24}")


def aiortc_answer(offer: str) -> str:
    """Answer as aiortc 1.14 does: transport, three fingerprints and an SSRC in every section."""
    description = sdp.parse(offer)
    lines = ["v=0", "o=- 3943785660 3943785660 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {_mids(description)}", "a=msid-semantic:WMS *"]
    for index, section in enumerate(description.media):
        lines += [_media_line(section, 54310), "c=IN IP4 192.0.2.2", f"a={_direction(section)}"]
        lines += [
            *_kept(section, "extmap"),
            f"a=mid:{section.first('mid')}",
            f"a=msid:1972b4d9 6dd4059c-{index}",
        ]
        lines += ["a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp-mux", f"a=ssrc:{1290111559 + index} cname:0b8d5714"]
        lines += [*_kept(section, "rtpmap", "rtcp-fb", "fmtp"), *_CANDIDATES, *_CREDENTIALS, *_FINGERPRINTS]
        lines += ["a=setup:active"]
    return "\r\n".join([*lines, ""])


def pion_answer(offer: str) -> str:
    """Answer as Pion 4 does: one fingerprint, reduced-size RTCP, a stream told twice."""
    description = sdp.parse(offer)
    lines = ["v=0", "o=- 4215775240449105457 1700000000 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += ["a=msid-semantic:WMS*", _FINGERPRINTS[0], "a=extmap-allow-mixed"]
    lines += [f"a=group:BUNDLE {_mids(description)}"]
    for index, section in enumerate(description.media):
        lines += [
            _media_line(section, 9),
            "c=IN IP4 0.0.0.0",
            "a=setup:active",
            f"a=mid:{section.first('mid')}",
        ]
        lines += [*_CREDENTIALS, "a=rtcp-mux", "a=rtcp-rsize", *_kept(section, "rtpmap", "fmtp", "rtcp-fb")]
        lines += _kept(section, "extmap")
        if _direction(section) == "sendonly":
            ssrc = 2596996162 + index
            lines += [f"a=ssrc:{ssrc} cname:pion", f"a=ssrc:{ssrc} msid:pion audio", "a=msid:pion audio"]
        lines += [f"a={_direction(section)}", *(_CANDIDATES if index == 0 else ())]
    return "\r\n".join([*lines, ""])


def _mids(description: sdp.Description) -> str:
    return " ".join(section.first("mid") or "" for section in description.media)


def _media_line(section: sdp.Media, port: int) -> str:
    return f"m={section.kind} {port} UDP/TLS/RTP/SAVPF {' '.join(section.formats)}"


def _direction(section: sdp.Media) -> str:
    return {"recvonly": "sendonly", "sendonly": "recvonly"}.get(section.direction, "inactive")


def _kept(section: sdp.Media, *names: str) -> Iterator[str]:
    """Yield these attributes as they were offered."""
    for name in names:
        yield from (f"a={name}:{value}" for value in section.every(name))
