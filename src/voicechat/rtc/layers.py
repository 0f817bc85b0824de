"""Which layer of each stream a viewer is sent (pure)."""

from __future__ import annotations

import enum


class Layer(enum.StrEnum):
    """The size a publisher sends a stream in; one that does not send several has the highest alone."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Preference(enum.StrEnum):
    """The highest layer a viewer wants of a stream; OFF = do not send it to me."""

    AUTO = "auto"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    OFF = "off"
