"""Begins the fuzzing that was selected before the first test; its tests come after all others."""

from __future__ import annotations

import os
import time

import pytest

from tests.fuzz.shadow import Shadow

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
"""Of a core, for each target."""
_SHADOW = pytest.StashKey[Shadow]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _target(item) is not None)


def pytest_collection_finish(session: pytest.Session) -> None:
    names = [name for name in map(_target, session.items) if name is not None]
    if names and not session.config.option.collectonly:
        session.stash[_SHADOW] = Shadow(names, SECONDS, seed=int(time.time()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (shadow := session.stash.get(_SHADOW, None)) is not None:
        shadow.close()


@pytest.fixture
def shadow(request: pytest.FixtureRequest) -> Shadow:
    return request.session.stash[_SHADOW]


def _target(item: pytest.Item) -> str | None:
    """Name the target whose result a test wants."""
    if not isinstance(item, pytest.Function) or "shadow" not in item.fixturenames:
        return None
    return str(item.callspec.params["name"])
