"""What the engine is asked for video, in tests of whole servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from voicechat.media import Media

_ASKED_FOR_VIDEO = ("publish", "unpublish", "limit", "gate_screen_audio", "prefer", "restart_ice")


@dataclass
class Asked:
    """What the engine was asked for video, in order; the engine itself does it as well."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """List what came after the peer's id in each call of this name, named values last."""
        return [(*args[1:], *named.values()) for called, args, named in self.calls if called == name]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Note what voice asks of the engine for video."""
    asked = Asked()

    def noting(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def both(media: Media, *args: Any, **named: Any) -> None:
            asked.calls.append((name, args, named))
            call(media, *args, **named)

        return both

    for name in _ASKED_FOR_VIDEO:
        monkeypatch.setattr(Media, name, noting(name, getattr(Media, name)))
    return asked
