"""The house: the open resources, handed to every handler, and who is calling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voicechat.bus import Bus
    from voicechat.fanout import Hub
    from voicechat.media import Media
    from voicechat.settings import Settings
    from voicechat.storage import Database


@dataclass(frozen=True, slots=True)
class House:
    """What is open while the server runs; built once by `app.open_house`, which owns all of it.

    `rooms` holds the live state of feature rooms that keep any (keyed by the room's name), each written by
    its own room alone.
    """

    settings: Settings
    db: Database
    bus: Bus
    hub: Hub
    media: Media
    node_id: str
    rooms: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: an account through one of its login sessions."""

    user_id: str
    session_id: str
    username: str
    display_name: str
    avatar_url: str | None
    is_admin: bool
