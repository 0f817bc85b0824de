"""The one offer of a voice session, and the reading of its answer (RFC 8829, JSEP).

The server always offers. Media section 0 is the client's microphone; after it comes a bank of slots,
sections on which the server will send whoever is to be heard, each with an SSRC, mid and msid fixed for
the session. So nobody is renegotiated when somebody joins or leaves: who is in which slot is told beside
the media.

What each line is there for:

- ICE and DTLS attributes and candidates stand in every section: Firefox refuses sections without, and
  aiortc forgets the candidates of a bundled section.
- `a=setup:actpass`, and only `active` is accepted: an offerer has to offer both (RFC 8842 §5.2), but a
  browser resends a lost flight within 50 to 100 ms, where OpenSSL as a client would wait a second.
- `a=ssrc` in every slot: without it, or a MID in the packets, Firefox and Chromium cannot tell the slots
  apart.
- `usedtx=1`: a silent microphone sends 8 packets a second rather than 50.
- `maxaveragebitrate` and `a=ptime`: how the channel wants voices encoded (RFC 7587 §6.1, RFC 8866 §6.4);
  Chromium obeys both. They stand in every section, since one payload type means one codec in a bundle
  (RFC 8843 §9.1).
- `a=rtcp-fb nack`: Chromium asks for lost Opus packets and sends lost ones again, though its answer does
  not say so (measured with version 156); Firefox ignores the line.
- no RTX, RED or transport-cc: Chromium takes no retransmission stream for audio, Firefox rejects RED, and
  answers the third with 20 reports a second from every listener.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from voicechat.errors import Invalid
from voicechat.rtc import sdp
from voicechat.rtc.ice import Credentials

MICROPHONE_MID = "0"
OPUS_PT = 111
OPUS_CLOCK_RATE = 48_000
LEVEL_EXTENSION = 1
MID_EXTENSION = 4
MAX_SLOTS = 128

_PROTOCOL = "UDP/TLS/RTP/SAVPF"
_OPUS = f"{OPUS_PT} opus/48000/2"
_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"  # RFC 6464
_MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"  # RFC 8843 §15
_EXTENSIONS = {LEVEL_EXTENSION: _LEVEL_URI, MID_EXTENSION: _MID_URI}
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_SHA_256 = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")
_SENDING = {"sendonly": True, "recvonly": False, "inactive": False}


@dataclass(frozen=True, slots=True)
class OpusSettings:
    """How a channel wants voices encoded: the average bitrate at most, and how much goes into a packet."""

    bitrate_kbps: int = 64
    ptime_ms: int = 20


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A media section the server sends on."""

    mid: str
    ssrc: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offered to one peer; the answer is read against it."""

    session_id: int
    ice: Credentials
    fingerprint: str
    candidates: tuple[str, ...]
    cname: str
    slots: tuple[SlotLine, ...]
    opus: OpusSettings

    @property
    def mids(self) -> tuple[str, ...]:
        """The mids of all media sections in their order."""
        return (MICROPHONE_MID, *(slot.mid for slot in self.slots))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client answered.

    `ssrc` is None where a publishing client announces none; its stream is then known by its payload
    type. `level_extension` is 0 where the client sends no audio level. `slot_mids` are the slots it will
    listen to.
    """

    ice: Credentials
    fingerprint: str
    publishes: bool
    ssrc: int | None
    level_extension: int
    slot_mids: tuple[str, ...]


def new_offer(
    *,
    ice: Credentials,
    fingerprint: str,
    candidates: Iterable[str],
    slots: int,
    opus: OpusSettings | None = None,
) -> Offer:
    """Make an offer with `slots` slots, whose SSRCs are random and distinct."""
    if not 1 <= slots <= MAX_SLOTS:
        raise Invalid(f"expected 1 to {MAX_SLOTS} slots, got {slots}")
    ssrcs: set[int] = set()
    while len(ssrcs) < slots:
        ssrcs.add(1 + secrets.randbelow(0xFFFF_FFFF))
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


def render_offer(offer: Offer) -> str:
    """Write the offer as SDP."""
    microphone = (("mid", MICROPHONE_MID), ("recvonly", ""), *_extension_lines(_EXTENSIONS))
    media = [_section(offer, microphone)]
    media += [_section(offer, _slot_attributes(offer, slot)) for slot in offer.slots]
    session = (
        ("group", f"BUNDLE {' '.join(offer.mids)}"),
        ("msid-semantic", " WMS *"),
        ("ice-lite", ""),
    )
    origin = f"voicechat {offer.session_id} 1 IN IP4 0.0.0.0"
    return sdp.render(sdp.Description(origin, session, tuple(media)))


def _slot_attributes(offer: Offer, slot: SlotLine) -> tuple[sdp.Attribute, ...]:
    return (
        ("mid", slot.mid),
        ("sendonly", ""),
        ("msid", f"slot{slot.mid} slot{slot.mid}"),
        *_extension_lines({LEVEL_EXTENSION: _LEVEL_URI}),
        ("ssrc", f"{slot.ssrc} cname:{offer.cname}"),
        ("ssrc", f"{slot.ssrc} msid:slot{slot.mid} slot{slot.mid}"),
    )


def _extension_lines(extensions: dict[int, str]) -> tuple[sdp.Attribute, ...]:
    return tuple(("extmap", f"{number} {uri}") for number, uri in extensions.items())


def _section(offer: Offer, own: tuple[sdp.Attribute, ...]) -> sdp.Media:
    transport: tuple[sdp.Attribute, ...] = (
        ("ice-ufrag", offer.ice.ufrag),
        ("ice-pwd", offer.ice.password),
        ("fingerprint", f"sha-256 {offer.fingerprint}"),
        ("setup", "actpass"),
        ("rtcp-mux", ""),
    )
    bitrate = offer.opus.bitrate_kbps * 1000
    codec = (
        ("rtpmap", _OPUS),
        ("fmtp", f"{OPUS_PT} minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate={bitrate}"),
        ("ptime", str(offer.opus.ptime_ms)),
        ("rtcp-fb", f"{OPUS_PT} nack"),
    )
    candidates = (*(("candidate", line) for line in offer.candidates), ("end-of-candidates", ""))
    return sdp.Media("audio", 9, _PROTOCOL, (str(OPUS_PT),), (*own, *transport, *codec, *candidates))


def read_answer(offer: Offer, text: str) -> Answer:
    """Read the client's answer to `offer`; raises Invalid saying what was expected and what came."""
    answer = sdp.parse(text)
    if len(answer.media) != len(offer.mids):
        raise Invalid(f"expected {len(offer.mids)} media sections, as offered, got {len(answer.media)}")
    accepted = [section for section in answer.media if section.port != 0]
    if not accepted:
        raise Invalid("expected an answer that accepts a media section, got only rejected ones")
    for section, mid in zip(answer.media, offer.mids, strict=True):
        _require_same_section(section, mid)
    _require_bundle(answer, accepted)
    for section in accepted:
        _require_codec(section)
    microphone, *slots = answer.media
    heard = (slot.mid for slot, section in zip(offer.slots, slots, strict=True) if _listens(section))
    publishes = _publishes(microphone)
    return Answer(
        ice=_credentials(answer, accepted),
        fingerprint=_fingerprint(answer, accepted),
        publishes=publishes,
        ssrc=_ssrc(microphone) if publishes else None,
        level_extension=LEVEL_EXTENSION if LEVEL_EXTENSION in _extensions(microphone) else 0,
        slot_mids=tuple(heard),
    )


def _require_same_section(section: sdp.Media, mid: str) -> None:
    if section.kind != "audio" or section.protocol != _PROTOCOL:
        raise Invalid(f"expected audio over {_PROTOCOL}, got {section.kind} over {section.protocol[:40]}")
    if section.port != 0 and section.first("mid") != mid:
        raise Invalid(f"expected the media section of mid {mid}, got {section.first('mid')!r}")


def _require_bundle(answer: sdp.Description, accepted: list[sdp.Media]) -> None:
    """Everything goes over one 5-tuple, so a client that cannot bundle cannot be served (RFC 8843)."""
    group = next((value for name, value in answer.attributes if name == "group"), "").split()
    mids = [section.first("mid") for section in accepted]
    if group[:1] != ["BUNDLE"] or not set(mids) <= set(group[1:]):
        raise Invalid("expected all accepted media sections in one a=group:BUNDLE")
    if not all(section.has("rtcp-mux") for section in accepted):
        raise Invalid("expected a=rtcp-mux in every accepted media section")


def _require_codec(section: sdp.Media) -> None:
    if section.formats != (str(OPUS_PT),):
        raise Invalid(f"expected payload type {OPUS_PT} alone, got {' '.join(section.formats)[:80]}")
    for value in section.every("rtpmap"):
        if value.lower() != _OPUS:
            raise Invalid(f"expected a=rtpmap:{_OPUS}, got {value[:80]!r}")


def _credentials(answer: sdp.Description, accepted: list[sdp.Media]) -> Credentials:
    ufrag = _only(answer, accepted, "ice-ufrag", _UFRAG)
    return Credentials(ufrag, _only(answer, accepted, "ice-pwd", _PASSWORD))


def _fingerprint(answer: sdp.Description, accepted: list[sdp.Media]) -> str:
    """Return the one SHA-256 fingerprint; others are of hashes we do not compute (RFC 8122 §5)."""
    roles = _values(answer, accepted, "setup")
    if roles != {"active"}:
        raise Invalid(f"expected a=setup:active, got {', '.join(sorted(roles))[:80] or 'none'}")
    given = {value.partition(" ")[2].strip().upper() for value in _values(answer, accepted, "fingerprint")
             if value.lower().startswith("sha-256 ")}  # fmt: skip
    if len(given) != 1 or not _SHA_256.fullmatch(fingerprint := given.pop()):
        raise Invalid("expected one a=fingerprint:sha-256 with 32 hex pairs")
    return fingerprint


def _only(answer: sdp.Description, accepted: list[sdp.Media], name: str, form: re.Pattern[str]) -> str:
    """Return the value all sections agree on: there is one transport, so there is one value."""
    values = _values(answer, accepted, name)
    if len(values) != 1 or not form.fullmatch(value := values.pop()):
        raise Invalid(f"expected one valid a={name} for the bundled media sections, got {len(values)}")
    return value


def _values(answer: sdp.Description, accepted: list[sdp.Media], name: str) -> set[str]:
    values = {value for section in accepted for value in section.every(name)}
    return values or {value for known, value in answer.attributes if known == name}


def _publishes(microphone: sdp.Media) -> bool:
    if microphone.port == 0:
        return False
    if microphone.direction not in _SENDING:
        raise Invalid(f"expected a microphone that is sendonly or inactive, got {microphone.direction}")
    return _SENDING[microphone.direction]


def _listens(section: sdp.Media) -> bool:
    if section.port != 0 and section.direction not in ("recvonly", "inactive"):
        raise Invalid(f"expected a slot that is recvonly or inactive, got {section.direction}")
    return section.port != 0 and section.direction == "recvonly"


def _ssrc(microphone: sdp.Media) -> int | None:
    """Return the first SSRC; recvonly sections of Firefox name some as well, which mean nothing."""
    first = microphone.first("ssrc")
    return None if first is None else sdp.decimal(first.partition(" ")[0], 1, 0xFFFF_FFFF, "an SSRC")


def _extensions(microphone: sdp.Media) -> dict[int, str]:
    """Return the header extensions the client will send; only offered ones, under the offered numbers."""
    extensions: dict[int, str] = {}
    for value in microphone.every("extmap"):
        number, _, uri = value.partition(" ")
        known = sdp.decimal(number.partition("/")[0], 1, 14, "the number of a header extension")
        name, _, _ = uri.strip().partition(" ")  # attributes of the extension may follow, as vad=on
        if _EXTENSIONS.get(known) != name:
            raise Invalid(f"expected only header extensions that were offered, got {value[:80]!r}")
        extensions[known] = name
    return extensions
