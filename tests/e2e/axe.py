"""What axe-core, the accessibility checker, finds on a page (Deque's rules for WCAG 2.x)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "client" / "web" / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE = ("serious", "critical")
_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@cache
def _source() -> str:
    # evaluated by the debugger: the page's policy lets no foreign <script> in
    return f"() => {{ {_AXE.read_text(encoding='utf-8')} }}"


def grave_violations(page: Page) -> list[str]:
    """Return each serious or critical violation on the page: the rule, the element, and what is wrong."""
    page.evaluate(_source())
    violations: list[dict[str, Any]] = page.evaluate(_RUN)
    return [
        f"{violation['id']}: {node['html'][:200]} – {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in _GRAVE
        for node in violation["nodes"]
    ]
