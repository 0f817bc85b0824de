"""What all answered media sections have in common: direction, payload types, extensions, SSRC."""

from __future__ import annotations

from collections.abc import Collection

from voicechat.errors import Invalid
from voicechat.rtc import sdp
from voicechat.rtc.negotiation.codecs import EXTENSION_URIS, rtpmap


def is_sending(section: sdp.Media) -> bool:
    """Tell whether the client will send on a section it may send on."""
    if section.port == 0:
        return False
    if section.direction not in (
        "sendonly",
        "recvonly",
        "inactive",
    ):  # recvonly: Firefox without a microphone
        raise Invalid(f"expected a section that is sendonly or inactive, got {section.direction}")
    return section.direction == "sendonly"


def is_taking(section: sdp.Media) -> bool:
    """Tell whether the client will take what we send on a section."""
    if section.port != 0 and section.direction not in ("recvonly", "inactive"):
        raise Invalid(f"expected a slot that is recvonly or inactive, got {section.direction}")
    return section.port != 0 and section.direction == "recvonly"


def answered_types(section: sdp.Media, offered: tuple[int, ...]) -> tuple[int, ...]:
    """Return the payload types the client accepted, in its order; only offered ones, as they were offered."""
    named = {str(pt): pt for pt in offered}
    if section.port != 0 and not set(section.formats) <= named.keys():
        expected, came = " ".join(named), " ".join(section.formats)[:80]
        raise Invalid(f"expected payload types of {expected}, got {came}")
    for value in section.every("rtpmap") if section.port != 0 else ():
        number, _, name = value.partition(" ")
        if number not in named or name.strip().lower() != rtpmap(named[number]).lower():
            raise Invalid(f"expected only a=rtpmap lines that were offered, got {value[:80]!r}")
    return tuple(dict.fromkeys(named[text] for text in section.formats)) if section.port != 0 else ()


def answered_extensions(section: sdp.Media, offered: Collection[int]) -> frozenset[int]:
    """Return the header extensions the client uses; only offered ones, under the offered numbers."""
    extensions: set[int] = set()
    for value in section.every("extmap"):
        number, _, uri = value.partition(" ")
        known = sdp.decimal(number.partition("/")[0], 1, 14, "the number of a header extension")
        name, _, _ = uri.strip().partition(" ")  # attributes of the extension may follow, as vad=on
        if known not in offered or EXTENSION_URIS[known] != name:
            raise Invalid(f"expected only header extensions that were offered, got {value[:80]!r}")
        extensions.add(known)
    return frozenset(extensions)


def takes_feedback(section: sdp.Media, kind: str) -> bool:
    """Tell whether the client takes a kind of feedback (RFC 4585 §4.2), for some payload type or for all."""
    return any(value.split()[1:] == [kind] for value in section.every("rtcp-fb"))


def answered_ssrc(section: sdp.Media) -> int | None:
    """Return the first SSRC; recvonly sections of Firefox name some as well, which mean nothing."""
    first = section.first("ssrc")
    return None if first is None else sdp.decimal(first.partition(" ")[0], 1, 0xFFFF_FFFF, "an SSRC")
