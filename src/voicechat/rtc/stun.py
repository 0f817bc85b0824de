"""STUN Binding checks as an ICE-lite agent sees them (RFC 8489, RFC 8445 §7.3), read by aioice's codec.

A request passes two gates. `parse_request` lets through only what is well formed and carries both
MESSAGE-INTEGRITY and FINGERPRINT, so that its USERNAME may be used to find the peer; nothing in it is to
be believed yet. `is_authentic` then compares the integrity with that peer's password, in constant time.
What fails a gate is dropped without an answer: a server that answers strangers is a reflector.
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
from dataclasses import dataclass

from aioice import stun

MAGIC_COOKIE = 0x2112A442
MIN_BYTES = 20
MAX_BYTES = 1500

UNKNOWN_ATTRIBUTE = (420, "Unknown Attribute")
ROLE_CONFLICT = (487, "Role Conflict")

_USERNAME = 0x0006
_PRIORITY = 0x0024
_ICE_CONTROLLED = 0x8029
_ERROR_CODE = 0x0009
_UNKNOWN_ATTRIBUTES = 0x000A
_XOR_MAPPED_ADDRESS = 0x0020
_MESSAGE_INTEGRITY = 0x0008
_FINGERPRINT = 0x8028
_BINDING_REQUEST = 0x0001
_BINDING_RESPONSE = 0x0101
_BINDING_ERROR = 0x0111
_OPTIONAL = 0x8000  # comprehension-optional from here on (RFC 8489 §14)
_INTEGRITY_BYTES = 20
_IPV4, _IPV6 = 1, 2


@dataclass(frozen=True, slots=True)
class Request:
    """A Binding request: whom it names, what it says, and the bytes that prove it."""

    server_ufrag: str
    client_ufrag: str
    transaction_id: bytes
    priority: int
    nominates: bool
    claims_controlled: bool
    unknown_attributes: tuple[int, ...]
    signed: bytes
    integrity: bytes


def parse_request(datagram: bytes) -> Request | None:
    """Read a Binding request with integrity and fingerprint; None for anything else, however broken."""
    if not MIN_BYTES <= len(datagram) <= MAX_BYTES:
        return None
    kind, _, cookie = struct.unpack_from("!HHI", datagram)
    if kind != _BINDING_REQUEST or cookie != MAGIC_COOKIE:
        return None
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):  # UnicodeDecodeError is a ValueError
        return None
    return _checked(message, datagram)


def _checked(message: stun.Message, datagram: bytes) -> Request | None:
    attributes = message.attributes
    integrity, username = attributes.get("MESSAGE-INTEGRITY", b""), attributes.get("USERNAME", "")
    places = _attribute_places(datagram)
    if places is None or len(integrity) != _INTEGRITY_BYTES or "FINGERPRINT" not in attributes:
        return None
    server_ufrag, colon, client_ufrag = username.partition(":")
    if not (server_ufrag and colon and client_ufrag) or ":" in client_ufrag:
        return None
    kinds = [kind for kind, _ in places]
    last = kinds.index(_MESSAGE_INTEGRITY)
    return Request(
        server_ufrag=server_ufrag,
        client_ufrag=client_ufrag,
        transaction_id=message.transaction_id,
        priority=attributes.get("PRIORITY", 0),
        nominates="USE-CANDIDATE" in attributes,
        claims_controlled="ICE-CONTROLLED" in attributes,
        unknown_attributes=_unknown(kinds[:last]),
        signed=_counting_integrity(datagram[: places[last][1]]),
        integrity=integrity,
    )


def _attribute_places(datagram: bytes) -> list[tuple[int, int]] | None:
    """List (kind, position) in order; None when one reaches past the end, which the codec does not mind."""
    places: list[tuple[int, int]] = []
    position = MIN_BYTES
    while position + 4 <= len(datagram):
        kind, length = struct.unpack_from("!HH", datagram, position)
        places.append((kind, position))
        position += 4 + length + stun.padding_length(length)
    return places if position == len(datagram) else None


def _unknown(authenticated: list[int]) -> tuple[int, ...]:
    """Pick the attributes that would have to be understood and are not (RFC 8489 §6.3)."""
    return tuple(kind for kind in authenticated if kind < _OPTIONAL and kind not in stun.ATTRIBUTES_BY_TYPE)


def _counting_integrity(message: bytes) -> bytes:
    """Make the header count the integrity that will follow, as the HMAC is over that (RFC 8489 §14.5)."""
    return stun.set_body_length(message, len(message) - MIN_BYTES + 4 + _INTEGRITY_BYTES)


def is_authentic(request: Request, password: str) -> bool:
    """Tell whether the sender of `request` knows `password`; takes the same time either way."""
    expected = hmac.digest(password.encode("ascii"), request.signed, "sha1")
    return hmac.compare_digest(expected, request.integrity)


def binding_request(transaction_id: bytes, username: str, password: str) -> bytes:
    """Build a check of ours: who knows `password` answers it."""
    name = username.encode("ascii")
    body = _attribute(_USERNAME, name) + _attribute(_PRIORITY, bytes(4))
    body += _attribute(_ICE_CONTROLLED, bytes(8))
    return _signed(_BINDING_REQUEST, transaction_id, body, password)


def is_answer(datagram: bytes, password: str) -> bool:
    """Tell whether `datagram` is a success response of somebody who knows `password`, whole and signed."""
    if not MIN_BYTES <= len(datagram) <= MAX_BYTES:
        return False
    kind, length, cookie = struct.unpack_from("!HHI", datagram)
    places = _attribute_places(datagram)
    if (kind, MIN_BYTES + length, cookie) != (_BINDING_RESPONSE, len(datagram), MAGIC_COOKIE):
        return False
    if places is None:
        return False
    at = next((position for kind, position in places if kind == _MESSAGE_INTEGRITY), None)
    if at is None:
        return False
    signed = _counting_integrity(datagram[:at])
    expected = hmac.digest(password.encode("ascii"), signed, "sha1")
    return hmac.compare_digest(expected, datagram[at + 4 : at + 4 + _INTEGRITY_BYTES])


def success_response(request: Request, source: tuple[str, int], password: str) -> bytes:
    """Build the answer to an authenticated check, telling the client the (ip, port) it came from."""
    host, port = source
    address = ipaddress.ip_address(host)
    mask = struct.pack("!I", MAGIC_COOKIE) + request.transaction_id
    hidden = bytes(plain ^ bit for plain, bit in zip(address.packed, mask, strict=False))
    family = _IPV4 if address.version == 4 else _IPV6
    value = struct.pack("!BBH", 0, family, port ^ MAGIC_COOKIE >> 16) + hidden
    body = _attribute(_XOR_MAPPED_ADDRESS, value)
    return _signed(_BINDING_RESPONSE, request.transaction_id, body, password)


def error_response(request: Request, error: tuple[int, str], password: str) -> bytes:
    """Build an error answer; for 420 it lists the attributes that were not understood."""
    code, reason = error
    text = reason.encode("ascii")
    body = _attribute(_ERROR_CODE, struct.pack("!HBB", 0, code // 100, code % 100) + text)
    if error == UNKNOWN_ATTRIBUTE:
        unknown = request.unknown_attributes
        body += _attribute(_UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(unknown)}H", *unknown))
    return _signed(_BINDING_ERROR, request.transaction_id, body, password)


def _signed(kind: int, transaction_id: bytes, body: bytes, password: str) -> bytes:
    """Append integrity and fingerprint, each over a header that already counts it (RFC 8489 §14.5, §14.7)."""
    message = struct.pack("!HHI12s", kind, len(body), MAGIC_COOKIE, transaction_id) + body
    integrity = hmac.digest(password.encode("ascii"), _counting_integrity(message), "sha1")
    message += _attribute(_MESSAGE_INTEGRITY, integrity)
    message += _attribute(_FINGERPRINT, struct.pack("!I", stun.message_fingerprint(message)))
    return stun.set_body_length(message, len(message) - MIN_BYTES)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(stun.padding_length(len(value)))
