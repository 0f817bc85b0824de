"""The four kinds of wire type and the bounded scalars they are made of.

Bodies and commands come in and refuse unknown fields; answers and events go out, and clients must ignore
fields they do not know. Commands and events are told apart by `type`, the class's name in snake_case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, dataclass_transform

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

END = r"$(?!\n)"
"""Ends a pattern: Python's `$` alone lets a newline follow. (JSON Schema's dialect reads it the same.)"""

Id = Annotated[
    str, Meta(pattern=f"^[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}{END}")
]
"""A UUID in canonical lower-case text."""

_FORBIDDEN = r"\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
_BLANK = r"\s\u00ad\u115f\u1160\u180e\u200c\u200d\u2800\u3164\uffa0"

LINE = rf"^(?=[^{_FORBIDDEN}]*[^{_FORBIDDEN}{_BLANK}])[^{_FORBIDDEN}]*{END}"
"""One line with something to see in it: no control characters, none that turn the direction of writing."""

LABEL = rf"^[^{_FORBIDDEN}]*{END}"
"""A line as above, or nothing at all."""

TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*" + END
"""Any lines of text: no control characters but tab, newline and carriage return."""

Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with a zone; the server always answers in UTC."""

Bits = Annotated[int, Meta(ge=0, lt=2**53)]
"""A set of permission bits; below 2^53, so that JavaScript's numbers hold it."""

Limit = Annotated[int, Meta(ge=1, le=100)]
Ref = Annotated[str, Meta(min_length=1, max_length=64)]


def snake_case(name: str) -> str:
    """Turn a class's name into its wire name: `VoiceJoin` → `voice_join`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
    class Wire:
        """A frozen, keyword-only msgspec Struct; the type checker is told so here once."""

        __struct_config__: ClassVar[msgspec.structs.StructConfig]
        __struct_fields__: ClassVar[tuple[str, ...]]

        def __init_subclass__(
            cls,
            *,
            forbid_unknown_fields: bool = False,
            tag_field: str | None = None,
            tag: str | Callable[[str], str] | None = None,
        ) -> None: ...

else:

    class _WireMeta(msgspec.StructMeta):
        def __new__(mcls, name, bases, namespace, **config):
            return super().__new__(
                mcls, name, bases, namespace, **{"frozen": True, "kw_only": True, **config}
            )

    class Wire(Struct, metaclass=_WireMeta):
        """A frozen, keyword-only msgspec Struct."""


class Body(Wire, forbid_unknown_fields=True):
    """What a request brings, in its JSON body or its query."""


class Answer(Wire):
    """What a response carries."""


class Command(Wire, forbid_unknown_fields=True, tag_field="type", tag=snake_case):
    """A frame from a client; `ref` is echoed in the frame that answers it."""

    ref: Ref | UnsetType = UNSET


class Event(Wire, tag_field="type", tag=snake_case):
    """A frame to clients; each connection adds its own `seq` in front of it."""


class News(Wire, tag_field="type", tag=snake_case):
    """Word between the nodes of the server; never sent to a client."""


class Page(Answer):
    """The frame of every list: `items` (added by each list), whether more follow, and where to go on."""

    has_more: bool = False
    next_cursor: str | None = None


class Refusal(Answer):
    """The one shape of every error."""

    error: str
    message: str
    details: dict[str, Any] | UnsetType = UNSET


def fields(value: Wire) -> dict[str, Any]:
    """Return a value's fields by name, to make another of."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


def encode(value: Wire) -> bytes:
    """Encode a wire value as JSON."""
    return _ENCODER.encode(value)


_ENCODER = msgspec.json.Encoder()
