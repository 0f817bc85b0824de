"""The documents agree with the code: each setting with its default, each link, each make target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voicechat.settings import VARIABLES, Settings, page

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
SETTING_ROW = re.compile(r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\|", re.MULTILINE)
MAKE_TARGET = re.compile(r"`make ([a-z][a-z-]*)")


def documented_settings() -> dict[str, str]:
    """Read name and default of every row of the configuration page."""
    text = (ROOT / "docs" / "ops" / "configuration.md").read_text()
    return {name: default or "" for name, default in SETTING_ROW.findall(text)}


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented_settings() == dict(page(Settings()))


def test_no_setting_is_documented_twice() -> None:
    text = (ROOT / "docs" / "ops" / "configuration.md").read_text()
    assert len(SETTING_ROW.findall(text)) == len(VARIABLES)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), f"{document.name} links to {link}"
        if fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), f"{document.name} links to {link}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_in_the_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE_TARGET.findall(document.read_text())) <= targets


def test_the_index_names_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / link).resolve() for link in LINK.findall(index.read_text()) if "://" not in link}
    assert {path for path in DOCUMENTS if path.parent != ROOT and path != index} <= named
