"""A checkout of our own for the build to work in."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap import steps


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the steps at an empty folder and return it."""
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "RUN_DIR", tmp_path / ".run")
    return tmp_path


def program(path: Path, *lines: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path
