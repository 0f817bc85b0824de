"""One server in one sitting: the scenarios, the joins, the memory, and how much it carries."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import trio

from bench.peers.exchange import Exchange, open_exchange
from bench.peers.joining import talking
from bench.peers.legs import Leg, Room
from bench.peers.peer import Peer, Running
from bench.peers.plan import ROOM_OF_CAPACITY, SCENARIOS, PeersPlan, Scenario
from bench.peers.processes import Meter, memory_bytes, tree
from bench.peers.traffic import Heard, Voice, run_traffic
from bench.programs import Broken, load_cpu, subject_cpu
from bench.voice.room import INTERVAL_US

_SETTLE_S = 0.3  # what a join sets off is over
_LATE_SENDS_AT_MOST = 0.02  # of all sends; above it the load is not quite the one that was asked for
_HEARS_WITHIN_S = 15.0

Values = dict[tuple[str, str], list[float]]
"""What was found, by (scenario, metric)."""


@dataclass
class Sitting:
    """One started server with its clients; `values` and `remarks` fill as it goes."""

    peer: Peer
    server: Running
    exchange: Exchange
    plan: PeersPlan
    folder: Path
    values: Values
    remarks: list[str]

    async def measure(self) -> None:
        """Do everything, the joins after the first scenario, the ramp last."""
        for scenario in SCENARIOS:
            before = memory_bytes(tree(self.server.pid)) if self.server.pid else 0
            room = await self.server.open_room(scenario.name, scenario.talkers, scenario.listeners)
            await trio.sleep(_SETTLE_S)
            grown = memory_bytes(tree(self.server.pid)) - before
            await self._scenario(scenario, room)
            if self.peer.name != "floor":
                if scenario is SCENARIOS[0]:
                    await self._joins(room)
                if scenario is SCENARIOS[-1]:  # the most people, and what starts up once is up already
                    self._note(scenario.name, "memory-per-peer", grown / len(room.members) / 1024)
        if self.peer.name != "floor":
            await self._ramp()

    def _note(self, scenario: str, metric: str, value: float) -> None:
        self.values[scenario, metric].append(value)

    async def _run(self, voice: Voice, seconds: float) -> Heard:
        """Let people talk; return what was heard and what it cost."""
        heard = await run_traffic(
            self.exchange,
            voice,
            seconds,
            self.folder,
            cpu=load_cpu() if self.plan.is_pinned else None,
            weigh=Meter(self.server.pid).total_ns,
        )
        if heard.late_sends > _LATE_SENDS_AT_MOST * heard.sends:
            told = f"{heard.late_sends} of {heard.sends} packets of one run"
            self.remarks.append(f"{self.peer.name}: the load generator itself sent {told} over 1 ms late")
        return heard

    async def _scenario(self, scenario: Scenario, room: Room) -> None:
        voice = Voice.of([room])
        await self._run(voice, 0.4)  # first packets, lazily made state
        for _ in range(self.plan.rounds):
            heard = await self._run(voice, self.plan.seconds)
            if not heard.arrived:
                raise Broken(f"{scenario.name}: nobody heard anything")
            for metric, percent in (("delay-p50", 50.0), ("delay-p99", 99.0), ("delay-p99.9", 99.9)):
                self._note(scenario.name, metric, heard.percentile_us(percent))
            if scenario is SCENARIOS[0]:  # hardly a packet: it is what the server does anyhow
                spent = heard.cpu_us / (heard.due * INTERVAL_US) * 100
                self._note(scenario.name, "cpu-percent", spent)
            else:
                self._note(scenario.name, "cpu-per-forward", heard.cpu_per_forward_us)
            self._note(scenario.name, "loss", heard.loss * 100)

    async def _joins(self, room: Room) -> None:
        talker = Voice.of([room]).talkers[0]
        async with talking([talker]):
            for _ in range(self.plan.joins + 1):
                started = time.perf_counter()
                member = await self.server.join(room)
                assert member.listens is not None
                heard_s = await _first_audio_s(member.listens)
                self._note("1-to-1", "join-to-first-audio", (heard_s - started) * 1000)
                await self.server.leave(room, member)
                await trio.sleep(_SETTLE_S)
        del self.values["1-to-1", "join-to-first-audio"][-(self.plan.joins + 1)]  # the first finds all cold

    # ---- capacity -----------------------------------------------------------------------------------

    async def _ramp(self) -> None:
        """Let more and more rooms of ten talk until it is too much; then look once between the last two."""
        rooms: list[Room] = []
        carried, cpu_us, refused = 0, 0.0, 0
        for talkers in self.plan.ramp:
            found = await self._carries(rooms, talkers)
            if found is None:
                refused = talkers
                break
            carried, cpu_us = talkers, found
        middle = (carried + refused) // 2
        if refused and carried < middle < refused:
            found = await self._carries(rooms, middle)
            carried, cpu_us = (carried, cpu_us) if found is None else (middle, found)
        forwards = carried * (ROOM_OF_CAPACITY - 1) * 1_000_000 // INTERVAL_US
        self._note("rooms-of-10", "capacity", float(forwards))
        if carried:
            self._note("rooms-of-10", "cpu-per-forward", cpu_us)
        if not refused:
            self.remarks.append(
                f"{self.peer.name}: carried the whole ramp ({forwards} forwards/s), so at least that"
            )

    async def _carries(self, rooms: list[Room], talkers: int) -> float | None:
        """Return the CPU per forward if `talkers` are carried within the limits, tried twice; None if not."""
        while len(rooms) * ROOM_OF_CAPACITY < talkers:
            rooms.append(await self.server.open_room(f"ramp-{len(rooms)}", ROOM_OF_CAPACITY, 0))
        await trio.sleep(_SETTLE_S)
        for _ in range(2):
            heard = await self._run(Voice.of(rooms, talkers), self.plan.ramp_seconds)
            if self._is_good(heard):
                return heard.cpu_per_forward_us
        return None

    def _is_good(self, heard: Heard) -> bool:
        return heard.percentile_us(99) <= self.plan.p99_at_most_us and heard.loss <= self.plan.loss_at_most


async def _first_audio_s(leg: Leg) -> float:
    with trio.move_on_after(_HEARS_WITHIN_S):
        while leg.first_audio_s is None:  # noqa: ASYNC110  a leg knows no events
            await trio.sleep(0.0005)
        return leg.first_audio_s
    raise Broken("somebody who joined late heard nobody")


async def sit(peer: Peer, plan: PeersPlan, folder: Path) -> tuple[Values, list[str]]:
    """Start one server, measure it and end it; return what was found, and remarks."""
    values: Values = defaultdict(list)
    remarks: list[str] = []
    await trio.Path(folder).mkdir(parents=True)
    async with open_exchange() as exchange:
        cpu = subject_cpu() if plan.is_pinned else None
        async with peer.open(exchange, folder, cpu) as server:
            await Sitting(peer, server, exchange, plan, folder, values, remarks).measure()
    return values, remarks
