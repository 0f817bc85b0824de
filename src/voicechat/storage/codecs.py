"""How columns and Python values correspond, set on every new connection. Needs no round trip."""

from __future__ import annotations

from typing import Any

import msgspec

_JSONB_VERSION = b"\x01"  # the binary form of jsonb is its version and the text (jsonb_recv)

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode


def _decode_uuid(value: bytes) -> str:
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _encode_uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _encode_jsonb(value: Any) -> bytes:
    return _JSONB_VERSION + _encode_json(value)


def _decode_jsonb(value: bytes) -> Any:
    return _decode_json(value[1:])


_CODECS = {
    "uuid": (_encode_uuid, _decode_uuid),
    "json": (_encode_json, _decode_json),
    "jsonb": (_encode_jsonb, _decode_jsonb),
}


async def set_codecs(connection: Any) -> None:
    """Let ids be text and JSON be values on this asyncpg connection."""
    for name, (encoder, decoder) in _CODECS.items():
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="binary"
        )
