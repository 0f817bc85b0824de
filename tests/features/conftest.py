"""Fixtures of the rooms' tests: a town, its first inhabitants and their guild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.town import Ground, Person, Town, open_town, town_settings
from voicechat.bus import Bus
from voicechat.storage import Database


@pytest.fixture
async def town(db: Database, bus: Bus, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(town_settings(tmp_path), db, bus) as town:
        yield town


@pytest.fixture
async def owner(town: Town) -> Person:
    return await town.sign_up("olga")


@pytest.fixture
async def member(town: Town, ground: Ground) -> Person:
    member = await town.sign_up("mia")
    await ground.admit(member)
    return member


@pytest.fixture
async def outsider(town: Town) -> Person:
    return await town.sign_up("otto")


@pytest.fixture
async def ground(owner: Person) -> Ground:
    return await owner.found()
