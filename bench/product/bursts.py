"""A microphone that speaks in short bursts over a little noise, so that each can be timed (stdlib only)."""

from __future__ import annotations

import array
import math
import random
import wave
from pathlib import Path

_RATE_HZ = 48_000
_TONE_HZ = 1000
_EVERY_S, _LASTS_S = 0.5, 0.06
_LOUD, _NOISE = 0.3, 0.002  # of full scale; the noise keeps Opus from going quiet, as a room does


def write_bursts(path: Path, *, duration_s: int = 10) -> Path:
    """Write a mono 16-bit WAV file of bursts twice a second and return `path`."""
    chance = random.Random(1)
    samples = array.array("h", (_sample(number, chance) for number in range(int(_RATE_HZ * _EVERY_S))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes() * int(duration_s / _EVERY_S))
    return path


def _sample(number: int, chance: random.Random) -> int:
    is_burst = number < _RATE_HZ * _LASTS_S
    tone = _LOUD * math.sin(2 * math.pi * _TONE_HZ * number / _RATE_HZ) if is_burst else 0.0
    return round(32767 * (tone + _NOISE * chance.uniform(-1, 1)))
