"""The change-point test: alarms where something moved, and hardly any where nothing did."""

from __future__ import annotations

import math
import random

import pytest

from suite.statistics.nights import FALSE_ALARMS, LONGEST, MONTH, Night, Share, moves, threshold

ONE = threshold(1)


def month(rng: random.Random, *, drop: int = 0, on: int = 16, cases: int = 40, flips: float = 0.01) -> list[Night]:
    """Thirty nights: most cases are kept, a few broken, each seldom otherwise; `drop` cases break for good."""
    kept = [rng.random() < 0.92 for _ in range(cases)]
    broken = [case for case in range(cases) if kept[case]][:drop]
    return [
        {
            str(case): (kept[case] and not (case in broken and night >= on)) != (rng.random() < flips)
            for case in range(cases)
        }
        for night in range(MONTH)
    ]


def test_four_cases_of_forty_that_break_for_good_are_seen_within_three_nights():
    rng = random.Random(4)
    found = [moves(month(rng, drop=4), threshold(40)) for _ in range(40)]
    assert sum(any(16 <= one.seen <= 18 and one.worse for one in each) for each in found) >= 36


def test_a_quiet_month_has_hardly_ever_an_alarm():
    rng = random.Random(5)
    assert sum(bool(moves(month(rng), ONE)) for _ in range(80)) <= 80 * FALSE_ALARMS


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_cases_that_are_kept_by_chance_make_no_alarms(share: float):
    rng = random.Random(6)
    noise = [[{str(c): rng.random() < share for c in range(20)} for _ in range(MONTH)] for _ in range(60)]
    assert sum(bool(moves(nights, ONE)) for nights in noise) <= 60 * FALSE_ALARMS


def test_the_evidence_has_a_mean_of_one_at_most_where_nothing_moves():
    """By the martingale; the mean of the CUSUM's inverse bound is checked by how often it is passed."""
    rng = random.Random(7)
    noise = [[{str(c): rng.random() < 0.7 for c in range(5)} for _ in range(6)] for _ in range(2_000)]
    passed = sum(any(one.seen == 5 for one in moves(nights, math.log(20))) for nights in noise)
    assert passed / 2_000 <= 2 / 20  # both directions


def test_what_moved_is_told_with_its_night_and_by_how_much():
    quiet = {str(case): True for case in range(20)}
    worse = quiet | {"1": False, "2": False, "3": False, "4": False}
    (one,) = moves([quiet] * 10 + [worse] * 3, ONE)
    assert (one.first, one.worse) == (10, True)
    assert one.before == Share(200, 200)
    assert one.after.rate == 0.8


def test_what_gets_better_is_told_too_and_what_comes_back_is_another_move():
    good = {str(case): True for case in range(20)}
    bad = good | {str(case): False for case in range(6)}
    found = moves([good] * 10 + [bad] * 10 + [good] * 10, ONE)
    assert [(one.first, one.worse) for one in found] == [(10, True), (20, False)]


def test_a_night_on_which_something_changed_is_preferred_to_a_neighbour():
    quiet = {str(case): True for case in range(20)}
    noisy = quiet | {"9": False}
    worse = quiet | {str(case): False for case in range(4)}
    nights = [quiet] * 10 + [noisy] + [worse | {"9": False}] * 3
    assert moves(nights, ONE)[0].first == 10
    assert moves(nights, ONE, likely=[11])[0].first == 11


def test_likely_nights_make_no_alarm():
    quiet = {str(case): True for case in range(20)}
    assert moves([quiet] * 10, ONE, likely=[3, 5]) == []


def test_cases_that_come_and_go_are_compared_where_they_were_asked():
    both = {str(case): True for case in range(20)}
    new = {f"new {case}": False for case in range(20)}
    assert moves([both] * 10 + [both | new] * 5, ONE) == []


def test_a_change_is_found_however_long_the_quiet_was():
    quiet = {str(case): True for case in range(20)}
    worse = quiet | {str(case): False for case in range(4)}
    (one,) = moves([quiet] * 150 + [worse] * LONGEST, ONE)
    assert one.first == 150


@pytest.mark.parametrize(("series", "rate", "nights"), [(0, 0.05, 30), (1, 0.0, 30), (1, 1.0, 30), (1, 0.05, 0)])
def test_a_threshold_needs_figures_that_can_be(series: int, rate: float, nights: int):
    with pytest.raises(ValueError, match="rate"):
        threshold(series, rate, nights)


def test_more_series_need_more_evidence():
    assert threshold(40) == pytest.approx(math.log(2 * 40 * MONTH / FALSE_ALARMS))
