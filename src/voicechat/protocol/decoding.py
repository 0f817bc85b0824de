"""Decodes what comes in, JSON or text parameters, to a checked wire type; Invalid says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from voicechat.errors import Invalid

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def holds_nul(data: bytes) -> bool:
    r"""Tell whether JSON text holds an escaped NUL (`\u0000`), which PostgreSQL's text cannot store."""
    return b"\\u0000" in data and _NUL.search(data) is not None


def decode_json(data: bytes, kind: Any) -> Any:
    """Decode JSON as `kind`; raises Invalid naming the place and what was expected there."""
    if holds_nul(data):
        raise Invalid("expected text without NUL characters, got \\u0000")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Invalid(f"expected JSON: {problem}", code="INVALID_JSON") from problem


def decode_parameters(values: Mapping[str, str], kind: Any) -> Any:
    """Convert text parameters (a query) to `kind`, reading numbers and truth values from their text."""
    if any("\0" in value for value in values.values()):
        raise Invalid("expected text without NUL characters, got \\u0000")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from problem
