"""The comparison of two adapters on the same cases: hand-worked values, and error rates followed exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.statistics.paired import PairedCounts, e_bh, holm


def test_pairs_are_counted_by_who_kept_the_contract() -> None:
    counts = PairedCounts.of([(True, True), (True, False), (False, True), (False, False), (True, False)])
    assert counts == PairedCounts(trials=5, lost=2, won=1)
    assert counts.text == "lost 2 and won 1 of 5"


def test_the_evidence_is_a_mixture_of_likelihood_ratios() -> None:
    assert PairedCounts(10, 0, 0).e_value == pytest.approx(1)
    # One loss: 2 ** 2 times the integral of p from 1/2 to 1, which is 3/8.
    assert PairedCounts(10, 1, 0).e_value == pytest.approx(1.5)
    # One win: 4 times the integral of 1 - p from 1/2 to 1, which is 1/8.
    assert PairedCounts(10, 0, 1).e_value == pytest.approx(0.5)


def test_many_losses_are_strong_evidence_and_many_wins_are_none() -> None:
    assert PairedCounts(300, 20, 2).e_value > 1000
    assert PairedCounts(300, 2, 20).e_value < 0.1
    assert PairedCounts(9999, 0, 3000).e_value < 1e-6
    assert PairedCounts(9999, 3000, 0).e_value > 1e300


@given(st.integers(0, 60), st.integers(0, 60))
def test_one_more_loss_is_more_evidence_and_one_more_win_is_less(lost: int, won: int) -> None:
    here = PairedCounts(0, lost, won).e_value
    assert PairedCounts(0, lost + 1, won).e_value > here
    assert PairedCounts(0, lost, won + 1).e_value < here


def test_equals_are_seldom_told_apart_however_often_one_looks() -> None:
    open_ways, wrongly = {0: 1.0}, 0.0
    for pairs in range(1, 201):
        following: dict[int, float] = {}
        for lost, chance in open_ways.items():
            for more in (0, 1):
                following[lost + more] = following.get(lost + more, 0.0) + chance / 2
        crossed = [lost for lost in following if PairedCounts(pairs, lost, pairs - lost).e_value >= 20]
        wrongly += sum(following.pop(lost) for lost in crossed)
        open_ways = following
    assert wrongly <= 0.05


def test_holm_goes_on_as_long_as_the_evidence_does() -> None:
    assert holm([100, 30, 1], 0.05) == [True, False, False]  # needs 60, 40, 20
    assert holm([100, 45, 25], 0.05) == [True, True, True]
    assert holm([50, 45, 25], 0.05) == [False, False, False]
    assert holm([], 0.05) == []


def test_slices_are_held_to_a_false_discovery_rate() -> None:
    assert e_bh([45, 1, 45, 1], 0.05) == [True, False, True, False]  # two of four need 4 / (2 * 0.05) = 40 each
    assert e_bh([45, 1, 35, 1], 0.05) == [False, False, False, False]
    assert e_bh([], 0.05) == []
