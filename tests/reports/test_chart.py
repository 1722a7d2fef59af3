import re
from dataclasses import replace

import pytest

from reports.chart import Axis, interval_range, reliability
from suite.outcome import Bin, Interval, Never, Rate, Tally
from suite.statistics.stats import clopper_pearson
from tests.reports.sample import CALIBRATED, CHOOSES, SURE, VALID, contract


def numbers(svg: str, element: str, class_: str, attribute: str) -> list[float]:
    found = re.findall(rf"<{element} [^>]*class=\"{class_}\"[^>]*>", svg)
    return [float(re.search(rf"\b{attribute}=\"([^\"]+)\"", one)[1]) for one in found]  # type: ignore[index]


def test_an_axis_maps_and_clips() -> None:
    axis = Axis(0.9, 1.0, 0, 100)
    assert [axis.at(x) for x in (0.9, 0.95, 1.0, 0.5)] == [pytest.approx(x) for x in (0, 50, 100, 0)]


def test_a_passing_rate_is_drawn_right_of_its_bar() -> None:
    svg = interval_range(CHOOSES)
    (bar,), (low,) = numbers(svg, "line", "bar", "x1"), numbers(svg, "line", "reach", "x1")
    (dot,), (high,) = numbers(svg, "circle", "dot", "cx"), numbers(svg, "line", "reach", "x2")
    assert bar < low < dot < high
    assert "90 %" in svg
    assert 'aria-label="99.3 %, 95.6 to 100.0 %; bar: above 95 %"' in svg


def test_a_ceiling_that_is_kept_is_drawn_left_of_its_bar() -> None:
    svg = interval_range(CALIBRATED)
    assert numbers(svg, "line", "reach", "x2") < numbers(svg, "line", "bar", "x1")
    (start,) = numbers(svg, "rect", "kept", "x")
    assert start == 8


@pytest.mark.parametrize("held", [0, 1, 150, 299, 300])
@pytest.mark.parametrize("bar", [Rate(0.0), Rate(0.5), Rate(0.999), Never()])
def test_whatever_the_rate_all_stays_inside(held: int, bar: Rate | Never) -> None:
    svg = interval_range(contract("c", "Promise.", bar, Tally(300, held)))
    positions = [float(x) for x in re.findall(r"(?:\bx1|\bx2|\bcx)=\"([^\"]+)\"", svg)]
    assert all(8 <= x <= 292 for x in positions)


def test_a_statistic_beyond_1_has_an_axis_of_its_own() -> None:
    svg = interval_range(replace(CALIBRATED, measures={"ece": Interval(3.0, 2.0, 4.0)}))
    assert numbers(svg, "line", "reach", "x2") == [292]


def test_without_trials_nothing_is_drawn() -> None:
    assert "svg" not in interval_range(contract(VALID.name, VALID.promise, VALID.bar, Tally(0, 0)))


def test_every_bin_has_a_dot_an_interval_and_its_count() -> None:
    svg = reliability("likelihood", SURE)
    assert len(numbers(svg, "circle", "dot", "r")) == len(numbers(svg, "line", "reach", "x1")) == len(SURE)
    assert "30 cases: confidence 0.780, right 0.800" in svg


def test_a_calibrated_bin_lies_on_the_diagonal() -> None:
    svg = reliability("likelihood", [Bin(0.5, clopper_pearson(10, 20), 20)])
    (x,), (y,) = numbers(svg, "circle", "dot", "cx"), numbers(svg, "circle", "dot", "cy")
    (x1,), (x2,) = (numbers(svg, "line", "diagonal", end) for end in ("x1", "x2"))
    (y1,), (y2,) = (numbers(svg, "line", "diagonal", end) for end in ("y1", "y2"))
    assert (y - y1) / (y2 - y1) == pytest.approx((x - x1) / (x2 - x1))


def test_fuller_bins_have_larger_dots() -> None:
    few, many = (Bin(c, clopper_pearson(n // 2, n), n) for c, n in ((0.4, 10), (0.6, 90)))
    small, large = numbers(reliability("likelihood", [few, many]), "circle", "dot", "r")
    assert small < large
