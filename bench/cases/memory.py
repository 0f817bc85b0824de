"""Memory: what the engine allocates for one more connected peer."""

from __future__ import annotations

from pathlib import Path

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.voice.engine import open_engine
from bench.voice.room import Client

_NOBODY_LISTENS = 9  # discard: the peers are never sent anything


async def run(plan: Plan, folder: Path) -> Findings:
    """Ask the engine; a count of bytes needs no rounds."""
    clients = [Client(_NOBODY_LISTENS + index, index) for index in range(2)]
    async with open_engine(clients, is_pinned=plan.is_pinned) as engine:
        value = float(engine.bytes_per_peer)
    return Findings(figures=[Figure(case="memory", metric="bytes-per-peer", unit="bytes", subject=[value])])
