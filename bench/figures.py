"""What a run of the bench found: figures, each with its rounds, and the machine they were found on."""

from __future__ import annotations

from typing import Any

import msgspec

from bench.stats import Summary, median, ratios, summary


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one case: a value for each round.

    The rounds are those of `sittings` sittings one after the other, equally many of each; 0: every round
    stands for itself. `against` says what `baseline` is: "floor" (the plain C fan-out), "quiet" (ourselves
    undisturbed), or empty when there is nothing to compare with. Rounds of the same index were neighbours in
    time.
    """

    case: str
    metric: str
    unit: str
    subject: list[float]
    baseline: list[float] = []
    against: str = ""
    sittings: int = 0

    @property
    def name(self) -> str:
        return f"{self.case} {self.metric}"

    def values(self) -> Summary:
        """Summarise the subject's own rounds."""
        return summary(self.subject)

    def baseline_values(self) -> Summary | None:
        """Summarise the baseline's rounds; None when there is none."""
        return summary(self.baseline) if self.baseline else None

    def ratio(self) -> Summary | None:
        """Summarise subject over baseline, round by round; None when there is nothing to divide by."""
        found = ratios(self.subject, self.baseline) if self.baseline else []
        return summary(found) if found else None

    def by_sitting(self, *, as_ratio: bool) -> list[float]:
        """Return the median of each sitting: of its ratios, or of its values."""
        count = self.sittings or len(self.subject)
        size = len(self.subject) // count
        medians = []
        for start in range(0, size * count, size):
            found = self.subject[start : start + size]
            if as_ratio:
                found = ratios(found, self.baseline[start : start + size])
            if found:
                medians.append(median(found))
        return medians

    def continued(self, more: Figure) -> Figure:
        """Return this figure with the rounds of later sittings added."""
        return msgspec.structs.replace(
            self,
            subject=[*self.subject, *more.subject],
            baseline=[*self.baseline, *more.baseline],
            sittings=self.sittings + more.sittings,
        )


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """How something is distributed: its percentiles over all rounds of a run, for a plot."""

    case: str
    series: str
    unit: str
    percents: list[float]
    values: list[float]


class Findings(msgspec.Struct, kw_only=True):
    """All figures of one run, remarks a reader must know, and the cases that failed, each with its reason."""

    figures: list[Figure] = []
    curves: list[Curve] = []
    remarks: list[str] = []
    failures: list[str] = []

    def add(self, other: Findings) -> None:
        """Take over what another part of the run found."""
        self.figures.extend(other.figures)
        self.curves.extend(other.curves)
        self.remarks.extend(remark for remark in other.remarks if remark not in self.remarks)
        self.failures.extend(other.failures)

    def continue_with(self, more: Findings) -> None:
        """Add later sittings of figures that are here already."""
        later = {figure.name: figure for figure in more.figures}
        self.figures = [
            figure.continued(later[figure.name]) if figure.name in later else figure
            for figure in self.figures
        ]
        self.failures.extend(more.failures)


class Results(msgspec.Struct, kw_only=True):
    """One result file; README.md documents its fields."""

    format: int = 1
    taken_at: str
    plan: dict[str, Any]
    machine: dict[str, Any]
    findings: Findings
    verdicts: list[dict[str, Any]] = []
