"""GET /api/docs: the routes as one plain page, without scripts and without a request to anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
details { border-bottom: 1px solid #8884; }
summary { padding: 0.4rem 0; cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
pre { overflow-x: auto; padding: 0.75rem; background: #8882; border-radius: 0.4rem; }
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} REST interface</title>
<link rel="stylesheet" href="/api/docs/style.css">
</head>
<body>
<h1>{title} {version}</h1>
<p>{description} For machines: <a href="/api/openapi.json">openapi.json</a>.</p>
{operations}
<h2>Types</h2>
{types}
</body>
</html>
"""


DOCS_PATHS = ("/api/openapi.json", "/api/docs", "/api/docs/style.css")


def docs_files(description: Mapping[str, Any]) -> dict[str, tuple[str, bytes]]:
    """Return content type and content of each file of the documentation by its path."""
    compact = json.dumps(description, separators=(",", ":"))
    contents = (
        ("application/json", compact.encode()),
        ("text/html; charset=utf-8", print_page(description).encode()),
        ("text/css; charset=utf-8", _STYLE.encode()),
    )
    return dict(zip(DOCS_PATHS, contents, strict=True))


def print_page(description: Mapping[str, Any]) -> str:
    """Print the description as HTML."""
    info = description["info"]
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=escape(info["description"]),
        operations="\n".join(_operations(description)),
        types="\n".join(_types(description)),
    )


def _operations(description: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    for tag, operations in sorted(by_tag.items()):
        yield f"<h2>{escape(tag)}</h2>"
        yield from operations


_SHOWN = ("parameters", "requestBody", "responses")


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    head = f"<b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}"
    parts = {name: operation[name] for name in _SHOWN if name in operation}
    text = f"<p>{escape(operation['description'])}</p>" if "description" in operation else ""
    return f"<details><summary>{head}</summary>{text}{_pre(parts)}</details>"


def _types(description: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(description["components"]["schemas"].items()):
        title = f"<summary><code>{escape(name)}</code></summary>"
        yield f'<details id="{escape(name)}">{title}{_pre(schema)}</details>'


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
