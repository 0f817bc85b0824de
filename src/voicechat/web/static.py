"""The web client's built files, served from memory: hashed assets for good, the page itself never cached."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trio

_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")
_COMPRESS_FROM_BYTES = 1024
_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

_MISSING_PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>VoiceChat</title>
<h1>The server runs; its web client is not built</h1>
<p>Run <code>make web</code> in the checkout, then reload this page.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    content: bytes
    zipped: bytes | None
    content_type: str
    cache_control: str
    etag: str


class WebClient:
    """The files under `folder`. They are read when first asked for, and again when a build replaced them.

    Only names found by walking the folder are served, so no path can lead out of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, StaticFile] = {}
        self._built_at: float | None = None
        self._lock = trio.Lock()

    async def file(self, path: str) -> StaticFile | None:
        """Return the file of the URL path `path`, None when the client has none of that name."""
        async with self._lock:
            built_at = await trio.to_thread.run_sync(self._last_build)
            if built_at != self._built_at:
                self._files = dict(await trio.to_thread.run_sync(read_files, self._folder))
                self._built_at = built_at
        return self._files.get(path.removeprefix("/"))

    async def page(self) -> StaticFile:
        """Return the client's page, or one that says how to build it."""
        return await self.file("index.html") or _MISSING

    def _last_build(self) -> float:
        try:
            return (self._folder / "index.html").stat().st_mtime
        except OSError:
            return 0.0


def read_files(folder: Path) -> Mapping[str, StaticFile]:
    """Read every file under `folder`, by its path relative to it."""
    if not folder.is_dir():
        return {}
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _read(path, folder) for path in paths}


def _read(path: Path, folder: Path) -> StaticFile:
    content = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    cache_control = "no-store" if name == "index.html" else _REVALIDATE
    if name.startswith("assets/"):  # Vite names them by their content
        cache_control = _FOREVER
    return _static_file(content, guessed, cache_control)


def _static_file(content: bytes, content_type: str, cache_control: str) -> StaticFile:
    is_text = content_type.startswith(_COMPRESSED)
    zipped = gzip.compress(content, 6) if is_text and len(content) >= _COMPRESS_FROM_BYTES else None
    return StaticFile(
        content=content,
        zipped=zipped,
        content_type=f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type,
        cache_control=cache_control,
        etag=hashlib.sha256(content).hexdigest()[:32],
    )


_MISSING = _static_file(_MISSING_PAGE, "text/html", "no-store")
