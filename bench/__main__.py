"""The command line: `python -m bench` (or `make bench`, `make bench-guard`)."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import trio

from bench import guard, history, machine, report
from bench.cases import (
    busy,
    capacity,
    chat,
    drift,
    flood,
    forward,
    join,
    loss,
    memory,
    micro,
    mouth,
    rooms,
    video,
)
from bench.figures import Findings, Results
from bench.gates import verdicts
from bench.plan import FULL, GUARD, Plan
from bench.plots import plots
from bench.programs import Broken

RESULTS = Path(__file__).parent / "results"
HISTORY = RESULTS / "history.json"

Case = Callable[[Plan, Path], Awaitable[Findings]]
CASES: dict[str, Case] = {
    "memory": memory.run,
    "micro": micro.run,
    "forward": forward.run,
    "rooms": rooms.run,
    "capacity": capacity.run,
    "busy": busy.run,
    "flood": flood.run,
    "loss": loss.run,
    "drift": drift.run,
    "video": video.run,
    "chat": chat.run,
    "join": join.run,
    "mouth": mouth.run,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure voice and chat.")
    parser.add_argument("--guard", action="store_true", help="short run; exit 1 when a gate is broken")
    parser.add_argument("--only", help="cases to run, by comma", metavar="CASE,CASE")
    parser.add_argument("--rooms", help="sizes of rooms, by comma", metavar="N,N")
    parser.add_argument("--rounds", type=int, help="rounds of each sitting")
    parser.add_argument("--sittings", type=int, help="how often the processes are started anew")
    parser.add_argument("--seconds", type=float, help="length of one side's part of a round")
    parser.add_argument("--hours", type=float, help="length of the drift case, in the room's time")
    parser.add_argument("--no-pin", action="store_true", help="let the scheduler choose the CPUs")
    parser.add_argument("--remark", action="append", default=[], help="say something in the result")
    parser.add_argument("--keep", action="store_true", help="make it the latest: page, plots, history")
    parser.add_argument("--against", type=Path, help="compare with an older result file", metavar="FILE")
    return parser


def _plan(arguments: argparse.Namespace) -> Plan:
    plan = GUARD if arguments.guard else FULL
    changes = {
        "cases": arguments.only and tuple(arguments.only.split(",")),
        "rooms": arguments.rooms and tuple(int(size) for size in arguments.rooms.split(",")),
        "sittings": arguments.sittings,
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
        "drift_hours": arguments.hours,
        "is_pinned": False if arguments.no_pin else None,
    }
    plan = msgspec.structs.replace(plan, **{k: v for k, v in changes.items() if v is not None})
    if unknown := set(plan.cases) - set(CASES):
        raise Broken(f"unknown cases: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    return plan


async def _measure(plan: Plan, remarks: Sequence[str], is_guard: bool) -> Results:
    described = machine.describe()
    started_us, waited_us = time.monotonic_ns() // 1000, machine.waited_us()
    findings = Findings(remarks=list(remarks))
    with tempfile.TemporaryDirectory(prefix="voicechat-bench-") as folder:
        findings.add(await _cases(plan, Path(folder)))
        if is_guard:
            again = partial(_cases, folder=Path(folder))
            await guard.confirm(findings, plan, again, started_s=started_us / 1e6)
    if waited_us is not None:
        spent_us = time.monotonic_ns() // 1000 - started_us
        described["contended_percent"] = round(((machine.waited_us() or 0) - waited_us) / spent_us * 100)
    return Results(
        taken_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        plan=msgspec.to_builtins(plan),
        machine=described,
        findings=findings,
        verdicts=[verdict.as_dict() for verdict in verdicts(findings.figures)],
    )


async def _cases(plan: Plan, folder: Path) -> Findings:
    """Run the plan's cases one after the other."""
    findings = Findings()
    for name in plan.cases:
        started = time.monotonic()
        print(f"{name} …", end=" ", flush=True, file=sys.stderr)
        findings.add(await _one(name, plan, folder))
        print(f"{time.monotonic() - started:.0f} s", flush=True, file=sys.stderr)
    return findings


async def _one(name: str, plan: Plan, folder: Path) -> Findings:
    """Run one case; what stops it is told and remembered, and the other cases are still measured."""
    findings = Findings()
    try:
        findings.add(await CASES[name](plan, folder))
    except* (Broken, AssertionError) as group:
        reasons = "; ".join(str(problem) for problem in _leaves(group))
        findings.failures.append(f"{name}: {reasons}")
    return findings


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """List the exceptions that nested groups carry."""
    for member in group.exceptions:
        if isinstance(member, BaseExceptionGroup):
            yield from _leaves(member)
        else:
            yield member


def _keep(results: Results) -> None:
    """Make a result the latest: its row in the history, its file, its page and its plots."""
    history.append(HISTORY, history.row_of(results))
    drawn = plots(results, history.read(HISTORY))
    (RESULTS / "plots").mkdir(exist_ok=True)
    for plot in drawn:
        (RESULTS / "plots" / plot.name).write_text(plot.svg, encoding="utf-8")
    (RESULTS / "latest.md").write_text(report.markdown(results, drawn), encoding="utf-8")
    _write(results, RESULTS / "latest.json")


def _write(results: Results, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    print(f"wrote {path.relative_to(machine.ROOT)}", file=sys.stderr)


def _guard(results: Results) -> int:
    judged = guard.judged(results.findings)
    print(report.gate_table(judged))
    for remark in results.findings.remarks:
        print(f"- {remark}")
    broken = guard.complaints(judged, history.read(HISTORY))
    for complaint in broken:
        print(complaint, file=sys.stderr)
    return 1 if broken else 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 1 for a broken gate, 2 when something could not be measured."""
    arguments = _parser().parse_args(words)
    try:
        plan = _plan(arguments)
    except Broken as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    results = trio.run(_measure, plan, arguments.remark, arguments.guard)
    for failure in results.findings.failures:
        print(f"NOT MEASURED {failure}", file=sys.stderr)
    code = _guard(results) if arguments.guard else _tell(results, arguments)
    return code or (2 if results.findings.failures else 0)


def _tell(results: Results, arguments: argparse.Namespace) -> int:
    print(report.markdown(results))
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    _write(results, RESULTS / f"{day}-{results.machine['commit']}.json")
    if arguments.keep:
        _keep(results)
    if arguments.against is not None:
        before = msgspec.json.decode(arguments.against.read_bytes(), type=Results)
        print(report.comparison(before, results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
