"""Trainers side by side: the same exam, several seeds, and a winner only where chance does not explain it.

A column is a folder of runs that differ in their seed alone; each run is a folder with `results.json` and `run/`, as
`.ci/gate` leaves it. A cell is the mean over the seeds with its 95 % interval by Student's t. A figure is marked as
the best of its row only if Welch's t-test tells it from every other column at 5 % (B. L. Welch, Biometrika 34, 1947).
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import UserError
from reports.criteria import CRITERIA, Cost, Criterion
from suite import results as results_file
from suite.outcome import Interval, Results

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

    def values(self, criterion: Criterion) -> list[float]:
        """The criterion's figure of each run that has it."""
        found = [criterion.figure(run.results, run.cost) for run in self.runs]
        return [value for value in found if value is not None]


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
        found = json.loads(file.read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(str(file), f"it cannot be read: {error}", allowed="numbers by name, as train writes") from None


def check_comparable(columns: Sequence[Column]) -> None:
    """Raise UserError unless all runs sat the same exam: base, format, catalogs, seed, budget and end of the gate."""
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
        ("the seed", a.seed, b.seed),
        ("the budget", a.budget, b.budget),
        ("that it went to the end", a.to_the_end, b.to_the_end),
    ]


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """The mean with its two-sided interval by Student's t; without an interval (equal bounds) for a single value."""
    from scipy.stats import t

    mean = statistics.fmean(values)
    if len(values) < 2:
        return Interval(mean, mean, mean, level)
    reach = float(t.ppf((1 + level) / 2, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach, level)


def best(criterion: Criterion, columns: Sequence[Column]) -> str | None:
    """The column that is better than every other one beyond chance, if there is one."""
    known = [(column.name, column.values(criterion)) for column in columns]
    known = [(name, values) for name, values in known if len(values) >= FEWEST_SEEDS]
    if len(known) < 2:
        return None
    ordered = sorted(known, key=lambda pair: statistics.fmean(pair[1]), reverse=not criterion.lower_is_better)
    (name, values), *others = ordered
    return name if all(differs(values, other) for _, other in others) else None


def differs(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether Welch's t-test tells the two means apart; values that never vary differ if they are not equal."""
    from scipy.stats import ttest_ind

    if len({*one}) == 1 and len({*other}) == 1:
        return one[0] != other[0]
    return bool(ttest_ind(one, other, equal_var=False).pvalue < 1 - LEVEL)


def cell(criterion: Criterion, column: Column, winner: str | None) -> str:
    """Mean and interval as text; a dash where no run has the figure."""
    values = column.values(criterion)
    if not values:
        return "-"
    interval = mean_interval(values)
    told = criterion.text(interval.estimate)
    if column.name == winner:
        told = f"**{told}**"
    if len(values) < FEWEST_SEEDS:
        return told
    low = max(0.0, interval.low)
    high = min(1.0, interval.high) if criterion.percent else interval.high
    return f"{told} ({criterion.text(low)} to {criterion.text(high)})"


def table(columns: Sequence[Column]) -> str:
    """The comparison as a Markdown table, with a line that says how to read it."""
    heads = ["criterion", *(f"{c.name} ({len(c.runs)} seeds)" for c in columns)]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for criterion in CRITERIA:
        if any(column.values(criterion) for column in columns):
            winner = best(criterion, columns)
            direction = "lower is better" if criterion.lower_is_better else "higher is better"
            cells = [f"{criterion.name} ({direction})", *(cell(criterion, column, winner) for column in columns)]
            lines.append(f"| {' | '.join(cells)} |")
    note = (
        "Means over the seeds with 95 % intervals (Student's t); bold: better than every other column beyond chance"
        " (Welch's t-test, 5 %)."
    )
    return "\n".join(lines) + f"\n\n{note}\n"
