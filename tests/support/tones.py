"""Sine tones as WAV files: what the test browsers have as their microphones."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

SAMPLE_RATE_HZ = 48_000
_AMPLITUDE = 0.3  # about -10 dBFS: loud enough to count as speech, far from clipping


def write_tone(path: Path, hz: int, *, duration_s: int = 10) -> Path:
    """Write a mono 16-bit sine of `hz` and return `path`.

    Whole periods fit into whole seconds: Chromium, which plays the file round and round, makes no click.
    """
    peak = _AMPLITUDE * 32767
    step = 2 * math.pi * hz / SAMPLE_RATE_HZ
    one_second = array.array("h", (round(peak * math.sin(step * n)) for n in range(SAMPLE_RATE_HZ)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(one_second.tobytes() * duration_s)
    return path
