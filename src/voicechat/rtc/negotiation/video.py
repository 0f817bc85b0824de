"""Reads what an answer says of the sections of later offers: what is sent, in which layers, what is taken."""

from __future__ import annotations

from dataclasses import dataclass

from voicechat.errors import Invalid
from voicechat.rtc import sdp
from voicechat.rtc.negotiation.codecs import BY_PT, TRANSPORT_EXTENSION
from voicechat.rtc.negotiation.reading import (
    answered_extensions,
    answered_ssrc,
    answered_types,
    is_sending,
    is_taking,
    takes_feedback,
)
from voicechat.rtc.negotiation.sections import (
    RIDS,
    PublishLine,
    SoundSlotLine,
    VideoSlotLine,
    offered_extensions,
    offered_types,
)


@dataclass(frozen=True, slots=True)
class SentStream:
    """What the client sends on a section: one layer without a RID, or simulcast.

    `ssrc` is None where the layers are told apart by their RIDs, or the client names none. `codec` is the
    payload type the client likes best, which is what it sends. How much it may send it wants to be told by
    when its packets arrive (`takes_arrivals`), or else in so many words (`takes_limits`), or not at all.
    """

    mid: str
    source: str
    is_video: bool
    rids: tuple[str, ...] = ()
    ssrc: int | None = None
    codec: int | None = None
    takes_arrivals: bool = False
    takes_limits: bool = False


@dataclass(frozen=True, slots=True)
class TakenVideoSlot:
    """A slot the client takes video on, with the payload types of the codecs it can decode.

    `takes_rtx`: what it lost comes in a stream of its own. `reports_arrivals`: by transport-wide numbers.
    """

    mid: str
    codecs: frozenset[int]
    takes_rtx: bool
    reports_arrivals: bool


def read_sent(line: PublishLine, section: sdp.Media) -> SentStream | None:
    """Read what is sent on a section to publish on; None when nothing is."""
    extensions = answered_extensions(section, offered_extensions(line))
    types = answered_types(section, offered_types(line))
    if not is_sending(section):
        return None
    if line.source is None:
        raise Invalid(f"expected nothing sent on the inactive media section {line.mid}")
    if not types:
        raise Invalid(f"expected a codec in the media section {line.mid}, got none")
    rids = _rids(section) if line.is_video else ()
    ssrc = None if rids else answered_ssrc(section)
    takes_arrivals = TRANSPORT_EXTENSION in extensions and takes_feedback(section, "transport-cc")
    takes_limits = not takes_arrivals and takes_feedback(section, "goog-remb")
    return SentStream(
        line.mid, line.source, line.is_video, rids, ssrc, types[0], takes_arrivals, takes_limits
    )


def _rids(section: sdp.Media) -> tuple[str, ...]:
    """Return the layers of a simulcast answer (RFC 8853 §5.3.2), the lowest first; none without simulcast.

    Alternatives (`a,b`) were not offered, so there are none; a leading `~` says that a layer is paused.
    Pion, which sends one layer, repeats our `recv`.
    """
    given = section.every("simulcast")
    if not given:
        return ()
    words = given[0].split()
    if len(given) != 1 or len(words) != 2 or words[0] not in ("send", "recv"):
        raise Invalid(f"expected one a=simulcast:send, got {given[0][:80]!r}")
    if words[0] == "recv":
        return ()
    named = [rid.removeprefix("~") for rid in words[1].split(";")]
    declared = {value.split()[0] for value in section.every("rid") if value.split()[1:2] == ["send"]}
    if len(set(named)) != len(named) or not set(named) <= declared & set(RIDS):
        raise Invalid(f"expected a=simulcast of rids that were offered, got {given[0][:80]!r}")
    return tuple(rid for rid in RIDS if rid in named)


def read_slot(line: VideoSlotLine, section: sdp.Media) -> TakenVideoSlot | None:
    """Read whether a client takes a slot for video, and what it can decode there."""
    extensions = answered_extensions(section, offered_extensions(line))
    types = answered_types(section, offered_types(line))
    codecs = [BY_PT[pt] for pt in types if pt in BY_PT]
    if not is_taking(section) or not codecs:
        return None
    return TakenVideoSlot(
        mid=line.mid,
        codecs=frozenset(codec.pt for codec in codecs),
        takes_rtx=all(codec.rtx_pt in types for codec in codecs),
        reports_arrivals=TRANSPORT_EXTENSION in extensions,
    )


def read_sound_slot(line: SoundSlotLine, section: sdp.Media) -> str | None:
    """Read whether a client takes a slot for the sound of a screen; its mid if it does."""
    answered_extensions(section, offered_extensions(line))
    types = answered_types(section, offered_types(line))
    return line.mid if is_taking(section) and types else None
