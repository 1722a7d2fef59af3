import subprocess
import sys
from collections.abc import Callable
from math import comb
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from suite.outcome import Broken, Held, NotApplicable, Outcome
from suite.statistics.stats import (
    EmptySampleError,
    clopper_pearson,
    lower_bound,
    means_of,
    trials_without_failure,
    upper_bound,
)

LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 500))
    return draw(st.integers(0, trials)), trials


def at_least(held: int, trials: int, rate: float) -> float:
    """The probability of `held` or more successes, by summing the binomial terms."""
    return sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(held, trials + 1))


def test_eight_of_ten_has_the_interval_of_the_tables() -> None:
    # Clopper and Pearson's chart and every table since: 44.4 % to 97.5 %.
    interval = clopper_pearson(8, 10)
    assert (interval.estimate, interval.level) == (0.8, 0.95)
    assert interval.low == pytest.approx(0.44390, abs=1e-5)
    assert interval.high == pytest.approx(0.97479, abs=1e-5)


def test_bounds_put_the_stated_probability_on_what_was_seen() -> None:
    # That is the definition: at the low end, 8 or more of 10 would come up in 5 % of samples.
    assert at_least(8, 10, lower_bound(8, 10)) == pytest.approx(0.05)
    # At the high end, 8 or fewer would: 1 - P(9 or more).
    assert 1 - at_least(9, 10, upper_bound(8, 10)) == pytest.approx(0.05)


@pytest.mark.parametrize("trials", [1, 60, 299, 300])
def test_no_failure_bounds_the_failure_rate(trials: int) -> None:
    # (1 - bound) ** trials = 0.05: so rarely would a rate as high as the bound stay unseen.
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials))


@pytest.mark.parametrize(("bound", "trials"), [(0.5, 5), (0.05, 59), (0.01, 299), (0.001, 2995)])
def test_so_many_trials_without_failure_show_a_bound(bound: float, trials: int) -> None:
    assert trials_without_failure(bound) == trials
    assert upper_bound(0, trials) <= bound < upper_bound(0, trials - 1)


@given(counts(), LEVELS)
def test_the_interval_holds_the_estimate(count: tuple[int, int], level: float) -> None:
    interval = clopper_pearson(*count, level)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high


@given(counts(), LEVELS)
def test_one_more_success_never_lowers_a_bound(count: tuple[int, int], level: float) -> None:
    held, trials = count
    assume(held < trials)
    assert lower_bound(held + 1, trials, level) >= lower_bound(held, trials, level)
    assert upper_bound(held + 1, trials, level) >= upper_bound(held, trials, level)


@given(counts(), LEVELS)
def test_failures_are_bounded_as_successes_are(count: tuple[int, int], level: float) -> None:
    held, trials = count
    assert lower_bound(held, trials, level) == pytest.approx(1 - upper_bound(trials - held, trials, level))


@given(counts())
def test_more_confidence_never_narrows_the_interval(count: tuple[int, int]) -> None:
    wide, narrow = clopper_pearson(*count, 0.99), clopper_pearson(*count, 0.9)
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.5, 0.95, 0.99])
def test_the_interval_covers_the_truth_as_often_as_it_claims(rate: float) -> None:
    trials = 40
    intervals = [clopper_pearson(k, trials) for k in range(trials + 1)]
    probabilities = [comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]
    covered = sum(p for p, x in zip(probabilities, intervals, strict=True) if x.low <= rate <= x.high)
    assert covered >= 0.95


@pytest.mark.parametrize("bound", [lower_bound, upper_bound, clopper_pearson])
def test_an_empty_sample_is_a_named_error(bound: Callable[[int, int], object]) -> None:
    with pytest.raises(EmptySampleError, match="at least one trial"):
        bound(0, 0)


@pytest.mark.parametrize(("held", "trials", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)])
def test_impossible_counts_and_levels_are_refused(held: int, trials: int, level: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        lower_bound(held, trials, level)


def test_deciding_is_imported_without_scipy() -> None:
    code = "import sys, suite.statistics.verdict; print('scipy' in sys.modules)"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_bounds_that_no_sample_shows_are_refused(bound: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        trials_without_failure(bound)


def test_figures_are_averaged_over_the_outcomes_that_have_them() -> None:
    outcomes: list[Outcome] = [
        Held({"moved": 0.5, "flips": 0.0}),
        Broken("", "", {"moved": 1.0}),
        NotApplicable(""),
        Held(),
    ]
    means = means_of(outcomes)
    assert {name: mean.estimate for name, mean in means.items()} == {"moved": 0.75, "flips": 0.0}
    assert means["flips"] == clopper_pearson(0, 1)
    assert means_of([]) == {}
