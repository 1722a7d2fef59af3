"""Trainers side by side: the same exam, several seeds, and a winner only where chance does not explain it.

A column is a folder of runs that differ in their seed alone; each run is a folder with `results.json` and `run/`, as
`.ci/gate` leaves it. A cell is the mean over the seeds with its 95 % interval. What a mean is uncertain by has two
sources: each seed trains another adapter, and the exam, which is the same for all of them, has so many cases and no
more. Their variances are added, with the degrees of freedom of F. E. Satterthwaite (Biometrics Bulletin 2, 1946). A
figure is marked as the best of its row only if the t-test of B. L. Welch (Biometrika 34, 1947) tells it from every
other column at 5 %.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import UserError
from fixtures.reading.strict import read_json
from reports.criteria import CRITERIA, Cost, Criterion, Figure
from suite.outcome import Interval, Results
from suite.results import file as results_file

LEVEL = 0.95
FEWEST_SEEDS = 3
"""Below this a cell has no interval worth the name, and nothing is marked as the best."""


@dataclass(frozen=True, slots=True)
class Run:
    """One seed of one trainer: what the gate said of it, and what training took."""

    results: Results
    cost: Cost


@dataclass(frozen=True, slots=True)
class Column:
    """All runs of one trainer."""

    name: str
    runs: tuple[Run, ...]

    def figures(self, criterion: Criterion) -> list[Figure]:
        """The criterion's figure of each run that has it."""
        found = [criterion.figure(run.results, run.cost) for run in self.runs]
        return [figure for figure in found if figure is not None]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over seeds; `variances` are those of its independent sources, each with its degrees of freedom."""

    value: float
    variances: tuple[tuple[float, int], ...] = ()

    @property
    def interval(self) -> Interval:
        """At `LEVEL`; equal bounds where nothing varies."""
        reach = _reach(self.variances)
        return Interval(self.value, self.value - reach, self.value + reach, LEVEL)


def read_column(folder: Path) -> Column:
    """The runs in a folder; raises UserError if there are none, or one of them cannot be read."""
    if not folder.is_dir():
        raise UserError(str(folder), "there is no such folder", allowed="a folder whose subfolders are runs")
    places = sorted(file.parent for file in folder.glob("*/results.json"))
    if not places:
        raise UserError(
            str(folder),
            "no run in it: a run is a subfolder with results.json",
            hint="tox run -e matrix makes them, or .ci/gate BACKEND FOLDER/SEED",
        )
    return Column(folder.name, tuple(Run(results_file.read(p / "results.json"), read_cost(p / "run")) for p in places))


def read_cost(run: Path) -> Cost:
    """What a run's cost.json says; nothing where there is none. Raises UserError if it is no such file."""
    file = run / "cost.json"
    if not file.exists():
        return {}
    try:
        return {str(key): float(value) for key, value in read_json(file).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(str(file), f"it cannot be read: {error}", allowed="numbers by name, as train writes") from None


def check_comparable(columns: Sequence[Column]) -> None:
    """Raise UserError unless all runs sat the same exam: base, format, catalogs, draws and budget."""
    first = columns[0].runs[0].results
    for column in columns:
        for run in column.runs:
            for told, one, other in _exam(first, run.results):
                if one != other:
                    raise UserError(
                        column.name,
                        f"its runs had another exam: {told} is {other}, not {one} as in {columns[0].name}",
                        hint="gate all runs with the same options",
                    )


def _exam(a: Results, b: Results) -> list[tuple[str, object, object]]:
    return [
        ("the base", a.identity.base_digest, b.identity.base_digest),
        ("the format", a.identity.format, b.identity.format),
        ("the catalogs", dict(a.catalogs), dict(b.catalogs)),
        ("the share of made-up catalogs", a.made_up_percent, b.made_up_percent),
        ("the share of catalogs as deployed", a.as_deployed_percent, b.as_deployed_percent),
        ("the seed", a.seed, b.seed),
        ("the budget", a.budget, b.budget),
        ("that it went to the end", a.to_the_end, b.to_the_end),
    ]


def mean_of(figures: Sequence[Figure]) -> Mean:
    """The mean of at least one figure. More seeds make it surer of the training, not of the exam that all sat."""
    values = [figure.value for figure in figures]
    variances = [(statistics.variance(values) / len(values), len(values) - 1)] if len(values) > 1 else []
    cases = min(figure.cases for figure in figures)
    if cases > 1:
        variances.append((statistics.fmean(figure.error**2 for figure in figures), cases - 1))
    return Mean(statistics.fmean(values), tuple(variances))


def _reach(variances: Sequence[tuple[float, int]]) -> float:
    """How far a sum of estimates with these independent variances may be off at `LEVEL`."""
    from scipy.stats import t

    whole = sum(variance for variance, _ in variances)
    if whole <= 0:
        return 0.0
    freedom = whole**2 / sum(variance**2 / degrees for variance, degrees in variances)
    return float(t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(whole)


def best(criterion: Criterion, columns: Sequence[Column]) -> str | None:
    """The column that is better than every other one beyond chance, if there is one."""
    known = [(column.name, column.figures(criterion)) for column in columns]
    means = {name: mean_of(figures) for name, figures in known if len(figures) >= FEWEST_SEEDS}
    if len(means) < 2:
        return None
    first, *others = sorted(means, key=lambda name: means[name].value, reverse=not criterion.lower_is_better)
    return first if all(differs(means[first], means[other]) for other in others) else None


def differs(one: Mean, other: Mean) -> bool:
    """Whether Welch's t-test tells the two means apart; those that never vary differ if they are not equal."""
    return abs(one.value - other.value) > _reach(one.variances + other.variances)


def cell(criterion: Criterion, column: Column, winner: str | None) -> str:
    """Mean and interval as text; a dash where no run has the figure."""
    figures = column.figures(criterion)
    if not figures:
        return "-"
    interval = mean_of(figures).interval
    told = criterion.text(interval.estimate)
    if column.name == winner:
        told = f"**{told}**"
    if len(figures) < FEWEST_SEEDS:
        return told
    low = max(0.0, interval.low)
    high = min(1.0, interval.high) if criterion.percent else interval.high
    return f"{told} ({criterion.text(low)} to {criterion.text(high)})"


def table(columns: Sequence[Column]) -> str:
    """The comparison as a Markdown table, with a line that says how to read it."""
    heads = ["criterion", *(f"{c.name} ({len(c.runs)} seeds)" for c in columns)]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for criterion in CRITERIA:
        if any(column.figures(criterion) for column in columns):
            winner = best(criterion, columns)
            direction = "lower is better" if criterion.lower_is_better else "higher is better"
            cells = [f"{criterion.name} ({direction})", *(cell(criterion, column, winner) for column in columns)]
            lines.append(f"| {' | '.join(cells)} |")
    note = (
        "Means over the seeds with 95 % intervals, of training and of the exam's cases (t); bold: better than every"
        " other column beyond chance (Welch's t-test, 5 %)."
    )
    return "\n".join(lines) + f"\n\n{note}\n"
