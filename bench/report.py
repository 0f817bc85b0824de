"""Results as text: Markdown tables for people, and the comparison of two result files (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.figures import Figure, Results
from bench.gates import Verdict, verdicts
from bench.plots import Plot
from bench.stats import Summary

_STATES = {
    "aim": "aim met",
    "gate": "within the gate",
    "noise": "beyond, within noise",
    "broken": "**broken**",
}


def markdown(results: Results, drawn: Sequence[Plot] = ()) -> str:
    """Return the whole result as a Markdown page; `drawn` are beside it in the folder `plots`."""
    parts = [
        "# Bench results",
        "Made by `make bench`; [README.md](../README.md) says how to read them. Ratios compare neighbours "
        "in one run and are what counts; absolute figures belong to this machine.",
        machine_lines(results),
        "## Gates",
        gate_table(verdicts(results.findings.figures)),
        *(f"![{plot.says}](plots/{plot.name})" for plot in drawn),
        "## Figures",
        "Medians of the rounds ± the distance of their quartiles.",
    ]
    for case, figures in groupby(results.findings.figures, key=lambda figure: figure.case):
        parts += [f"### {case}", figure_table(list(figures))]
    return "\n\n".join(parts) + "\n"


def machine_lines(results: Results) -> str:
    """Say where, when and with what the figures were taken."""
    machine = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    modified = " with local changes" if machine["is_modified"] else ""
    load = ", ".join(f"{value:.2f}" for value in machine["load_before"])
    gaps = machine["gaps"]
    contended = machine.get("contended_percent")
    waiting = "" if contended is None else f", tasks waited for a CPU {contended} % of the run"
    lines = [
        f"- {results.taken_at}, commit {machine['commit']}{modified}",
        f"- {machine['cpu']}, {machine['cores']} cores, {machine['system']}, Linux {machine['kernel']}; "
        f"load before the run {load}{waiting}",
        f"- A loop that nothing in this machine may interrupt was kept from running {gaps['percent']} % of "
        f"the time, {gaps['longest_ms']} ms at the longest",
        f"- Python {machine['python']}, {machine['compiler']}, {machine['srtp']}, {packages}",
        *(f"- {remark}" for remark in results.findings.remarks),
        *(f"- Not measured: {failure}" for failure in results.findings.failures),
    ]
    return "\n".join(lines)


def gate_table(judged: Iterable[Verdict]) -> str:
    """Return what each gate says."""
    rows = [
        (
            verdict.gate.says,
            _with_spread(verdict.found),
            f"≤ {verdict.gate.limit:g}",
            f"≤ {verdict.gate.aim:g}",
            _STATES[verdict.state],
        )
        for verdict in judged
    ]
    return _table(("figure", "found", "gate", "aim", "verdict"), rows)


def figure_table(figures: Sequence[Figure]) -> str:
    """Return the figures of one case."""
    against = next((figure.against for figure in figures if figure.against), "")
    rows = []
    for figure in figures:
        baseline, ratio = figure.baseline_values(), figure.ratio()
        row = [f"{figure.metric}, {figure.unit}", _with_spread(figure.values())]
        if against:
            row += [_with_spread(found) if found else "" for found in (baseline, ratio)]
        rows.append(row)
    heads = ["metric", "ours", *([against, "ratio"] if against else [])]
    return _table(heads, rows)


def comparison(before: Results, after: Results) -> str:
    """Return a table of the figures two runs share: ratios where there are any, else values."""
    old = {(figure.case, figure.metric): figure for figure in before.findings.figures}
    rows = []
    for figure in after.findings.figures:
        other = old.get((figure.case, figure.metric))
        if other is None:
            continue
        now, then = _comparable(figure), _comparable(other)
        apart = abs(now.median - then.median)
        says = "same within noise" if apart <= max(now.spread, then.spread) else f"{_change(then, now)}"
        rows.append((figure.name, _with_spread(then), _with_spread(now), says))
    heads = ("figure", before.machine["commit"], after.machine["commit"], "change")
    return _table(heads, rows)


def _comparable(figure: Figure) -> Summary:
    return figure.ratio() or figure.values()


def _change(then: Summary, now: Summary) -> str:
    return f"{(now.median / then.median - 1) * 100:+.0f} %" if then.median else "new"


def _with_spread(found: Summary) -> str:
    return f"{number(found.median)} ± {number(found.spread)}" if found.spread else number(found.median)


def number(value: float) -> str:
    """Write a number with about three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
