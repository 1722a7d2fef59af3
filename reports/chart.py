"""What charts show, as places in a drawing; `templates/charts.svg.jinja` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suite.outcome import Bin
from suite.results.wording import beginning

AXIS_STARTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0)  # of shares, that end at 1
MARGIN = 0.1  # of an axis, that stays free beside what is drawn
LEFT, RIGHT, BOTTOM, TOP = 52, 348, 308, 12  # of a reliability curve
LONGEST = 30  # letters of a name within a drawing
TREND_WIDTH, TREND_LEFT, TREND_TOP, TREND_BOTTOM = 420, 40, 10, 78


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


@dataclass(frozen=True, slots=True)
class Dot:
    """One bin of a reliability curve; the area of its dot is its share of the cases."""

    said: str
    x: float
    y: float
    low: float
    high: float
    r: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often replies are right against how sure they are; on the diagonal both agree, below it they are too sure."""

    kind: str
    said: str
    grid: tuple[tuple[float, float, str], ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Figures that follow each other, as lines with gaps and marks on a scale from top to bottom."""

    said: str
    scale: tuple[tuple[float, str], ...]
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...] = ()
    gaps: tuple[float, ...] = ()
    marks: tuple[tuple[float, bool], ...] = ()
    changes: tuple[float, ...] = ()
    ends: tuple[str, str] = ("", "")
    step: float = 0.0
    width: int = TREND_WIDTH
    height: int = TREND_BOTTOM + 18
    left: int = TREND_LEFT
    top: int = TREND_TOP
    bottom: int = TREND_BOTTOM


def reliability(kind: str, points: Sequence[Bin]) -> Reliability:
    """The curve of at least one bin, on the tightest round axis that holds all of it."""
    start = _axis_start(min(min(point.confidence, point.accuracy.low) for point in points))
    across, up = Axis(start, 1.0, LEFT, RIGHT), Axis(start, 1.0, BOTTOM, TOP)
    most, total = max(point.count for point in points), sum(point.count for point in points)
    steps = [start + step / 5 * (1 - start) for step in range(6)]
    kind = beginning(kind, LONGEST)
    said = f"Reliability curve of {kind} confidence, {total} cases in {len(points)} bins; a table has the same data"
    return Reliability(
        kind, said, tuple((across.at(x), up.at(x), f"{x:.3g}") for x in steps),
        tuple(
            Dot(
                f"{point.count} cases: confidence {point.confidence:.3f}, right {point.accuracy.estimate:.3f}",
                across.at(point.confidence), up.at(point.accuracy.estimate),
                up.at(point.accuracy.low), up.at(point.accuracy.high), 2.5 + 3.5 * (point.count / most) ** 0.5,
            )
            for point in points
        ),
    )  # fmt: skip


def _axis_start(smallest: float) -> float:
    return next((x for x in AXIS_STARTS if x + (1 - x) * MARGIN <= smallest), 0.0)


def polyline(dots: Sequence[tuple[float, float]]) -> str:
    """Points as SVG writes them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
