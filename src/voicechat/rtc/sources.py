"""Names of what a member sends besides its voice: its webcam, and the picture and sound of shared screens."""

from __future__ import annotations

WEBCAM = "webcam"
_SCREEN_VIDEO = "screen_video:"
_SCREEN_AUDIO = "screen_audio:"


def screen_video(stream_id: str) -> str:
    """Name the picture of a shared screen."""
    return _SCREEN_VIDEO + stream_id


def screen_audio(stream_id: str) -> str:
    """Name the sound of a shared screen."""
    return _SCREEN_AUDIO + stream_id


def is_video(source: str) -> bool:
    """Tell a picture from a sound."""
    return source == WEBCAM or source.startswith(_SCREEN_VIDEO)


def is_screen_audio(source: str) -> bool:
    """Tell whether it is the sound of a shared screen."""
    return source.startswith(_SCREEN_AUDIO)


def is_screen(source: str) -> bool:
    """Tell whether it is the picture of a shared screen."""
    return source.startswith(_SCREEN_VIDEO)


def sound_of(video: str) -> str:
    """Name the sound that belongs to the picture of a shared screen."""
    return screen_audio(video.removeprefix(_SCREEN_VIDEO))
