"""docs/design/attacks.md names tests that exist, and every test here is named there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "docs" / "design" / "attacks.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/\S+?\.py)::(\w+)`", INDEX)


def test_every_test_that_the_index_names_exists() -> None:
    assert NAMED
    for path, name in NAMED:
        text = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path} has no {name}"


def test_every_attack_test_is_in_the_index() -> None:
    indexed = {name for _, name in NAMED}
    for path in [*Path(__file__).parent.glob("test_*.py"), ROOT / "tests" / "media" / "test_strangers.py"]:
        for name in re.findall(r"^(?:async )?def (test_s\d+\w*)\(", path.read_text("utf-8"), re.MULTILINE):
            assert name in indexed, f"{path.name}::{name} is not in docs/design/attacks.md"
