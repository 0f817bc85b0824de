"""Single steps: nanoseconds of the engine's own functions, microseconds of what reaches Python."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.programs import Broken, compiled_library, pinned, subject_cpu
from bench.voice import signalling
from bench.voice.srtp import SrtpPair

_COUNT = 20_000
_STEPS = ("parse", "route", "account", "rewrite", "report", "nack")
_PYTHON_TIMES = 20
_VIEWERS = (1, 10, 30)
_PICTURE_PACKETS = 9
_VIDEO_PACKETS = 2700
_UNCUT = "uncut"

Timed = Callable[[], float]


async def run(plan: Plan, folder: Path) -> Findings:
    """Time every step some rounds; one round of all before the next, so that all see the same machine."""
    return await trio.to_thread.run_sync(_run, plan)


def _run(plan: Plan) -> Findings:
    with pinned(subject_cpu() if plan.is_pinned else None):
        return _rounds(plan.sittings * plan.rounds)


def _rounds(count: int) -> Findings:
    native, python = dict(_native_steps()), dict(_python_steps())
    found: dict[str, list[float]] = {name: [] for name in (*native, *python)}
    for _ in range(count):
        for name, timed in {**native, **python}.items():
            found[name].append(timed())
    uncut = {name: found.pop(f"{name} {_UNCUT}") for name in (*found,) if f"{name} {_UNCUT}" in found}
    return Findings(
        figures=[
            Figure(
                case="micro",
                metric=name,
                unit="ns" if name in native else "µs",
                subject=rounds,
                baseline=uncut.get(name, []),
                against=_UNCUT if name in uncut else "",
            )
            for name, rounds in found.items()
        ]
    )


def _native_steps() -> Iterator[tuple[str, Timed]]:
    """List the C steps; each answers nanoseconds for one."""
    library = ctypes.CDLL(str(compiled_library("micro")))
    pair = SrtpPair()
    for name in ("protect", "unprotect", *_STEPS):
        getattr(library, f"micro_{name}").restype = ctypes.c_uint64

    def each(name: str, spent: int) -> float:
        if spent == 0:
            raise Broken(f"step {name} of the micro case did not do its work")
        return spent / _COUNT

    def protect() -> float:
        words = (pair.protect, pair.tx, ctypes.c_uint(pair.next_number(_COUNT)), ctypes.c_uint(_COUNT))
        return each("protect", library.micro_protect(*words))

    def unprotect() -> float:
        numbers = ctypes.c_uint(pair.next_number(_COUNT)), ctypes.c_uint(_COUNT)
        words = (pair.protect, pair.tx, pair.unprotect, pair.rx, *numbers)
        return each("unprotect", library.micro_unprotect(*words))

    yield "protect", protect
    yield "unprotect", unprotect
    for name in _STEPS:
        step = getattr(library, f"micro_{name}")
        yield name, lambda name=name, step=step: each(name, step(ctypes.c_uint(_COUNT)))  # type: ignore[misc]
    yield from _video_steps(library)


def _video_steps(library: ctypes.CDLL) -> Iterator[tuple[str, Timed]]:
    """List the sending of a packet of video, cut by the kernel and not: a picture is nine packets to each."""
    library.micro_send_video.restype = ctypes.c_uint64

    def send(viewers: int, is_cut: bool) -> float:
        pictures = _VIDEO_PACKETS // _PICTURE_PACKETS // viewers
        spent = library.micro_send_video(*map(ctypes.c_uint, (viewers, is_cut, pictures)))
        if spent == 0:
            raise Broken(f"not all of the micro case's video was sent to {viewers} viewers")
        return float(spent) / _VIDEO_PACKETS

    for viewers in _VIEWERS:
        name = f"send-video-{viewers}"
        yield name, lambda viewers=viewers: send(viewers, True)  # type: ignore[misc]
        yield f"{name} {_UNCUT}", lambda viewers=viewers: send(viewers, False)  # type: ignore[misc]


def _python_steps() -> Iterator[tuple[str, Timed]]:
    """List what reaches Python; each answers microseconds of CPU for one."""
    for name, make in signalling.STEPS.items():
        yield name, lambda make=make: _each_us(make)  # type: ignore[misc]


def _each_us(make: Callable[[], Callable[[], None]]) -> float:
    """Time only what `make` returns, not the making."""
    ready = [make() for _ in range(_PYTHON_TIMES)]
    started = time.thread_time_ns()
    for step in ready:
        step()
    return (time.thread_time_ns() - started) / 1000 / _PYTHON_TIMES
