"""The part of SDP that WebRTC uses, read and written (RFC 8866, RFC 8829).

Reading is tolerant of what browsers do (bare line feeds, blank lines, unknown lines and attributes) and
bounded in bytes, lines and media sections. It never repairs: what contradicts itself is refused with
Invalid.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicechat.errors import Invalid

MAX_BYTES = 64 * 1024  # Firefox answers 32 slots with 12 kB
MAX_LINES = 4096
MAX_LINE_BYTES = 2048
MAX_MEDIA = 192  # a microphone, the most slots for voices, and what video adds

Attribute = tuple[str, str]
"""The name and value of an a= line; the value of a property attribute is empty."""


@dataclass(frozen=True, slots=True)
class Media:
    """One m= section: what it carries, and its attributes in their order.

    `bits_per_s` is written as `b=TIAS` (RFC 3890), and not read.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    bits_per_s: int | None = None

    def first(self, name: str) -> str | None:
        """Return the value of the first attribute `name`; None when there is none."""
        return _first(self.attributes, name)

    def every(self, name: str) -> tuple[str, ...]:
        """Return the values of all attributes `name`."""
        return tuple(value for known, value in self.attributes if known == name)

    def has(self, name: str) -> bool:
        """Tell whether an attribute `name` is there, with or without a value."""
        return self.first(name) is not None

    @property
    def direction(self) -> str:
        """sendrecv, sendonly, recvonly or inactive; Invalid when two of them are given."""
        given = [name for name in ("sendrecv", "sendonly", "recvonly", "inactive") if self.has(name)]
        if len(given) > 1:
            raise Invalid(f"expected one direction in a media section, got {' and '.join(given)}")
        return given[0] if given else "sendrecv"


@dataclass(frozen=True, slots=True)
class Description:
    """A session description: its origin, its own attributes and its media sections."""

    origin: str
    attributes: tuple[Attribute, ...]
    media: tuple[Media, ...]

    def first(self, name: str) -> str | None:
        """Return the value of the first session attribute `name`; None when there is none."""
        return _first(self.attributes, name)


def _first(attributes: tuple[Attribute, ...], name: str) -> str | None:
    return next((value for known, value in attributes if known == name), None)


def parse(text: str) -> Description:
    """Read a description; raises Invalid saying what was expected and what came."""
    lines = _lines(text)
    if not lines or lines[0] != ("v", "0"):
        raise Invalid("expected SDP that starts with v=0")
    starts = [index for index, (kind, _) in enumerate(lines) if kind == "m"]
    if not 1 <= len(starts) <= MAX_MEDIA:
        raise Invalid(f"expected 1 to {MAX_MEDIA} media sections, got {len(starts)}")
    head = lines[: starts[0]]
    bounds = zip(starts, [*starts[1:], len(lines)], strict=True)
    media = tuple(_media(lines[start:end]) for start, end in bounds)
    _require_distinct_mids(media)
    origin = next((value for kind, value in head if kind == "o"), "")
    return Description(origin, _attributes(head), media)


def _lines(text: str) -> list[tuple[str, str]]:
    """Split into (letter, value); blank lines are skipped, anything that is not `letter=value` is refused."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid(f"expected at most {MAX_BYTES} bytes of SDP")
    if text.count("\n") > MAX_LINES:
        raise Invalid(f"expected at most {MAX_LINES} lines of SDP")
    lines: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line:
            continue
        if len(line) > MAX_LINE_BYTES or line[1:2] != "=" or not line[0].isalpha():
            raise Invalid(f"expected a short letter=value on line {number} of the SDP")
        lines.append((line[0], line[2:]))
    return lines


def _attributes(lines: list[tuple[str, str]]) -> tuple[Attribute, ...]:
    pairs = (value.partition(":") for kind, value in lines if kind == "a")
    return tuple((name, value) for name, _, value in pairs)


def _media(lines: list[tuple[str, str]]) -> Media:
    parts = lines[0][1].split()
    if len(parts) < 4:
        raise Invalid(f"expected m=kind port protocol formats, got m={lines[0][1][:80]}")
    kind, port, protocol, *formats = parts
    number = decimal(port.partition("/")[0], 0, 65535, "a port in an m= line")
    return Media(kind, number, protocol, tuple(formats), _attributes(lines[1:]))


def _require_distinct_mids(media: tuple[Media, ...]) -> None:
    mids = [mid for section in media for mid in section.every("mid")]
    if len(set(mids)) != len(mids):
        raise Invalid("expected every media section to have its own mid")


def decimal(text: str, low: int, high: int, what: str) -> int:
    """Read a plain decimal number within bounds; raises Invalid naming `what` was expected."""
    if text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high:
        return int(text)
    raise Invalid(f"expected {what} from {low} to {high}, got {text[:40]!r}")


def render(description: Description) -> str:
    """Write a description with the line ends the standard wants (RFC 8866 §5)."""
    lines = ["v=0", f"o={description.origin}", "s=-", "t=0 0"]
    lines += [_attribute_line(attribute) for attribute in description.attributes]
    for section in description.media:
        formats = " ".join(section.formats)
        lines += [f"m={section.kind} {section.port} {section.protocol} {formats}", "c=IN IP4 0.0.0.0"]
        lines += [] if section.bits_per_s is None else [f"b=TIAS:{section.bits_per_s}"]
        lines += [_attribute_line(attribute) for attribute in section.attributes]
    return "\r\n".join([*lines, ""])


def _attribute_line(attribute: Attribute) -> str:
    name, value = attribute
    return f"a={name}:{value}" if value else f"a={name}"
