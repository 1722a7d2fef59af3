"""Many series at once give what the formula gives, case by case."""

from __future__ import annotations

import math

import numpy as np
import pytest

from suite.statistics.evidence import CHANGES, Flags, Whole, evidence


def by_hand(happened: Flags, asked: Flags, first: int) -> float:
    """The logarithm of the evidence of one series for a change on the night `first`, as suite/statistics/nights.py
    writes it."""
    products = []
    for share, times in CHANGES:
        product = 1.0
        for case in range(happened.shape[1]):
            e = 1.0
            for night in range(len(happened) - 1, first - 1, -1):
                n, k = int(asked[: night + 1, case].sum()), int(happened[: night + 1, case].sum())
                if not asked[night, case]:
                    continue
                if math.isinf(times):  # the limit: w / (w * k / n), or 1 / (w * k / n)
                    e *= n / k if happened[night, case] else float(k == 0)
                else:
                    e *= times ** int(happened[night, case]) / (1 - k / n + times * k / n)
            product *= 1 - share + share * e
        products.append(product)
    return math.log(sum(products) / len(products))


def drawn(seed: int, cases: int) -> tuple[Flags, Flags]:
    rng = np.random.default_rng(seed)
    asked = rng.random((8, cases)) < 0.9
    return asked & (rng.random((8, cases)) < rng.random(cases)), asked


@pytest.mark.parametrize("seed", range(5))
def test_the_evidence_is_that_of_the_formula(seed: int):
    happened, asked = drawn(seed, 6)
    found = evidence(happened, asked, np.zeros(6, dtype=np.intp), 1, 10)
    assert found[:, 0] == pytest.approx([by_hand(happened, asked, first) for first in range(7, 0, -1)])


def test_series_that_are_computed_together_are_as_alone():
    happened, asked = drawn(9, 30)
    series: Whole = np.repeat(np.arange(3), 10)
    together = evidence(happened, asked, series, 3, 4)
    assert together.shape == (4, 3)
    for number in range(3):
        mine = series == number
        alone = evidence(happened[:, mine], asked[:, mine], np.zeros(10, dtype=np.intp), 1, 4)
        assert together[:, number] == pytest.approx(alone[:, 0])


def test_a_series_without_a_case_has_no_evidence():
    nothing = np.zeros((4, 0), dtype=np.bool_)
    assert (evidence(nothing, nothing, np.zeros(0, dtype=np.intp), 2, 10) == 0).all()
