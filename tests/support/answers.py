"""SDP answers as Chromium and Firefox write them, made for any offer of the server's."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class AnswerParts:
    """What an answer says; the defaults are harmless."""

    ufrag: str = "clnt"
    password: str = "p" * 24
    fingerprint: str = ":".join(["AB"] * 32)
    ssrc: int | None = 1234
    microphone: str = "sendonly"
    slot: str = "recvonly"
    setup: str = "active"


def mids_of(offer: str) -> list[str]:
    """Return the mids of the offer's media sections."""
    return re.findall(r"^a=mid:(\S+)", offer, re.MULTILINE)


def chromium_answer(offer: str, parts: AnswerParts | None = None) -> str:
    """Answer `offer` in the words of Chromium 156."""
    parts = parts or AnswerParts()
    mids = mids_of(offer)
    lines = ["v=0", "o=- 4962303333179871722 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {' '.join(mids)}", "a=msid-semantic: WMS f1c1"]
    for index, mid in enumerate(mids):
        lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
        if index == 0:
            lines += [
                "a=candidate:1 1 udp 2113937151 0a1b.local 57219 typ host generation 0 network-cost 999"
            ]
        lines += [f"a=ice-ufrag:{parts.ufrag}", f"a=ice-pwd:{parts.password}", "a=ice-options:trickle"]
        lines += [f"a=fingerprint:sha-256 {parts.fingerprint}", f"a=setup:{parts.setup}", f"a=mid:{mid}"]
        lines += ["a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
        if index == 0:
            lines += ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", f"a={parts.microphone}"]
            lines += ["a=msid:f1c1 7c0e"] if parts.microphone == "sendonly" else []
        else:
            lines += [f"a={parts.slot}"]
        lines += ["a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1"]
        if index == 0 and parts.ssrc is not None and parts.microphone == "sendonly":
            lines += [f"a=ssrc:{parts.ssrc} cname:yPwhq9"]
    return "\r\n".join([*lines, ""])


def firefox_answer(offer: str, parts: AnswerParts | None = None) -> str:
    """Answer `offer` in the words of Firefox 153: session-level fingerprint, an SSRC in every section."""
    parts = parts or AnswerParts()
    mids = mids_of(offer)
    lines = ["v=0", "o=mozilla...THIS_IS_SDPARTA-99.0 3417391 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += [f"a=fingerprint:sha-256 {parts.fingerprint}", f"a=group:BUNDLE {' '.join(mids)}"]
    lines += ["a=ice-options:trickle", "a=msid-semantic:WMS *"]
    for index, mid in enumerate(mids):
        lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0"]
        lines += [f"a={parts.microphone if index == 0 else parts.slot}"]
        lines += ["a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
        lines += ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"] if index == 0 else []
        lines += ["a=fmtp:111 maxplaybackrate=48000;stereo=1;useinbandfec=1"]
        lines += [f"a=ice-pwd:{parts.password}", f"a=ice-ufrag:{parts.ufrag}", f"a=mid:{mid}"]
        lines += ["a=msid:- {2d7f}"] if index == 0 else []
        lines += ["a=rtcp-mux", "a=rtpmap:111 opus/48000/2", f"a=setup:{parts.setup}"]
        ssrc = 777000 + index if index or parts.ssrc is None else parts.ssrc
        lines += [f"a=ssrc:{ssrc} cname:{{5a0b}}"]
    return "\r\n".join([*lines, ""])
