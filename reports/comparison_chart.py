"""The comparison as a picture: a panel a criterion, a dot and its interval a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports import markup
from reports.chart import Axis
from reports.compare import Column, mean_of
from reports.criteria import CRITERIA, Criterion

PANEL, ROW, LABELS, WIDTH = 46, 18, 130, 620
STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.tick{fill:#666;font-size:10px}"
    ".track{stroke:#ccc}.reach{stroke:#2563a8;stroke-width:3}.dot{fill:#2563a8}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.tick{fill:#999}.track{stroke:#555}.reach{stroke:#7ab3ef}"
    ".dot{fill:#7ab3ef}}"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A trainer in a panel, `y` from the top; without a figure only its name is drawn."""

    name: str
    y: float
    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    told: str = ""


def chart(columns: Sequence[Column]) -> str:
    """A standalone SVG; criteria that no run has are left out."""
    shown = [criterion for criterion in CRITERIA if any(column.figures(criterion) for column in columns)]
    height = PANEL + ROW * len(columns)
    return markup.render(
        "comparison.svg.jinja",
        style=Markup(STYLE), names=[column.name for column in columns], width=WIDTH, height=height,
        panels=[_panel(criterion, columns) for criterion in shown],
    )  # fmt: skip


def _panel(criterion: Criterion, columns: Sequence[Column]) -> dict[str, Any]:
    axis = _axis(criterion, columns)
    better = "lower" if criterion.lower_is_better else "higher"
    return {
        "title": f"{criterion.name} ({better} is better)",
        "axis": axis,
        "ends": ((criterion.text(axis.low), axis.left, "start"), (criterion.text(axis.high), axis.right, "end")),
        "rows": [_row(criterion, column, axis, PANEL + ROW * number - 4) for number, column in enumerate(columns)],
    }


def _row(criterion: Criterion, column: Column, axis: Axis, y: int) -> Row:
    figures = column.figures(criterion)
    if not figures:
        return Row(column.name, y)
    interval = mean_of(figures).interval
    low, middle, high = (axis.at(value) for value in (interval.low, interval.estimate, interval.high))
    return Row(column.name, y, low, middle, high, criterion.text(interval.estimate))


def _axis(criterion: Criterion, columns: Sequence[Column]) -> Axis:
    """From the lowest to the highest mean, with room for some of the intervals; shares stay within 0 and 1."""
    means = [mean_of(figures).value for column in columns if (figures := column.figures(criterion))]
    room = max(max(means) - min(means), 0.02 * max(map(abs, means)), 1e-6)
    low = max(0.0, min(means) - room)
    high = min(1.0, max(means) + room) if criterion.percent else max(means) + room
    return Axis(low, max(high, low + 1e-6), LABELS, WIDTH - 60)
