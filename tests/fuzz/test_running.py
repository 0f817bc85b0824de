"""The fuzzers themselves: what breaks a target is told in full, and no process stays behind."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from tests.fuzz import crew, running, seeds
from tests.fuzz.crew import Crew, Result
from tests.fuzz.running import Run
from tests.fuzz.shadow import Shadow
from tests.fuzz.targets import TARGETS, Target
from tests.support.process import wait_ended
from tests.support.waiting import eventually
from voicechat.errors import Invalid
from voicechat.rtc.negotiation import read_answer


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Callable[[bytes], None]], None]:
    """A target "mine" that does what it is told with its one seed."""
    monkeypatch.setattr(running, "SAVED", tmp_path)

    def add(run: Callable[[bytes], None]) -> None:
        monkeypatch.setitem(TARGETS, "mine", Target([b"seed"], lambda chance, corpus: b"broken", run))

    return add


def test_the_input_that_breaks_a_target_is_shown_and_saved(
    target: Callable[[Callable[[bytes], None]], None], tmp_path: Path
) -> None:
    def refuse(data: bytes) -> None:
        if data != b"seed":
            raise Invalid("no")

    target(refuse)
    with pytest.raises(AssertionError) as told:
        Run("mine", 17).go(1)
    (saved,) = tmp_path.iterdir()
    assert saved.read_bytes() == b"broken"
    for part in ("mine", "seed 17", "Invalid", str(saved), base64.b64encode(b"broken").decode()):
        assert part in str(told.value)


def test_an_input_that_takes_too_long_breaks_a_target(
    target: Callable[[Callable[[bytes], None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLOWEST_S", 0.05)

    def hang(data: bytes) -> None:
        while data == b"broken":
            pass

    target(hang)
    with pytest.raises(AssertionError, match="Hang"):
        Run("mine", 17).go(1)


def test_the_answers_to_begin_with_are_good_ones() -> None:
    for data in seeds.answers(seeds.first_offer()):
        assert read_answer(seeds.first_offer(), data.decode()).slot_mids
    for data in seeds.answers(seeds.grown().offer):
        assert seeds.grown().read(data.decode()).sent


def programs(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    """Let the crew run these instead, one after the other."""
    left = list(scripts)
    monkeypatch.setattr(crew, "command", lambda name, seconds, seed: ["sh", "-c", left.pop(0)])


async def test_a_crew_that_leaves_the_shadow_goes_on_for_the_rest_of_its_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    patient = f"trap 'echo 5 inputs in 0.5 s; exit 0' TERM; touch {begun}; while :; do sleep 0.05; done"
    programs(monkeypatch, patient, "echo 7 inputs in 1.5 s")
    results: list[Result] = []
    working = Crew(2, seed=1, at_once=1, in_shadow=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(working.run, ["stun"], results.append)
        await trio.to_thread.run_sync(eventually, begun.exists, "the program")
        working.step_forward()
    assert results == [Result("stun", inputs=12, spent_s=2.0)]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo trouble; exit 3", "stun ended with 3:\ntrouble"),
        ("echo trouble >&2; kill -ABRT $$", "stun ended with -6:\ntrouble"),
        ("echo trouble", "stun ended with 0:\ntrouble"),
        ("echo 5 inputs in 0.5 s", "stun was to go on for 2.0 s:\n5 inputs in 0.5 s"),
    ],
)
async def test_a_program_that_does_not_do_its_work_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    programs(monkeypatch, script)
    results: list[Result] = []
    await Crew(2, seed=1, at_once=1, in_shadow=False).run(["stun"], results.append)
    assert results[0].problem.strip() == problem


def running_shadow() -> tuple[Shadow, int]:
    """A shadow and the process that fuzzes in it."""
    shadow = Shadow(["stun"], 60, seed=1)
    (child,) = eventually(lambda: children_of(shadow.pid), "a process that fuzzes")
    return shadow, child


def children_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = path.read_text().rpartition(")")[2].split()[1]
            found += [int(path.parent.name)] if parent == str(pid) else []
    return found


async def test_closing_ends_every_process() -> None:
    shadow, child = running_shadow()
    shadow.close()
    with trio.fail_after(60):  # they have hardly any of a busy processor
        await wait_ended(child)


@pytest.mark.parametrize("end", [Shadow.let_go, lambda shadow: os.kill(shadow.pid, signal.SIGTERM)])
async def test_nobody_goes_on_when_who_began_it_is_gone(end: Callable[[Shadow], None]) -> None:
    shadow, child = running_shadow()
    end(shadow)
    with trio.fail_after(60):  # they have hardly any of a busy processor
        await wait_ended(shadow.pid)
        await wait_ended(child)
    shadow.close()


def test_a_process_that_ends_without_a_word_is_a_problem() -> None:
    shadow, _ = running_shadow()
    os.kill(shadow.pid, signal.SIGKILL)
    result = shadow.result("stun")
    shadow.close()
    assert result.problem.startswith("stun: the fuzzers have ended")
