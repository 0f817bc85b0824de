"""Find a Python that fits, then hand over to the command line; this file alone must run on any Python 3."""

import os
import shutil
import sys
from typing import Optional

FOLDER = os.path.dirname(os.path.abspath(__file__))
TOO_OLD = """VoiceChat needs Python 3.11, 3.12 or 3.13; this is Python {}.{}.
On Debian 12: sudo apt-get install python3 python3-venv python3-dev"""


def other_python() -> Optional[str]:  # noqa: UP045 (the new form needs 3.10)
    """Return the path of another installed Python that fits, or None."""
    names = ("python3.13", "python3.12", "python3.11")
    return next((path for path in map(shutil.which, names) if path), None)


def main() -> int:
    """Run the command line under Python 3.11 to 3.13."""
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        sys.path.insert(0, os.path.dirname(FOLDER))
        from bootstrap.commands import main as run

        return run(sys.argv[1:])
    other = other_python()
    if other:
        os.execv(other, [other, FOLDER, *sys.argv[1:]])
    print(TOO_OLD.format(*sys.version_info), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
