"""The comparison as a picture: a panel a criterion, a dot and its interval a trainer."""

from __future__ import annotations

from collections.abc import Sequence

from reports.chart import Axis
from reports.compare import Column, mean_of
from reports.criteria import CRITERIA, Criterion
from reports.html import Html, join, tag

PANEL, ROW, LABELS, WIDTH = 46, 18, 130, 620
STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.tick{fill:#666;font-size:10px}"
    ".track{stroke:#ccc}.reach{stroke:#2563a8;stroke-width:3}.dot{fill:#2563a8}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.tick{fill:#999}.track{stroke:#555}.reach{stroke:#7ab3ef}"
    ".dot{fill:#7ab3ef}}"
)


def chart(columns: Sequence[Column]) -> str:
    """A standalone SVG; criteria that no run has are left out."""
    shown = [criterion for criterion in CRITERIA if any(column.figures(criterion) for column in columns)]
    height = PANEL + ROW * len(columns)
    panels = [
        tag("g", _panel(criterion, columns), transform=f"translate(0 {number * height})")
        for number, criterion in enumerate(shown)
    ]
    whole = height * len(shown)
    title = tag("title", f"Comparison of {', '.join(column.name for column in columns)}")
    svg = tag(
        "svg",
        title,
        tag("style", Html(STYLE)),
        *panels,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {whole}",
        width=WIDTH,
        height=whole,
    )
    return f"{svg}\n"


def _panel(criterion: Criterion, columns: Sequence[Column]) -> Html:
    axis = _axis(criterion, columns)
    better = "lower" if criterion.lower_is_better else "higher"
    parts = [tag("text", f"{criterion.name} ({better} is better)", x=0, y=16, class_="title")]
    for number, column in enumerate(columns):
        parts.append(_row(criterion, column, axis, PANEL + ROW * number - 4))
    ends = ((axis.low, axis.left, "start"), (axis.high, axis.right, "end"))
    parts += [tag("text", criterion.text(v), x=x, y=30, text_anchor=anchor, class_="tick") for v, x, anchor in ends]
    return join(*parts)


def _row(criterion: Criterion, column: Column, axis: Axis, y: int) -> Html:
    parts = [
        tag("text", column.name, x=0, y=y + 4),
        tag("line", x1=axis.left, x2=axis.right, y1=y, y2=y, class_="track"),
    ]
    if figures := column.figures(criterion):
        interval = mean_of(figures).interval
        low, high = axis.at(interval.low), axis.at(interval.high)
        parts.append(tag("line", x1=low, x2=high, y1=y, y2=y, class_="reach"))
        parts.append(tag("circle", cx=axis.at(interval.estimate), cy=y, r=4, class_="dot"))
        parts.append(tag("text", criterion.text(interval.estimate), x=axis.right + 8, y=y + 4, class_="tick"))
    return join(*parts)


def _axis(criterion: Criterion, columns: Sequence[Column]) -> Axis:
    """From the lowest to the highest mean, with room for some of the intervals; shares stay within 0 and 1."""
    means = [mean_of(figures).value for column in columns if (figures := column.figures(criterion))]
    room = max(max(means) - min(means), 0.02 * max(map(abs, means)), 1e-6)
    low = max(0.0, min(means) - room)
    high = min(1.0, max(means) + room) if criterion.percent else max(means) + room
    return Axis(low, max(high, low + 1e-6), LABELS, WIDTH - 60)
