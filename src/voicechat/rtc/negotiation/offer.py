"""What the server offers one client: the sections of voice, and what later offers appended to them.

What each line of the voice sections is there for:

- ICE and DTLS attributes and candidates stand in every section: Firefox refuses sections without, and
  aiortc forgets the candidates of a bundled section.
- `a=setup:actpass`: an offerer has to offer both (RFC 8842 §5.2). Browsers choose to be active, and resend
  a lost flight within 50 to 100 ms, where OpenSSL waits a second; Pion is passive towards a lite agent.
- `a=ssrc` in every slot: without it, or a MID in the packets, Firefox and Chromium cannot tell the slots
  apart.
- `usedtx=1`: a silent microphone sends 8 packets a second rather than 50.
- `maxaveragebitrate` and `a=ptime`: how the channel wants voices encoded (RFC 7587 §6.1, RFC 8866 §6.4);
  Chromium obeys both. They stand in every section, since one payload type means one codec in a bundle
  (RFC 8843 §9.1).
- `a=rtcp-fb nack`: Chromium asks for lost Opus packets and sends lost ones again, though its answer does
  not say so (measured with version 156); Firefox ignores the line.
- RED in every slot, behind Opus: whoever takes it (Chromium does, Firefox does not) can be sent earlier
  packets once more where its network loses some (`rtc.redundancy`). Not for the microphone: what we are
  sent stays plain Opus, and so does what goes to whoever loses nothing.
- no RTX or transport-cc: Chromium takes no retransmission stream for audio, and Firefox answers the second
  with 20 reports a second from every listener.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from voicechat.errors import Invalid
from voicechat.rtc import sdp
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation.codecs import (
    EXTENSION_URIS,
    LEVEL_EXTENSION,
    MID_EXTENSION,
    OPUS_PT,
    RED_PT,
    rtpmap,
)
from voicechat.rtc.negotiation.sections import PROTOCOL, LaterLine, later_section

MICROPHONE_MID = "0"
MAX_SLOTS = 128

MICROPHONE_EXTENSIONS = (LEVEL_EXTENSION, MID_EXTENSION)
MICROPHONE_TYPES = (OPUS_PT,)
SLOT_TYPES = (OPUS_PT, RED_PT)


@dataclass(frozen=True, slots=True)
class OpusSettings:
    """How a channel wants voices encoded: the average bitrate at most, and how much goes into a packet."""

    bitrate_kbps: int = 64
    ptime_ms: int = 20


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A media section the server sends a voice on."""

    mid: str
    ssrc: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offered to one client; the answer is read against it.

    `revision` counts the offers of a session from 1; `later` are the sections appended by then, and
    `rejected` the mids the client will never have.
    """

    session_id: int
    ice: Credentials
    fingerprint: str
    candidates: tuple[str, ...]
    cname: str
    slots: tuple[SlotLine, ...]
    opus: OpusSettings
    revision: int = 1
    later: tuple[LaterLine, ...] = ()
    rejected: frozenset[str] = frozenset()

    @property
    def mids(self) -> tuple[str, ...]:
        """The mids of all media sections in their order."""
        return (MICROPHONE_MID, *(slot.mid for slot in self.slots), *(line.mid for line in self.later))


def new_offer(
    *,
    ice: Credentials,
    fingerprint: str,
    candidates: Iterable[str],
    slots: int,
    opus: OpusSettings | None = None,
) -> Offer:
    """Make a first offer with `slots` slots for voices, whose SSRCs are random and distinct."""
    if not 1 <= slots <= MAX_SLOTS:
        raise Invalid(f"expected 1 to {MAX_SLOTS} slots, got {slots}")
    ssrcs: set[int] = set()
    while len(ssrcs) < slots:
        ssrcs.add(new_ssrc(ssrcs))
    lines = (SlotLine(str(index), ssrc) for index, ssrc in enumerate(ssrcs, start=1))
    return Offer(
        session_id=secrets.randbits(62),
        ice=ice,
        fingerprint=fingerprint,
        candidates=tuple(candidates),
        cname=secrets.token_urlsafe(12),
        slots=tuple(lines),
        opus=opus or OpusSettings(),
    )


def new_ssrc(taken: Collection[int]) -> int:
    """Choose an SSRC that is none of `taken`."""
    while (ssrc := 1 + secrets.randbelow(0xFFFF_FFFF)) in taken:
        pass
    return ssrc


def render_offer(offer: Offer) -> str:
    """Write the offer as SDP."""
    microphone = (("mid", MICROPHONE_MID), ("recvonly", ""), *_extension_lines(MICROPHONE_EXTENSIONS))
    media = [_voice_section(offer, MICROPHONE_MID, microphone, MICROPHONE_TYPES)]
    media += [
        _voice_section(offer, slot.mid, _slot_attributes(offer, slot), SLOT_TYPES) for slot in offer.slots
    ]
    media += [
        later_section(
            line,
            cname=offer.cname,
            is_rejected=line.mid in offer.rejected,
            transport=_transport(offer),
            candidates=_candidates(offer),
        )
        for line in offer.later
    ]
    bundled = (mid for mid in offer.mids if mid not in offer.rejected)
    session = (
        ("group", f"BUNDLE {' '.join(bundled)}"),
        ("msid-semantic", " WMS *"),
        ("ice-lite", ""),
    )
    origin = f"voicechat {offer.session_id} {offer.revision} IN IP4 0.0.0.0"
    return sdp.render(sdp.Description(origin, session, tuple(media)))


def _slot_attributes(offer: Offer, slot: SlotLine) -> tuple[sdp.Attribute, ...]:
    return (
        ("mid", slot.mid),
        ("sendonly", ""),
        ("msid", f"slot{slot.mid} slot{slot.mid}"),
        *_extension_lines((LEVEL_EXTENSION,)),
        ("ssrc", f"{slot.ssrc} cname:{offer.cname}"),
        ("ssrc", f"{slot.ssrc} msid:slot{slot.mid} slot{slot.mid}"),
    )


def _extension_lines(extensions: Iterable[int]) -> tuple[sdp.Attribute, ...]:
    return tuple(("extmap", f"{number} {EXTENSION_URIS[number]}") for number in extensions)


def _voice_section(
    offer: Offer, mid: str, own: tuple[sdp.Attribute, ...], types: tuple[int, ...]
) -> sdp.Media:
    bitrate = offer.opus.bitrate_kbps * 1000
    codec = (
        ("rtpmap", f"{OPUS_PT} {rtpmap(OPUS_PT)}"),
        ("fmtp", f"{OPUS_PT} minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate={bitrate}"),
        ("ptime", str(offer.opus.ptime_ms)),
        ("rtcp-fb", f"{OPUS_PT} nack"),
    )
    attributes = (*own, *_transport(offer), *codec, *_redundancy_lines(types), *_candidates(offer))
    return sdp.Media("audio", 0 if mid in offer.rejected else 9, PROTOCOL, tuple(map(str, types)), attributes)


def _redundancy_lines(types: tuple[int, ...]) -> tuple[sdp.Attribute, ...]:
    """Say of what the redundancy is (RFC 2198 §5): one Opus for the earlier packet, one for the new."""
    if RED_PT not in types:
        return ()
    return ("rtpmap", f"{RED_PT} {rtpmap(RED_PT)}"), ("fmtp", f"{RED_PT} {OPUS_PT}/{OPUS_PT}")


def _transport(offer: Offer) -> tuple[sdp.Attribute, ...]:
    return (
        ("ice-ufrag", offer.ice.ufrag),
        ("ice-pwd", offer.ice.password),
        ("fingerprint", f"sha-256 {offer.fingerprint}"),
        ("setup", "actpass"),
        ("rtcp-mux", ""),
    )


def _candidates(offer: Offer) -> tuple[sdp.Attribute, ...]:
    return (*(("candidate", line) for line in offer.candidates), ("end-of-candidates", ""))
