"""The libraries: whether they are here, how their programs are started, and what they cannot do."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.interop.recording import opus, vp8

TONES_HZ = (500, 800)
HERE = Path(__file__).parent
AIORTC = Path(os.environ.get("VOICECHAT_INTEROP_VENV", "~/.cache/voicechat-interop")).expanduser()
_SYSTEM_PYTHON = "/usr/bin/python3"  # which has the bindings of GStreamer on Debian


class Absent(Exception):
    """A stack that is not here, and why."""


@dataclass(frozen=True)
class Stack:
    """A library: `command` gives its program for somebody with this tone, which may write into the folder."""

    name: str
    command: Callable[[int, Path], list[str]]
    cannot: Mapping[str, str] = field(default_factory=dict)


def _pion(network: str, hz: int, folder: Path) -> list[str]:
    program, recording = folder / "pion", folder / f"{hz}.json"
    if not program.exists():
        _build_pion(program)
    recorded = {"opus": opus(hz), "vp8": vp8()}
    texts = {
        codec: [base64.b64encode(frame).decode() for frame in frames] for codec, frames in recorded.items()
    }
    recording.write_text(json.dumps(texts))
    return [str(program), str(recording), network]


def _build_pion(program: Path) -> None:
    if shutil.which("go") is None:
        raise Absent("there is no Go")
    built = subprocess.run(
        ["go", "build", "-o", str(program), "."],
        cwd=HERE / "pion",
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise Absent(built.stderr.strip()[-300:])


def _aiortc(hz: int, _: Path) -> list[str]:
    python = AIORTC / "bin" / "python"
    _require([str(python), "-c", "import aiortc"])
    return [str(python), str(HERE / "aiortc_client.py"), str(hz)]


def _gstreamer(hz: int, _: Path) -> list[str]:
    _require([_SYSTEM_PYTHON, "-c", "import gi; gi.require_version('GstWebRTC', '1.0')"])
    return [_SYSTEM_PYTHON, str(HERE / "gstreamer_client.py"), str(hz)]


def _require(command: list[str]) -> None:
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as problem:
        raise Absent(f"there is no {problem.filename}") from problem
    if found.returncode:
        raise Absent(found.stderr.strip().rpartition("\n")[2])


LIBRARIES = {
    stack.name: stack
    for stack in (
        Stack("pion", partial(_pion, "udp")),
        Stack("pion-tcp", partial(_pion, "tcp")),
        Stack("aiortc", _aiortc),
        Stack("gstreamer", _gstreamer, {"a webcam in a section used before": "webrtcbin cannot (1.22)"}),
    )
}
