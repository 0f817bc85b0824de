"""`python -m tests.interop [firefox|pion|pion-tcp|aiortc|gstreamer …]`; see the package's words."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import trio

from tests.interop.caller import NotDone
from tests.interop.firefox import try_firefox
from tests.interop.marionette import Failed
from tests.interop.stacks import LIBRARIES, Absent
from tests.interop.trial import Say, try_library

NAMES = ("firefox", *LIBRARIES)


def main(names: Sequence[str]) -> int:
    """Try these stacks, or all; return how many failed."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"expected some of {', '.join(NAMES)}, got {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    say = partial(print, flush=True)
    return sum(not _works(name, say) for name in names or NAMES)


def _works(name: str, say: Say) -> bool:
    works = True
    with tempfile.TemporaryDirectory(prefix=f"interop-{name}-") as folder:
        try:
            if name == "firefox":
                try_firefox(Path(folder), say)
            else:
                trio.run(try_library, LIBRARIES[name], Path(folder), say)
        except* Absent as absent:
            say(f"{name}: not here: {_first(absent)}")
        except* (NotDone, Failed, AssertionError) as failed:
            say(f"{name}: FAILED: {_first(failed)}")
            works = False
    return works


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    while isinstance(first := group.exceptions[0], BaseExceptionGroup):
        group = first
    return first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
