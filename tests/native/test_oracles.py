"""The arithmetic of the engine against Python twins, written from the RFCs and not from the C."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NATIVE = Path(__file__).parents[2] / "native"
CLOCK = 48000
pytestmark = pytest.mark.native


class Rewriter(ctypes.Structure):
    """Layout of vc_rewriter."""

    _fields_ = [
        ("clock_rate", ctypes.c_uint32),
        ("has_sent", ctypes.c_bool),
        ("in_stretch", ctypes.c_bool),
        ("first_ext", ctypes.c_uint32),
        ("newest_ext", ctypes.c_uint32),
        ("newest_in_ts", ctypes.c_uint32),
        ("out_seq", ctypes.c_uint32),
        ("out_ts", ctypes.c_uint32),
        ("clock_ts", ctypes.c_uint32),
        ("sent_us", ctypes.c_uint64),
        ("clock_us", ctypes.c_uint64),
    ]


class Rewritten(ctypes.Structure):
    """Layout of vc_rewritten."""

    _fields_ = [("seq", ctypes.c_uint16), ("ts", ctypes.c_uint32), ("starts_stretch", ctypes.c_bool)]


@pytest.fixture(scope="session")
def library() -> ctypes.CDLL:
    subprocess.run(["make", "-s", "-C", str(NATIVE), "library"], check=True, capture_output=True, timeout=300)
    lib = ctypes.CDLL(str(NATIVE / "build" / "libvc.so"))
    lib.vc_siphash13.restype = ctypes.c_uint64
    lib.vc_report_ntp.restype = ctypes.c_uint64
    lib.vc_rewriter_finish.restype = Rewritten
    return lib


class SlotTwin:
    """What a slot sends, kept as unbounded integers."""

    def __init__(self, first_seq: int, first_ts: int) -> None:
        self.seq, self.ts = first_seq % 2**15, first_ts
        self.sent: list[tuple[int, int, int, int]] = []  # source ext, source ts, seq, ts of this stretch
        self.ever = False
        self.origin = (0, 0)  # a time, and what the stream carries then
        self.sent_us = 0

    def cut(self) -> None:
        self.sent.clear()

    def elapsed(self, now_us: int, since_us: int | None = None) -> int:
        passed_us = now_us - (self.sent_us if since_us is None else since_us)
        return abs(passed_us) * CLOCK // 1_000_000 * (1 if passed_us > 0 else -1)

    def ahead(self) -> int:
        """How far the newest timestamp is before the clock."""
        return self.ts - self.origin[1] - self.elapsed(self.sent_us, self.origin[0])

    def catch_up(self, now_us: int) -> None:
        """Go on by whole frames, at least one, to where the clock is."""
        ahead = self.ahead()
        if ahead > 9600:
            self.origin, ahead = (self.origin[0], self.origin[1] + ahead - 9600), 9600
        self.ts += max(1, (self.elapsed(now_us) - ahead + 480) // 960) * 960

    def finish(self, now_us: int) -> tuple[int, int]:
        """One frame of our own after the newest, or by the clock after a pause, and the stretch is over."""
        self.seq += 1
        if self.elapsed(now_us) > CLOCK // 2:
            self.catch_up(now_us)
            self.sent_us = now_us
        else:
            self.ts, self.sent_us = self.ts + 960, self.sent_us + 20_000
        self.sent.clear()
        return self.seq % 2**16, self.ts % 2**32

    def next(self, ext: int, ts: int, now_us: int) -> tuple[int, int, bool] | None:
        newest = max(self.sent, default=None)
        if newest is not None and ext > newest[0]:
            behind = self.elapsed(now_us) - (ts - newest[1])
            is_silence = ext - newest[0] == 1 and ts - newest[1] >= CLOCK // 5
            leaps = ext - newest[0] >= 2**15
            if leaps or abs(behind) > CLOCK // 2 or (is_silence and self.ahead() > 1920):
                self.sent.clear()
                newest = None
        if newest is None:
            if self.ever:
                self.seq += 1
                self.catch_up(now_us)
            else:
                self.origin = now_us, self.ts
            self.ever, self.sent_us = True, now_us
            self.sent.append((ext, ts, self.seq, self.ts))
            return self.seq % 2**16, self.ts % 2**32, True
        if ext < self.sent[0][0] or ext == newest[0] or newest[0] - ext >= 2**15:
            return None
        seq, out_ts = newest[2] + ext - newest[0], newest[3] + ts - newest[1]
        if ext > newest[0]:
            self.sent.append((ext, ts, seq, out_ts))
            self.seq, self.ts, self.sent_us = seq, out_ts, now_us
        return seq % 2**16, out_ts % 2**32, False


STEP = st.tuples(
    st.sampled_from(
        ["packet", "packet", "packet", "packet", "late", "cut", "finish", "pause", "source", "silence"]
    ),
    st.integers(0, 50),
    st.integers(0, 3_000_000),
)


@settings(max_examples=300, deadline=None)
@given(
    first=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    source=st.tuples(st.integers(2**16, 2**17), st.integers(0, 2**31)),
    steps=st.lists(STEP, max_size=60),
)
def test_slots_renumber_as_the_twin_does(
    library: ctypes.CDLL,
    first: tuple[int, int],
    source: tuple[int, int],
    steps: list[tuple[str, int, int]],
) -> None:
    rewriter, twin = Rewriter(), SlotTwin(*first)
    library.vc_rewriter_init(
        ctypes.byref(rewriter), CLOCK, ctypes.c_uint32(first[0]), ctypes.c_uint32(first[1])
    )
    ext, ts, now_us = *source, 10_000_000
    for kind, small, large in steps:
        if kind == "cut":
            library.vc_rewriter_cut(ctypes.byref(rewriter))
            twin.cut()
            continue
        if kind == "finish" and twin.sent:
            now_us += large * (small % 2)
            end = library.vc_rewriter_finish(
                ctypes.byref(rewriter), ctypes.c_uint32(960), ctypes.c_uint64(now_us)
            )
            assert (end.seq, end.ts) == twin.finish(now_us)
            continue
        if kind == "source":
            library.vc_rewriter_cut(ctypes.byref(rewriter))
            twin.cut()
            ext, ts = 2**16 + large % 2**16, large * 700 % 2**31
        if kind == "pause":
            now_us += large
        back = small if kind == "late" else 0
        if kind == "silence":
            ext, ts, now_us = ext + 1, ts + 19_200, now_us + 400_000 - 10_000 * small
        elif kind != "late":
            ext, ts, now_us = (
                ext + 1 + small % 3,
                ts + 960 * (1 + small % 3),
                now_us + 20_000 * (1 + small % 3),
            )
        out = Rewritten()
        status = library.vc_rewriter_next(
            ctypes.byref(rewriter),
            ctypes.c_uint32(ext - back),
            ctypes.c_uint32(ts - 960 * back),
            ctypes.c_uint64(now_us),
            ctypes.byref(out),
        )
        got = None if status else (out.seq, out.ts, out.starts_stretch)
        assert got == twin.next(ext - back, ts - 960 * back, now_us)


@given(st.integers(0, 2**33 * 10**9))
def test_ntp_times(library: ctypes.CDLL, real_ns: int) -> None:
    ntp = library.vc_report_ntp(ctypes.c_uint64(real_ns))
    seconds, rest = divmod(real_ns, 10**9)
    assert ntp == ((seconds + 2208988800) << 32 | rest * 2**32 // 10**9) % 2**64


def test_siphash_is_the_one_python_hashes_bytes_with(library: ctypes.CDLL) -> None:
    """CPython 3.11 and later hash bytes by SipHash-1-3; seed 0 is the zero key."""
    if sys.hash_info.algorithm != "siphash13":
        pytest.fail(f"expected an interpreter with siphash13, got {sys.hash_info.algorithm}")
    script = "print(*(hash(bytes(range(n))) % 2**64 for n in range(1, 30)))"
    printed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
    )
    expected = [int(word) for word in printed.stdout.split()]
    zero = bytes(16)
    assert [library.vc_siphash13(zero, bytes(range(n)), ctypes.c_size_t(n)) for n in range(1, 30)] == expected
