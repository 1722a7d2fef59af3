"""Exact statements about a rate from a count: intervals and one-sided bounds, of samples of a size fixed beforehand.

All bounds are those of Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", Biometrika 26 (1934): quantiles of a beta distribution, never less sure than they claim. Importing scipy
takes a noticeable part of a second, so the functions import it themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from suite.outcome import Broken, Held, Interval, Outcome

LEVEL = 0.95
MOST_TRIALS = 10_000_000  # beyond this no gate runs: the rate and the threshold cannot be told apart


class EmptySampleError(ValueError):
    """A figure was asked of a sample that holds nothing to tell it from."""


def lower_bound(held: float, trials: float, level: float = LEVEL) -> float:
    """The rate lies at or above this with confidence `level`, after `held` successes in `trials`."""
    _check(held, trials, level)
    return 0.0 if held == 0 else _beta_quantile(held, trials - held + 1, 1 - level)


def upper_bound(held: float, trials: float, level: float = LEVEL) -> float:
    """The rate lies at or below this with confidence `level`, after `held` successes in `trials`."""
    _check(held, trials, level)
    if held == trials:
        return 1.0
    # Without a success the quantile has a closed form, and scipy need not be loaded.
    return -math.expm1(math.log1p(-level) / trials) if held == 0 else _beta_quantile(held + 1, trials - held, level)


def clopper_pearson(held: float, trials: float, level: float = LEVEL) -> Interval:
    """The exact two-sided interval of a rate, with equal tails; `held` may be fractional for a mean of shares."""
    one_sided = (1 + level) / 2
    low, high = lower_bound(held, trials, one_sided), upper_bound(held, trials, one_sided)
    return Interval(estimate=held / trials, low=low, high=high, level=level)


def means_of(outcomes: Iterable[Outcome], level: float = LEVEL) -> dict[str, Interval]:
    """The mean of each figure that outcomes have, over those that have it."""
    told = [outcome.figures for outcome in outcomes if isinstance(outcome, Held | Broken)]
    found: dict[str, list[float]] = {}
    for name, figure in ((name, figure) for figures in told for name, figure in figures.items()):
        found.setdefault(name, []).append(figure)
    # The minimum only mends rounding.
    return {name: clopper_pearson(min(sum(f), len(f)), len(f), level) for name, f in found.items()}


def trials_without_failure(bound: float, level: float = LEVEL) -> int:
    """How many trials, none of them failing, show that the failure rate is at most `bound`."""
    if not 0 < bound < 1:
        raise ValueError(f"bound={bound!r} must lie between 0 and 1")
    enough = math.ceil(math.log(1 - level) / math.log1p(-bound))
    # The logarithms may round across an integer; the bound itself decides.
    return next(n for n in (enough - 1, enough, enough + 1) if n > 0 and upper_bound(0, n, level) <= bound)


def _beta_quantile(a: float, b: float, probability: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(a, b, probability))


def _check(held: float, trials: float, level: float) -> None:
    if trials == 0:
        raise EmptySampleError("a rate needs at least one trial")
    if not 0 <= held <= trials:
        raise ValueError(f"held={held!r} must lie between 0 and trials={trials!r}")
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1")
