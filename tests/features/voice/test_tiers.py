"""Which quality is granted, and how many bits go with it."""

from __future__ import annotations

import pytest

from voicechat.features.voice.tiers import QUALITIES, SCREEN_BITS_PER_S, WEBCAM_BITS_PER_S, granted
from voicechat.protocol.video import Quality


@pytest.mark.parametrize(
    ("asked", "highest", "expected"),
    [
        ("low", "premium", "low"),
        ("premium", "premium", "premium"),
        ("premium", "high", "high"),
        ("high", "low", "low"),
        ("medium", "medium", "medium"),
    ],
)
def test_nobody_is_granted_more_than_the_server_grants(asked: Quality, highest: str, expected: str) -> None:
    assert granted(asked, highest) == expected


def test_each_tier_has_more_bits_than_the_one_below() -> None:
    for bits in (SCREEN_BITS_PER_S, WEBCAM_BITS_PER_S):
        assert [bits[quality] for quality in QUALITIES] == sorted(set(bits.values()))
    assert (SCREEN_BITS_PER_S["high"], WEBCAM_BITS_PER_S["high"]) == (5_000_000, 1_500_000)
