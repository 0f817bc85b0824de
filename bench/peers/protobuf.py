"""As much of the protocol buffers wire format as signalling needs: varints and bytes (pure)."""

from __future__ import annotations

Value = int | bytes | str
Fields = dict[int, list[int | bytes]]
"""What a message holds by field number; nested messages and texts are bytes still."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def encode(*fields: tuple[int, Value]) -> bytes:
    """Return a message of these fields, in their order."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """Encode a number from 0 up, seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def decode(message: bytes) -> Fields:
    """Read a message. ValueError when it is cut off or of a kind that is not used here."""
    fields: Fields = {}
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        value: int | bytes
        if key & 7 == _VARINT:
            value, at = _read_varint(message, at)
        else:
            length, at = _length(message, at, key & 7)
            value, at = message[at : at + length], at + length
        if at > len(message):
            raise ValueError("expected more bytes: the message is cut off")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _length(message: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _read_varint(message, at)
    if kind in (_FIXED32, _FIXED64):
        return (4 if kind == _FIXED32 else 8), at
    raise ValueError(f"expected a known kind of field, got {kind}")


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("expected more bytes: a number is cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def last(fields: Fields, number: int) -> bytes:
    """Return the bytes of a field, as they came last; empty when it is missing."""
    found = fields.get(number, [b""])[-1]
    return found if isinstance(found, bytes) else b""


def last_number(fields: Fields, number: int) -> int:
    """Return the number in a field, as it came last; 0 when it is missing."""
    found = fields.get(number, [0])[-1]
    return found if isinstance(found, int) else 0
