"""`python -m voicechat.gen [--check] [--root PATH]`: write the generated files, or find the stale ones."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from voicechat import app
from voicechat.gen.declared import declared
from voicechat.gen.markdown import print_markdown
from voicechat.gen.typescript import print_typescript
from voicechat.settings import Settings
from voicechat.web.builtin import builtin_routes
from voicechat.web.openapi import describe


def generated() -> dict[str, str]:
    """Return the content of every generated file by its path in the tree."""
    contract = declared()
    description = describe((*app.routes(), *builtin_routes(Settings(), (), {})))
    return {
        "client/web/src/protocol/types.gen.ts": print_typescript(contract),
        "docs/protocol.md": print_markdown(contract),
        "docs/openapi.json": json.dumps(description, indent=2, ensure_ascii=False) + "\n",
    }


def stale(root: Path, files: Mapping[str, str]) -> list[str]:
    """List those of `files` that are not so under `root`."""
    return [path for path, text in files.items() if _content(root / path) != text]


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write `files` under `root`."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def main() -> int:
    """Run the command line; the exit status is 1 when `--check` found a stale file."""
    parser = argparse.ArgumentParser(prog="python -m voicechat.gen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: here)")
    options = parser.parse_args()
    files = generated()
    paths = stale(options.root, files)
    if not options.check:
        write(options.root, {path: files[path] for path in paths})
    for path in paths:
        print(f"stale: {path} (run `make gen`)" if options.check else f"written: {path}")
    return 1 if options.check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
