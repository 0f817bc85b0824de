"""Reads a client's answer: the transport, the bundle, the sections of voice; those of video go to `video`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from voicechat.errors import Invalid
from voicechat.rtc import sdp
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation.codecs import LEVEL_EXTENSION, OPUS_PT, RED_PT
from voicechat.rtc.negotiation.offer import MICROPHONE_EXTENSIONS, MICROPHONE_TYPES, SLOT_TYPES, Offer
from voicechat.rtc.negotiation.reading import (
    answered_extensions,
    answered_ssrc,
    answered_types,
    is_sending,
    is_taking,
)
from voicechat.rtc.negotiation.sections import (
    PROTOCOL,
    PublishLine,
    SoundSlotLine,
    VideoSlotLine,
    is_video_line,
)
from voicechat.rtc.negotiation.video import SentStream, TakenVideoSlot, read_sent, read_slot, read_sound_slot

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_SHA_256 = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client answered.

    `ssrc` is None where a publishing client announces none; its stream is then known by its payload
    type. `level_extension` is 0 where the client sends no audio level. `slot_mids` are the slots it will
    listen to, `redundant_mids` those of them on which it takes earlier packets once more. `awaits_hello`: it
    is passive, so the DTLS handshake is ours to begin.

    Of later offers: `sent` is what the client sends besides its voice, `video_slots` are those it takes
    video on, `sound_mids` those it takes the sound of screens on; `rejected` are the sections it will never
    have.
    """

    ice: Credentials
    fingerprint: str
    publishes: bool
    ssrc: int | None
    level_extension: int
    slot_mids: tuple[str, ...]
    awaits_hello: bool = False
    redundant_mids: tuple[str, ...] = ()
    sent: tuple[SentStream, ...] = ()
    video_slots: tuple[TakenVideoSlot, ...] = ()
    sound_mids: tuple[str, ...] = ()
    rejected: frozenset[str] = frozenset()


def read_answer(offer: Offer, text: str) -> Answer:
    """Read the client's answer to `offer`; raises Invalid saying what was expected and what came."""
    answer = sdp.parse(text)
    if len(answer.media) != len(offer.mids):
        raise Invalid(f"expected {len(offer.mids)} media sections, as offered, got {len(answer.media)}")
    accepted = [section for section in answer.media if section.port != 0]
    if not accepted:
        raise Invalid("expected an answer that accepts a media section, got only rejected ones")
    for section, mid, kind in zip(answer.media, offer.mids, _kinds(offer), strict=True):
        _require_same_section(section, mid, kind)
    _require_bundle(answer, accepted)
    ice, fingerprint = _credentials(answer, accepted), _fingerprint(answer, accepted)
    voice = 1 + len(offer.slots)
    read = _read_sections(offer, answer.media[:voice], answer.media[voice:], ice, fingerprint)
    return replace(read, awaits_hello=_is_passive(answer, accepted))


def _read_sections(
    offer: Offer,
    voice: tuple[sdp.Media, ...],
    later: tuple[sdp.Media, ...],
    ice: Credentials,
    fingerprint: str,
) -> Answer:
    microphone, *slots = voice
    answered_types(microphone, MICROPHONE_TYPES)
    taken_types = {line.mid: _slot_types(section) for line, section in zip(offer.slots, slots, strict=True)}
    publishes = is_sending(microphone)
    pairs = list(zip(offer.later, later, strict=True))
    sent = (read_sent(line, section) for line, section in pairs if isinstance(line, PublishLine))
    pictures = (read_slot(line, section) for line, section in pairs if isinstance(line, VideoSlotLine))
    sounds = (read_sound_slot(line, section) for line, section in pairs if isinstance(line, SoundSlotLine))
    return Answer(
        ice=ice,
        fingerprint=fingerprint,
        publishes=publishes,
        ssrc=answered_ssrc(microphone) if publishes else None,
        level_extension=LEVEL_EXTENSION if LEVEL_EXTENSION in _extensions_of_microphone(microphone) else 0,
        slot_mids=tuple(mid for mid, types in taken_types.items() if types),
        redundant_mids=tuple(mid for mid, types in taken_types.items() if RED_PT in types),
        sent=tuple(stream for stream in sent if stream is not None),
        video_slots=tuple(slot for slot in pictures if slot is not None),
        sound_mids=tuple(mid for mid in sounds if mid is not None),
        rejected=frozenset(
            mid for mid, section in zip(offer.mids, (*voice, *later), strict=True) if section.port == 0
        ),
    )


def _slot_types(section: sdp.Media) -> tuple[int, ...]:
    """Return the payload types a client takes on a slot of voices; none where it takes nothing."""
    types = answered_types(section, SLOT_TYPES)
    if not is_taking(section):
        return ()
    if OPUS_PT not in types:
        raise Invalid(f"expected payload type {OPUS_PT} on a slot, got {' '.join(section.formats)[:80]}")
    return types


def _kinds(offer: Offer) -> Iterable[str]:
    yield from ["audio"] * (1 + len(offer.slots))
    for line in offer.later:
        yield "video" if is_video_line(line) else "audio"


def _extensions_of_microphone(microphone: sdp.Media) -> frozenset[int]:
    return answered_extensions(microphone, MICROPHONE_EXTENSIONS)


def _require_same_section(section: sdp.Media, mid: str, kind: str) -> None:
    if section.kind != kind or section.protocol != PROTOCOL:
        raise Invalid(
            f"expected {kind} over {PROTOCOL}, got {section.kind[:40]} over {section.protocol[:40]}"
        )
    if section.port != 0 and section.first("mid") != mid:
        raise Invalid(f"expected the media section of mid {mid}, got {section.first('mid')!r:.80}")


def _require_bundle(answer: sdp.Description, accepted: list[sdp.Media]) -> None:
    """Everything goes over one 5-tuple, so a client that cannot bundle cannot be served (RFC 8843)."""
    group = next((value for name, value in answer.attributes if name == "group"), "").split()
    mids = [section.first("mid") for section in accepted]
    if group[:1] != ["BUNDLE"] or not set(mids) <= set(group[1:]):
        raise Invalid("expected all accepted media sections in one a=group:BUNDLE")
    if not all(section.has("rtcp-mux") for section in accepted):
        raise Invalid("expected a=rtcp-mux in every accepted media section")


def _credentials(answer: sdp.Description, accepted: list[sdp.Media]) -> Credentials:
    ufrag = _only(answer, accepted, "ice-ufrag", _UFRAG)
    return Credentials(ufrag, _only(answer, accepted, "ice-pwd", _PASSWORD))


def _fingerprint(answer: sdp.Description, accepted: list[sdp.Media]) -> str:
    """Return the one SHA-256 fingerprint; others are of hashes we do not compute (RFC 8122 §5)."""
    given = {value.partition(" ")[2].strip().upper() for value in _values(answer, accepted, "fingerprint")
             if value.lower().startswith("sha-256 ")}  # fmt: skip
    if len(given) != 1 or not _SHA_256.fullmatch(fingerprint := given.pop()):
        raise Invalid("expected one a=fingerprint:sha-256 with 32 hex pairs")
    return fingerprint


def _is_passive(answer: sdp.Description, accepted: list[sdp.Media]) -> bool:
    roles = _values(answer, accepted, "setup")
    if roles not in ({"active"}, {"passive"}):
        named = ", ".join(sorted(roles))[:80] or "none"
        raise Invalid(f"expected a=setup:active or a=setup:passive, got {named}")
    return roles == {"passive"}


def _only(answer: sdp.Description, accepted: list[sdp.Media], name: str, form: re.Pattern[str]) -> str:
    """Return the value all sections agree on: there is one transport, so there is one value."""
    values = _values(answer, accepted, name)
    if len(values) != 1 or not form.fullmatch(value := values.pop()):
        raise Invalid(f"expected one valid a={name} for the bundled media sections, got {len(values)}")
    return value


def _values(answer: sdp.Description, accepted: list[sdp.Media], name: str) -> set[str]:
    values = {value for section in accepted for value in section.every(name)}
    return values or {value for known, value in answer.attributes if known == name}
