"""Showing and watching: what somebody at a browser does with cameras and screens, and what moves there.

The fake devices draw a moving pattern; a picture moves when frames are decoded and its pixels change.
"""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.e2e.person import Person
from tests.support.waiting import eventually

MOVES_WITHIN_S = 20.0

_FRAMES = "video => video.getVideoPlaybackQuality().totalVideoFrames"
_HEIGHT = "video => video.videoHeight"
_PICTURE = """video => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 36];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 64, 36);
  return [...context.getImageData(0, 0, 64, 36).data].join();
}"""


def share_screen(person: Person, *, tier: str = "low") -> None:
    """Share a (fake) screen with its sound, and wait until the server has it."""
    person.find("share-screen").click()
    person.find("share-tier").select_option(tier)
    person.find("share-choose").click()
    expect(person.find("share-dialog")).to_have_count(0)
    is_live(person, person)


def is_live(person: Person, other: Person, *, count: int = 1) -> None:
    """Wait until somebody's entry under the voice channel says that they share a screen, or not."""
    expect(person.in_voice(other).get_by_test_id("live-tag")).to_have_count(count)


def turn_camera_on(person: Person, *, tier: str = "low") -> None:
    """Turn the (fake) camera on after a look at its preview."""
    person.find("toggle-camera").click()
    person.find("camera-tier").select_option(tier)
    expect(person.find("camera-turn-on")).to_be_enabled()
    person.find("camera-turn-on").click()
    expect(person.find("toggle-camera")).to_have_attribute("aria-pressed", "true")


def enter_room(person: Person) -> None:
    """Look at the voice channel one is in."""
    person.find("voice-place").click()
    expect(person.find("voice-room")).to_be_visible()


def watch(person: Person, other: Person) -> Locator:
    """Watch somebody's screen; return its large picture once it moves."""
    enter_room(person)
    stream_tile(person, other).get_by_test_id("watch-stream").click()
    picture = large_picture(person)
    sees_moving(person, picture)
    return picture


def stream_tile(person: Person, other: Person) -> Locator:
    """Return the tile of somebody's screen."""
    return person.find(f"stream-tile-{other.username}")


def large_picture(person: Person) -> Locator:
    """Return the picture that is shown large."""
    return person.find("stage-main").locator("video")


def face(person: Person, other: Person) -> Locator:
    """Return the picture of somebody's camera in their tile."""
    return person.find(f"voice-tile-{other.username}").locator("video")


def sees_moving(person: Person, picture: Locator) -> None:
    """Wait until the picture is shown, and further frames of it differ."""
    expect(picture.locator("xpath=..")).to_have_attribute(
        "data-state", "playing", timeout=MOVES_WITHIN_S * 1000
    )
    frames, first = picture.evaluate(_FRAMES), picture.evaluate(_PICTURE)
    eventually(
        lambda: picture.evaluate(_FRAMES) > frames and picture.evaluate(_PICTURE) != first,
        f"{person.username} sees a moving picture",
        within_s=MOVES_WITHIN_S,
        pause=lambda seconds: person.page.wait_for_timeout(seconds * 1000),
    )


def sees_height(person: Person, picture: Locator, fits: tuple[int, int]) -> None:
    """Wait until the picture's own height lies within `fits`."""
    least, most = fits
    eventually(
        lambda: least <= picture.evaluate(_HEIGHT) <= most,
        f"{person.username} sees between {least} and {most} lines",
        within_s=MOVES_WITHIN_S,
        pause=lambda seconds: person.page.wait_for_timeout(seconds * 1000),
    )
