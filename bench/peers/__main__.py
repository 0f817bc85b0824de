"""The command line: `python -m bench.peers` (or `make bench-peers`)."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import trio

from bench import machine
from bench.peers import drivers, page
from bench.peers.measure import Values, sit
from bench.peers.peer import About, Peer, Unavailable
from bench.peers.plan import PeersPlan
from bench.peers.rows import Absent, PeersResult, rows
from bench.programs import Broken
from bench.voice.measure import turns

RESULT = machine.ROOT / "bench" / "results" / "peers.json"
_SITTING_S = 240.0  # a server that hangs costs no more than this


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="Measure ours beside others.")
    parser.add_argument("--install", action="store_true", help="fetch and build the other servers, and end")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md from the kept result")
    parser.add_argument("--only", help="servers, by comma", metavar="NAME,NAME")
    parser.add_argument("--sittings", type=int, help="how often each server is started anew")
    parser.add_argument("--seconds", type=float, help="length of a round")
    parser.add_argument("--ramp", help="talkers at once, by comma", metavar="N,N")
    parser.add_argument("--joins", type=int, help="joins to time in each sitting")
    parser.add_argument("--no-pin", action="store_true", help="let the scheduler choose the CPUs")
    parser.add_argument("--remark", action="append", default=[], help="say something in the result")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the result goes")
    return parser


def _plan(arguments: argparse.Namespace) -> PeersPlan:
    changes = {
        "peers": arguments.only and tuple(arguments.only.split(",")),
        "sittings": arguments.sittings,
        "seconds": arguments.seconds,
        "joins": arguments.joins,
        "ramp": arguments.ramp and tuple(int(count) for count in arguments.ramp.split(",")),
        "is_pinned": False if arguments.no_pin else None,
    }
    plan = msgspec.structs.replace(
        PeersPlan(peers=tuple(drivers.ALL)), **{k: v for k, v in changes.items() if v is not None}
    )
    if unknown := set(plan.peers) - set(drivers.ALL):
        raise Broken(f"unknown servers: {', '.join(sorted(unknown))}; there are {', '.join(drivers.ALL)}")
    return plan


def _install(names: Sequence[str]) -> int:
    """Get every server that can be had; say of the others why not."""
    missing = 0
    for name in names:
        try:
            drivers.ALL[name].install()
            print(f"{name}: {drivers.ALL[name].about().version}")
        except (Unavailable, Broken) as problem:
            missing += 1
            print(f"{name}: NOT AVAILABLE: {problem}")
    return 2 if missing else 0


class Run:
    """All sittings of one run; a server that fails is told of and left out from then on."""

    def __init__(self, plan: PeersPlan) -> None:
        self.plan = plan
        self.about: dict[str, About] = {}
        self.absent: list[Absent] = []
        self.found: dict[str, Values] = {}
        self.remarks: list[str] = []

    def present(self) -> list[Peer]:
        """Ask every driver whether its server is here."""
        found = []
        for name in self.plan.peers:
            try:
                self.about[name] = drivers.ALL[name].about()
                found.append(drivers.ALL[name])
            except (Unavailable, Broken) as problem:
                self._miss(name, str(problem))
        return found

    def has_failed(self) -> bool:
        """Say whether a server that is here was not measured every time."""
        return any(absent.sfu in self.about for absent in self.absent)

    async def measure(self, folder: Path) -> None:
        """Do the sittings, in an order that turns."""
        peers = {peer.name: peer for peer in self.present()}
        for number, order in enumerate(turns(list(peers), self.plan.sittings)):
            for name in order:
                started = time.monotonic()
                print(f"{name} …", end=" ", flush=True, file=sys.stderr)
                await self._sit(peers[name], folder / f"{number}-{name}")
                print(f"{time.monotonic() - started:.0f} s", flush=True, file=sys.stderr)

    async def _sit(self, peer: Peer, folder: Path) -> None:
        try:
            with trio.fail_after(_SITTING_S):
                values, remarks = await sit(peer, self.plan, folder)
        except* KeyboardInterrupt:
            raise
        except* Exception as group:  # whatever another server, or its driver, does ends only its own sitting
            self._miss(peer.name, "; ".join(_reasons(group)))
        else:
            kept = self.found.setdefault(peer.name, defaultdict(list))
            for key, found in values.items():
                kept[key].extend(found)
            self.remarks += [remark for remark in remarks if remark not in self.remarks]

    def _miss(self, name: str, reason: str) -> None:
        print(f"{name}: NOT MEASURED: {reason}", file=sys.stderr)
        if Absent(name, reason) not in self.absent:
            self.absent.append(Absent(name, reason))


def _reasons(problem: BaseException) -> list[str]:
    if isinstance(problem, BaseExceptionGroup):
        return [reason for member in problem.exceptions for reason in _reasons(member)]
    return [f"{type(problem).__name__}: {problem}"[:300]]


def _head(run: Run, described: dict[str, Any], contended: int | None) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": described["commit"],
        "machine": {**described, "contended_percent": contended},
        "plan": msgspec.to_builtins(run.plan),
        "configs": {name: msgspec.to_builtins(about) for name, about in run.about.items()},
        "remarks": run.remarks,
    }


async def _measure(plan: PeersPlan, remarks: Sequence[str]) -> tuple[PeersResult, bool]:
    described = machine.describe()
    run = Run(plan)
    run.remarks += remarks
    started_us, waited_us = time.monotonic_ns() // 1000, machine.waited_us()
    with tempfile.TemporaryDirectory(prefix="voicechat-peers-") as folder:
        await run.measure(Path(folder))
    contended = None
    if waited_us is not None:
        spent_us = time.monotonic_ns() // 1000 - started_us
        contended = round(((machine.waited_us() or 0) - waited_us) / spent_us * 100)
    versions = {name: about.version for name, about in run.about.items()}
    result = PeersResult(
        head=_head(run, described, contended), rows=rows(run.found, versions), absent=run.absent
    )
    return result, run.has_failed()


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 2 when a server that is here was not measured, 1 for wrong words."""
    arguments = _parser().parse_args(words)
    try:
        plan = _plan(arguments)
    except Broken as problem:
        print(f"bench.peers: {problem}", file=sys.stderr)
        return 1
    if arguments.page:
        page.write(msgspec.json.decode(RESULT.read_bytes(), type=PeersResult))
        return 0
    if arguments.install:
        return _install(plan.peers)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every client has a socket or two
    try:
        result, has_failed = trio.run(_measure, plan, arguments.remark)
    except* KeyboardInterrupt:  # every server has ended with its block
        print("\nbench.peers: interrupted, nothing is written", file=sys.stderr)
        sys.exit(130)
    arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    written = [arguments.out, *(page.write(result) if arguments.out == RESULT else [])]
    print(f"wrote {', '.join(path.name for path in written)}", file=sys.stderr)
    return 2 if has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
