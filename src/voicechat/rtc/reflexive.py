"""Asking a STUN server under which address it sees us (RFC 8489 §6): the query, and reading the answer."""

from __future__ import annotations

import struct

from aioice import stun

MAX_BYTES = 1500


def new_query() -> tuple[bytes, bytes]:
    """Make a Binding request; return its transaction id and the datagram."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    return message.transaction_id, bytes(message)


def read_answer(datagram: bytes, transaction_id: bytes) -> str | None:
    """Return the IP address that an answer to our query names; None for anything else, however broken."""
    if len(datagram) > MAX_BYTES:
        return None
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):  # UnicodeDecodeError is a ValueError
        return None
    if message.transaction_id != transaction_id or message.message_class is not stun.Class.RESPONSE:
        return None
    mapped = message.attributes.get("XOR-MAPPED-ADDRESS") or message.attributes.get("MAPPED-ADDRESS")
    return None if mapped is None else str(mapped[0])
