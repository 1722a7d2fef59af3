"""Sequential tests of a rate: a verdict as soon as the cases suffice, with error rates stated beforehand.

The test is Wald's sequential probability ratio test ("Sequential tests of statistical hypotheses", Ann. Math. Statist.
16, 1945) between two rates. At the unacceptable rate and at every worse one the likelihood ratio is a non-negative
supermartingale, so by Ville's inequality it ever reaches 1 / beta with probability beta at most: one may look after
every case, stop at the first crossing, and give up at any time. The same holds for alpha at the acceptable rate.

The interval is the confidence sequence of a uniform mixture of such ratios (Robbins, "Statistical methods related to
the law of the iterated logarithm", Ann. Math. Statist. 41, 1970): it covers the rate at all times at once, so it stays
true although the test decided when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from suite.outcome import Interval
from suite.statistics.stats import LEVEL, EmptySampleError

Decision = Literal["accept", "reject"]
MOST_CASES = 100_000  # beyond this no gate runs


@dataclass(frozen=True, slots=True)
class Risks:
    """`alpha`: of rejecting what is acceptable; `beta`: of accepting what is not. Each of one test."""

    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and 0 < self.beta < 1):
            raise ValueError(f"alpha={self.alpha!r} and beta={self.beta!r} must lie between 0 and 1")

    def shared(self, tests: int) -> Risks:
        """The risks of each of several tests that all have to accept, so that these are the risks of all together.

        One rejection closes the gate, so alpha is divided (Bonferroni). A gate that should stay closed has at least
        one test that should reject, and opens only if that one accepts: beta is the risk of each as of all
        (intersection-union test; Berger, "Multiparameter hypothesis testing and acceptance sampling", 1982).
        """
        return Risks(self.alpha / max(1, tests), self.beta)


@dataclass(frozen=True, slots=True)
class RateTest:
    """A test between two rates of success, `unacceptable` < `acceptable`."""

    acceptable: float
    unacceptable: float
    risks: Risks

    def evidence(self, held: int, failed: int) -> float:
        """The natural logarithm of the likelihood ratio: above 0 it speaks for the acceptable rate."""
        return _times(held, _log_ratio(self.acceptable, self.unacceptable)) + _times(
            failed, _log_ratio(1 - self.acceptable, 1 - self.unacceptable)
        )

    def decide(self, held: int, failed: int) -> Decision | None:
        """What so many cases that held and failed decide, or None if they leave it open."""
        evidence = self.evidence(held, failed)
        if evidence >= -math.log(self.risks.beta):
            return "accept"
        return "reject" if evidence <= math.log(self.risks.alpha) else None

    def more_to_settle(self, held: int, failed: int) -> int | None:
        """How many more cases would decide if the present rate went on; None where the rates cannot be told apart."""
        trials = held + failed
        if trials == 0:
            raise EmptySampleError("a rate needs at least one trial")
        now = self.evidence(held, failed)
        drift = now / trials
        threshold = -math.log(self.risks.beta) if drift > 0 else math.log(self.risks.alpha)
        if drift == 0 or (threshold - now) / drift > MOST_CASES:
            return None
        return max(0, math.ceil((threshold - now) / drift))


def confidence_sequence(held: int, trials: int, level: float = LEVEL) -> Interval:
    """The interval of a rate that covers it after every number of trials at once, with probability `level`."""
    if trials == 0:
        raise EmptySampleError("a rate needs at least one trial")
    if not 0 <= held <= trials:
        raise ValueError(f"held={held!r} must lie between 0 and trials={trials!r}")
    failed = trials - held
    # ln of the mixture, the beta function B(held + 1, failed + 1), over 1 / (1 - level).
    least = math.lgamma(held + 1) + math.lgamma(failed + 1) - math.lgamma(trials + 2) + math.log(1 - level)

    def inside(rate: float) -> bool:
        return _times(held, _log(rate)) + _times(failed, _log(1 - rate)) >= least

    estimate = held / trials
    return Interval(estimate, _edge(inside, estimate, 0.0), _edge(inside, estimate, 1.0), level)


def _edge(inside: Callable[[float], bool], start: float, end: float) -> float:
    """The last rate from `start` (which is inside) towards `end` that is inside, told on the careful side."""
    if inside(end):
        return end
    for _ in range(60):
        middle = (start + end) / 2
        start, end = (middle, end) if inside(middle) else (start, middle)
    return end


def _log(share: float) -> float:
    return math.log(share) if share > 0 else -math.inf


def _log_ratio(above: float, below: float) -> float:
    if above == below:
        return 0.0
    return math.inf if below == 0 else _log(above) - math.log(below)


def _times(count: int, value: float) -> float:
    """`count * value`, where none of an infinite value is nothing."""
    return count * value if count else 0.0
