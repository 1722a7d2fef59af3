"""Charts as inline SVG, coloured by the page's style sheet so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.html import Html, join, tag
from suite.outcome import Bin, Ceiling, ContractResult, Interval, Never, Rate
from suite.results.summary import bar_text, deciding_figure, estimate_text, range_text
from suite.results.wording import percent

AXIS_STARTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0)  # of shares, that end at 1
AXIS_ENDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of statistics, that start at 0
MARGIN = 0.1  # of an axis, that stays free beside what is drawn


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers from `low` to `high`, drawn from `left` to `right`."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return self.left + (inside - self.low) / (self.high - self.low) * (self.right - self.left)


def interval_range(result: ContractResult) -> Html:
    """The deciding figure's interval against the bar; the side where the bar is kept is shaded."""
    figure = deciding_figure(result)
    if figure is None:
        return tag("p", "nothing to draw", class_="muted")
    wanted = _wanted(result)
    axis = _axis(result, figure, wanted)
    parts = [tag("line", x1=axis.left, x2=axis.right, y1=27, y2=27, class_="track")]
    if wanted is not None:
        parts.append(_bar_mark(axis, wanted, kept_below=isinstance(result.bar, Ceiling)))
    parts += [
        tag("line", x1=axis.at(figure.low), x2=axis.at(figure.high), y1=27, y2=27, class_="reach"),
        *(tag("line", x1=axis.at(x), x2=axis.at(x), y1=22, y2=32, class_="cap") for x in (figure.low, figure.high)),
        tag("circle", cx=axis.at(figure.estimate), cy=27, r=5, class_="dot"),
        tag("text", _label(axis.low, result), x=axis.left, y=52, class_="tick"),
        tag("text", _label(axis.high, result), x=axis.right, y=52, class_="tick end"),
    ]
    said = f"{estimate_text(result, figure)}, {range_text(result, figure)}; bar: {bar_text(result.bar)}"
    kind = f"range {result.verdict.name}"
    return tag("svg", tag("title", said), *parts, viewBox="0 0 300 58", class_=kind, role="img", aria_label=said)


def _bar_mark(axis: Axis, wanted: float, kept_below: bool) -> Html:
    """The bar with its value above, and the shade over the side that keeps it."""
    x = axis.at(wanted)
    start, end = (axis.left, x) if kept_below else (x, axis.right)
    anchor = "start" if x < axis.left + 30 else "end" if x > axis.right - 30 else "middle"
    value = f"{wanted:g}" if kept_below else percent(wanted)
    return join(
        tag("rect", x=start, y=15, width=end - start, height=24, class_="kept"),
        tag("line", x1=x, x2=x, y1=13, y2=41, class_="bar"),
        tag("text", f"bar {value}", x=x, y=9, class_="tick strong", text_anchor=anchor),
    )


def _wanted(result: ContractResult) -> float | None:
    match result.bar:
        case Never(bound=bound):
            return 1 - bound
        case Rate(at_least=at_least):
            return at_least
        case Ceiling(at_most=at_most):
            return at_most
    return None


def _axis(result: ContractResult, figure: Interval, wanted: float | None) -> Axis:
    """The tightest round axis on which the interval and the bar stand with some room."""
    if isinstance(result.bar, Ceiling):
        largest = max(figure.high, wanted or 0.0)
        end = next((x for x in AXIS_ENDS if x * (1 - MARGIN) >= largest), max(1.0, largest))
        return Axis(0.0, end, 8, 292)
    smallest = figure.low if wanted is None else min(figure.low, wanted)
    return Axis(_axis_start(smallest), 1.0, 8, 292)


def _axis_start(smallest: float) -> float:
    return next((x for x in AXIS_STARTS if x + (1 - x) * MARGIN <= smallest), 0.0)


def _label(value: float, result: ContractResult) -> str:
    return f"{value:g}" if isinstance(result.bar, Ceiling) else percent(value)


def reliability(kind: str, points: Sequence[Bin]) -> Html:
    """How often replies are right against how sure they are; on the diagonal both agree, below it they are too sure."""
    start = _axis_start(min(min(point.confidence, point.accuracy.low) for point in points))
    across, up = Axis(start, 1.0, 52, 348), Axis(start, 1.0, 308, 12)
    most = max(point.count for point in points)
    parts = [
        _grid(across, up),
        tag("line", x1=across.left, y1=up.left, x2=across.right, y2=up.right, class_="diagonal"),
        tag("text", "share that is right", x=14, y=160, class_="axis", transform="rotate(-90 14 160)"),
        tag("text", f"confidence ({kind})", x=200, y=348, class_="axis"),
        *(_point(across.at, up.at, point, most) for point in points),
    ]
    total = sum(point.count for point in points)
    said = f"Reliability curve of {kind} confidence, {total} cases in {len(points)} bins; a table has the same data"
    return tag("svg", *parts, viewBox="0 0 360 356", class_="reliability", role="img", aria_label=said)


def _grid(across: Axis, up: Axis) -> Html:
    lines: list[Html] = []
    for step in range(6):
        value = across.low + step / 5 * (1 - across.low)
        x, y = across.at(value), up.at(value)
        lines += [
            tag("line", x1=x, x2=x, y1=up.left, y2=up.right, class_="grid"),
            tag("line", x1=across.left, x2=across.right, y1=y, y2=y, class_="grid"),
            tag("text", f"{value:.3g}", x=x, y=up.left + 18, class_="tick middle"),
            tag("text", f"{value:.3g}", x=across.left - 8, y=y + 4, class_="tick end"),
        ]
    return join(*lines)


def _point(x_of: Callable[[float], float], y_of: Callable[[float], float], point: Bin, most: int) -> Html:
    """One bin; the area of its dot is its share of the cases."""
    x, right = x_of(point.confidence), point.accuracy
    said = f"{point.count} cases: confidence {point.confidence:.3f}, right {right.estimate:.3f}"
    return tag(
        "g",
        tag("title", said),
        tag("line", x1=x, x2=x, y1=y_of(right.low), y2=y_of(right.high), class_="reach"),
        *(tag("line", x1=x - 4, x2=x + 4, y1=y_of(end), y2=y_of(end), class_="cap") for end in (right.low, right.high)),
        tag("circle", cx=x, cy=y_of(right.estimate), r=2.5 + 3.5 * (point.count / most) ** 0.5, class_="dot"),
    )
