"""The engine among Python's threads and hostile members, under sanitizers; `sanitized.py` runs everything."""

from __future__ import annotations

import pytest

from tests.native import sanitized

HOSTILE = [
    "tests/native/test_strangers.py",
    "tests/native/test_flows.py",
    "tests/native/test_switching.py",
    "tests/attacks/test_srtp.py",
    "tests/attacks/test_rtcp.py",
]


@pytest.mark.native
@pytest.mark.parametrize("sanitizer", ["address", "thread"])
def test_no_sanitizer_finds_anything(sanitizer: str) -> None:
    if lacking := sanitized.missing(sanitizer):
        pytest.skip(lacking)
    done = sanitized.run(sanitizer, HOSTILE)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    print(done.stdout[-200:])
