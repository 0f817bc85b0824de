"""What the wire contract declares, as generators need it: the types of each kind and their fields."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as types

from voicechat import protocol
from voicechat.protocol import Answer, Body, Command, Event, Wire
from voicechat.protocol.base import Refusal

_NOT_WIRE = {"base", "news", "permissions"}


@dataclass(frozen=True, slots=True)
class Declared:
    """Every wire type, each kind in the order of its declaration."""

    bodies: tuple[type[Wire], ...]
    answers: tuple[type[Wire], ...]
    commands: tuple[type[Command], ...]
    events: tuple[type[Event], ...]


@dataclass(frozen=True, slots=True)
class WireField:
    """A field of a wire type; `is_optional` means that it may be absent from the JSON."""

    name: str
    type: types.Type
    is_optional: bool
    default: Any


def declared() -> Declared:
    """Collect the wire types of every module of the protocol package."""
    names = [info.name for info in pkgutil.iter_modules(protocol.__path__) if info.name not in _NOT_WIRE]
    found = [kind for name in names for kind in _wire_types(f"{protocol.__name__}.{name}")]
    return Declared(
        bodies=tuple(kind for kind in found if issubclass(kind, Body)),
        answers=(Refusal, *(kind for kind in found if issubclass(kind, Answer))),
        commands=protocol.COMMANDS,
        events=protocol.EVENTS,
    )


def _wire_types(module_name: str) -> list[type[Wire]]:
    module = importlib.import_module(module_name)
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Wire) and value.__module__ == module_name
    ]


def fields_of(kind: type) -> list[WireField]:
    """List the fields of `kind` as they stand on the wire.

    What comes in may leave out whatever has a default; what goes out leaves out only what is UNSET.
    """
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    comes_in = issubclass(kind, (Body, Command))
    return [_wire_field(field, comes_in=comes_in) for field in info.fields]


def _wire_field(field: types.Field, *, comes_in: bool) -> WireField:
    has_default = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    is_optional = not field.required and (comes_in or not has_default)
    default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
    return WireField(
        name=field.encode_name,
        type=field.type,
        is_optional=is_optional,
        default=None if default is NODEFAULT else msgspec.to_builtins(default),
    )


def bounds_of(kind: types.Type) -> dict[str, Any]:
    """Return the bounds that a value must keep: lengths, ranges, pattern."""
    parts = [part for part in getattr(kind, "types", (kind,)) if not isinstance(part, types.NoneType)]
    names = ("min_length", "max_length", "ge", "le", "gt", "lt", "pattern")
    return {
        name: getattr(part, name) for part in parts for name in names if getattr(part, name, None) is not None
    }


def purpose(kind: type[Wire]) -> str:
    """Return the docstring of a wire type, its lines unindented."""
    return "\n".join(line.strip() for line in (kind.__doc__ or "").strip().splitlines())
