"""The page's section on the training: the course of the loss, and of rewards where there are any, by step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson, parse_strictly, read_file
from reports.chart import TREND_BOTTOM, TREND_LEFT, TREND_TOP, TREND_WIDTH, Axis, Trend, polyline

PLACES = ("log.jsonl", "run/log.jsonl")
"""Looked for beside a results file: the run's own folder, or the one above."""
SERIES = {
    "loss": "Loss", "eval_loss": "Loss on held-out rows", "accuracy": "Accuracy of preferences",
    "rewards/margins": "Margin of the rewards", "reward": "Reward",
}  # fmt: skip
"""What is drawn of a log, where it is there."""
POINTS = 60
"""Of a line; more steps than that are told by means of neighbours."""

Log: TypeAlias = Sequence[Mapping[str, float]]


def find(results: Path) -> Path | None:
    """The log of the run that the results are of, if one lies where training writes it."""
    return next((place for name in PLACES if (place := results.parent / name).is_file()), None)


def read_log(file: Path) -> Log:
    """The figures by step; raises UserError if the file cannot be read as such."""
    steps = []
    for number, line in enumerate(read_file(file).splitlines(), 1):
        found = parse_strictly(line)
        if isinstance(found, NotJson) or not isinstance(found, dict):
            problem = found.reason if isinstance(found, NotJson) else "it is no object"
            raise UserError(f"{file} line {number}", problem, allowed="a step of a training, as train writes them")
        steps.append({name: float(value) for name, value in found.items() if _is_number(value)})
    return steps


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def section(log: Log | None) -> dict[str, Any] | None:
    """What the section shows; None without a log, or where nothing of it can be drawn."""
    drawn = [(title, found) for name, title in SERIES.items() if len(found := _series(log or (), name)) > 1]
    if not drawn:
        return None
    (title, last), steps = drawn[0], max(int(found[-1][0]) for _, found in drawn)
    return {
        "note": f"{steps} steps; {title.lower()} {_means(last)[-1][1]:.3g} at last",
        "charts": [(title, chart(title, found)) for title, found in drawn],
        "said": f"By step, from the first to step {steps}; of more than {POINTS} steps, means of neighbours.",
    }


def _series(log: Log, name: str) -> list[tuple[float, float]]:
    return [(step.get("step", float(number)), step[name]) for number, step in enumerate(log, 1) if name in step]


def _means(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `POINTS` of them: means of so many neighbours."""
    size = math.ceil(len(points) / POINTS)
    parts = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]


def chart(title: str, points: Sequence[tuple[float, float]]) -> Trend:
    """At least two figures by step, on a scale that holds 0 and all of them."""
    shown = _means(points)
    low, high = min(0.0, *(y for _, y in shown)), max(0.0, *(y for _, y in shown))
    up = Axis(low, high if high > low else low + 1, TREND_BOTTOM, TREND_TOP)
    first, last = shown[0][0], shown[-1][0]
    across = Axis(first, last if last > first else first + 1, TREND_LEFT, TREND_WIDTH - 4)
    middle = (up.low + up.high) / 2
    return Trend(
        said=f"{title}: {shown[0][1]:.3g} at first, {shown[-1][1]:.3g} at last, over {len(points)} steps",
        scale=tuple((up.at(y), f"{y:.2g}") for y in (up.high, middle, up.low)),
        lines=(polyline([(across.at(x), up.at(y)) for x, y in shown]),),
    )
