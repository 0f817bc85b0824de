"""docs/benchmarks.md and its pictures, written from a result file (pure but for `write`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import ROOT
from bench.peers import charts
from bench.peers.charts import short
from bench.peers.plan import SCENARIOS
from bench.peers.rows import FLOOR, OURS, PeersResult, Row

PAGE = ROOT / "docs" / "benchmarks.md"
_PICTURES = ROOT / "docs" / "benchmarks"
_MORE_IS_BETTER = {"capacity"}
_QUIET_LOAD = 0.7  # tasks that ran before the run began
_NOTICEABLE = 0.9  # of ours; nearer than that is a draw

_LABELS = {
    "delay-p50": "added delay p50, µs",
    "delay-p99": "added delay p99, µs",
    "delay-p99.9": "added delay p99.9, µs",
    "cpu-per-forward": "CPU per forwarded packet, µs",
    "cpu-percent": "CPU, % of one",
    "loss": "lost in the server, %",
    "memory-per-peer": "memory per peer, KiB",
    "join-to-first-audio": "join to first audio, ms",
    "capacity": "capacity, forwards/s",
}
_COSTS = (
    ("rooms-of-10", "capacity", "Capacity on one CPU: forwarded packets a second (more is better)"),
    ("1-to-50", "cpu-per-forward", "1-to-50: CPU per forwarded packet, µs, all processes"),
    ("room-of-10", "cpu-per-forward", "room-of-10: CPU per forwarded packet, µs, all processes"),
    ("1-to-50", "memory-per-peer", "Memory for one more listener, KiB"),
    ("1-to-1", "join-to-first-audio", "From asking to join to the first audio, ms"),
)

_METHOD = """\
One load generator stands in for everybody's clients: it is the same program, the same DTLS-SRTP client
(profile AES-128-GCM), 50 packets a second of 120 bytes from each talker, with the level extension. Python
does the signalling, the checks and the handshakes as each server's own client would; then a C program
sends packets encrypted beforehand from the very same sockets. A send is stamped just before the system
call, an arrival by the kernel; every packet that arrives is decrypted and matched with its sending. All
servers run on this machine, one after the other, each started anew in each of {sittings} sitting(s), in an
order that turns; what is
measured has one CPU for itself, the load generator the other. Figures are medians of {rounds} rounds of
{seconds:g} s.

- **Added delay** is from the talker's `sendto` to the listener's socket, so it holds the kernel's own
  time; *floor*, a plain C program that copies packets without any crypto, shows how much that is.
- **CPU** is that of all processes of the server, databases included, while packets flow, and idle work
  too.
- **Capacity** is the most forwarded packets a second (rooms of ten in which everybody talks) with a p99
  of at most {p99:g} ms and at most {loss:g} % lost. It says what one CPU carries, not how a server
  spreads over many.
- **Memory** is how the proportional set size grew for fifty listeners who joined one talker, divided.
- **Join** begins when the client asks to join, with the signalling connection open where the server's own
  client keeps one open (ours, Janus, aiortc), and with opening it where joining means just that (LiveKit,
  Mumble). Packets come every 20 ms, so 10 ms of it are waiting, on average."""

_LIMITS = """\
## What this does not show

One machine with two CPUs, loopback, audio only, no loss on the way, clients that send no receiver
reports, rounds of seconds. Servers made for many cores or many machines (LiveKit above all) cannot show
that here. Congestion control, recovery from loss and how it sounds in the end are measured elsewhere
([bench/README.md](../bench/README.md)), for ours alone. Absolute figures belong to this machine; ratios
travel better, and not far.

## Run it yourself

```sh
python -m bench.peers --install   # the others, into ~/.cache/voicechat-bench; no root needed
python -m bench.peers             # measures; writes bench/results/peers.json and this page
```

Debian packages are unpacked there, not installed; LiveKit is built with Go where Go is installed; aiortc
gets a Python environment of its own."""


def write(result: PeersResult) -> list[Path]:
    """Write the page and its pictures; return their paths."""
    _PICTURES.mkdir(exist_ok=True)
    texts = {
        PAGE: markdown(result),
        _PICTURES / "delay.svg": charts.delays(result.rows, [scenario.name for scenario in SCENARIOS]),
        _PICTURES / "costs.svg": charts.costs(result.rows, _COSTS),
    }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def markdown(result: PeersResult) -> str:
    """Return the page."""
    head, plan = result.head, result.head["plan"]
    method = _METHOD.format(
        sittings=plan["sittings"],
        rounds=plan["sittings"] * plan["rounds"],
        seconds=plan["seconds"],
        p99=plan["p99_at_most_us"] / 1000,
        loss=plan["loss_at_most"] * 100,
    )
    parts = [
        "# Beside other servers",
        "<!-- Written by python -m bench.peers from bench/results/peers.json. -->",
        f"{head['date']}, commit {head['commit']}. {_machine(head['machine'])}",
        _warning(head["machine"]),
        _absent(result),
        "![Added one-way delay of each server](benchmarks/delay.svg)",
        "![Capacity, CPU, memory and join time of each server](benchmarks/costs.svg)",
        *_tables(result.rows),
        "In brackets: the other server's figure divided by ours.",
        "## Where we lose",
        losses(result.rows),
        "## What was measured",
        _servers(head["configs"]),
        "## How",
        method,
        _remarks(head["remarks"]),
        _LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def losses(rows: Sequence[Row]) -> str:
    """List every figure at which another server is noticeably better than ours."""
    found = [row for row in rows if row.sfu not in (OURS, FLOOR) and _beats_ours(row)]
    if not found:
        return "At none of these figures is another server better than ours by a tenth or more."
    lines = [
        f"- {row.scenario}, {_LABELS[row.metric]}: {row.sfu} has {short(row.value)}, {_factor(row)} ours"
        for row in found
    ]
    return "\n".join(["Figures at which another server is better than ours by a tenth or more:", "", *lines])


def _beats_ours(row: Row) -> bool:
    if row.ratio_to_ours is None:
        return False
    if row.metric in _MORE_IS_BETTER:
        return row.ratio_to_ours > 1 / _NOTICEABLE
    return row.ratio_to_ours < _NOTICEABLE


def _factor(row: Row) -> str:
    return f"{row.ratio_to_ours:.2f} ×" if row.ratio_to_ours is not None else ""


def _tables(rows: Sequence[Row]) -> list[str]:
    """One table for each scenario: figures down, servers across."""
    servers = list(dict.fromkeys(row.sfu for row in rows))
    parts = []
    for scenario in dict.fromkeys(row.scenario for row in rows):
        found = {(row.metric, row.sfu): row for row in rows if row.scenario == scenario}
        present = [name for name in servers if any(sfu == name for _, sfu in found)]
        lines = [f"### {scenario}", "", f"| | {' | '.join(present)} |", "|---|" + "---:|" * len(present)]
        for metric in dict.fromkeys(metric for metric, _ in found):
            cells = [_cell(found.get((metric, name))) for name in present]
            lines.append(f"| {_LABELS[metric]} | {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    return parts


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.sfu == OURS or row.ratio_to_ours is None:
        return short(row.value)
    return f"{short(row.value)} ({short(row.ratio_to_ours)})"


def _servers(configs: dict[str, Any]) -> str:
    lines = [
        "| server | version | settings | media | does more, or needs to be known |",
        "|---|---|---|---|---|",
    ]
    for name, about in configs.items():
        more = "; ".join(filter(None, [about["does_more"], *about["remarks"]]))
        lines.append(f"| {name} | {about['version']} | {about['config']} | {about['protocol']} | {more} |")
    return "\n".join(lines)


def _absent(result: PeersResult) -> str:
    lines = [f"- **{absent.sfu}**: {absent.reason}" for absent in result.absent]
    return "\n".join(["Not measured, or not every time:", "", *lines]) if lines else ""


def _remarks(remarks: Sequence[str]) -> str:
    return "\n".join(["Remarks of the run:", "", *(f"- {remark}" for remark in remarks)]) if remarks else ""


def _warning(machine: dict[str, Any]) -> str:
    """Say so when others used the machine: a starved server is not a slow one."""
    load = machine["load_before"][0]
    if load <= _QUIET_LOAD:
        return ""
    return (
        f"> **Not a fair comparison yet.** The machine was busy with other work (load {load:g} before the "
        "run), which takes CPU from every server, and most from those without real-time scheduling. Medians "
        "and CPU times tell something; tails, join times and capacities of this run do not."
    )


def _machine(machine: dict[str, Any]) -> str:
    told = f"{machine['cpu']}, {machine['cores']} CPUs, Linux {machine['kernel']}, {machine['system']}"
    contended = machine.get("contended_percent")
    if contended is None:
        return f"{told}."
    return f"{told}; some task waited for a CPU during {contended} % of the run."
