"""The quality somebody is granted, and the bitrate that goes with it. Pure.

A tier's size and frame rate are the client's to keep (`protocol.video` names them); the bitrate is ours: the
engine passes on no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from voicechat.protocol.video import Quality

QUALITIES: tuple[Quality, ...] = get_args(Quality)
"""From the lowest to the highest."""

SCREEN_BITS_PER_S: Mapping[Quality, int] = {
    "low": 1_000_000,
    "medium": 3_000_000,
    "high": 5_000_000,
    "premium": 8_000_000,
}

WEBCAM_BITS_PER_S: Mapping[Quality, int] = {
    "low": 200_000,
    "medium": 600_000,
    "high": 1_500_000,
    "premium": 3_000_000,
}


def granted(asked: Quality, highest: str) -> Quality:
    """Return the quality asked for, or the highest that this server grants where that is lower."""
    return min(asked, next(quality for quality in QUALITIES if quality == highest), key=QUALITIES.index)
