"""Attacks run against a media room (`stage`) or the engine alone (`running`, `two`)."""

from __future__ import annotations

import pytest

from tests.media.conftest import Stage, stage
from tests.native.conftest import Running, limits, running, two
from tests.support.rtc_client import RtcClient

__all__ = ["Running", "limits", "running", "stage", "two"]


@pytest.fixture
async def pair(stage: Stage) -> tuple[RtcClient, RtcClient]:
    """Two in a room who hear each other."""
    _, anna = await stage.connected("anna")
    _, ben = await stage.connected("ben")
    return anna, ben
