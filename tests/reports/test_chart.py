import pytest

from reports.chart import BOTTOM, LEFT, RIGHT, TOP, Axis, reliability
from suite.outcome import Bin
from suite.statistics.stats import clopper_pearson
from tests.reports.sample import SURE


def test_an_axis_maps_and_clips() -> None:
    axis = Axis(0.9, 1.0, 0, 100)
    assert [axis.at(x) for x in (0.9, 0.95, 1.0, 0.5)] == [pytest.approx(x) for x in (0, 50, 100, 0)]


def test_every_bin_has_a_dot_an_interval_and_its_count() -> None:
    drawn = reliability("likelihood", SURE)
    assert len(drawn.dots) == len(SURE)
    assert all(BOTTOM >= dot.low > dot.y > dot.high >= TOP or dot.y == TOP for dot in drawn.dots)
    assert "30 cases: confidence 0.780, right 0.800" in [dot.said for dot in drawn.dots]
    assert "150 cases in 5 bins" in drawn.said


def test_a_calibrated_bin_lies_on_the_diagonal() -> None:
    (dot,) = reliability("likelihood", [Bin(0.5, clopper_pearson(10, 20), 20)]).dots
    assert (dot.x - LEFT) / (RIGHT - LEFT) == pytest.approx((BOTTOM - dot.y) / (BOTTOM - TOP))


def test_fuller_bins_have_larger_dots() -> None:
    few, many = (Bin(c, clopper_pearson(n // 2, n), n) for c, n in ((0.4, 10), (0.6, 90)))
    small, large = reliability("likelihood", [few, many]).dots
    assert small.r < large.r


def test_a_grid_names_its_lines_from_the_axis_to_one() -> None:
    labels = [label for _, _, label in reliability("likelihood", SURE).grid]
    assert (labels[0], labels[-1], len(labels)) == ("0", "1", 6)
