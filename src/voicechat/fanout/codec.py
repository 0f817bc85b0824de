"""Everything that travels on topics, events and news alike, to bytes and back."""

from __future__ import annotations

from typing import Union

import msgspec

from voicechat.protocol import EVENTS, Event, News, encode, news

_NEWS = tuple(
    value
    for value in vars(news).values()
    if isinstance(value, type) and issubclass(value, News) and value is not News
)
_DECODER: msgspec.json.Decoder[Event | News] = msgspec.json.Decoder(Union[EVENTS + _NEWS])  # noqa: UP007


def decode(payload: bytes) -> Event | News:
    """Decode what another node encoded; raise msgspec.MsgspecError when this one does not know it."""
    return _DECODER.decode(payload)


__all__ = ["decode", "encode"]
