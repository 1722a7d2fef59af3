"""Is the model as often right as it is sure? Figures, intervals and the reliability curve.

Input is one (confidence, correct) pair for each case. Confidence is compared with accuracy in bins of equal mass: about
as many cases in each, with equal confidences never parted.

Sources: expected calibration error, Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
Bayesian binning", AAAI 2015; Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
Review 78 (1950); log loss, Good, "Rational decisions", J. R. Statist. Soc. B 14 (1952); selective risk at a coverage,
El-Yaniv and Wiener, "On the foundations of noise-free selective classification", JMLR 11 (2010), and Geifman and
El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017; the variance of AUROC, Birnbaum and Klose,
"Bounds for the variance of the Mann-Whitney statistic", Ann. Math. Statist. 28 (1957).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from suite.calibration.resampling import Floats, Resamples, Sample, between, share, worth
from suite.outcome import Bin, Interval
from suite.statistics.stats import LEVEL, clopper_pearson

RESAMPLES = 1000
COVERAGES = (0.8, 0.9)
"""Shares of all requests that are answered; the others, where the model is least sure, are left to somebody else."""
SURE = 0.9
"""Above this, users act without a second look."""
LEAST_PROBABILITY = 1e-4
"""Of what turned out to be so, for log loss: one answer costs at most 9.2 nats, however sure it was and wrong."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Figures of one kind of confidence over a sample, and its reliability curve by rising confidence.

    `measures` are `accuracy`, `mean_confidence`, `ece`, `brier`, `log_loss` (nats), `risk_at_coverage_0.8` and so on:
    the share of wrong answers among the surest 80 %. If there are wrong answers also `confidence_when_wrong`, their
    mean, and `wrong_above_0.9`, the share of them that were surer than that; if there are right ones too, `auroc`.
    """

    measures: Mapping[str, Interval]
    curve: tuple[Bin, ...]


def calibration(
    confidence: Sequence[float],
    correct: Sequence[bool],
    *,
    units: Sequence[str] | None = None,
    seed: int | np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Calibration:
    """Measure calibration; the i-th case was answered with `confidence[i]` (0 to 1) and was right if `correct[i]`.

    Cases of the same unit, by name, are not independent of each other (see `units.conversation_of`); without units,
    each case is. Intervals are two-sided at `level`. Raises EmptySampleError without cases.
    """
    sample, rng = Sample.of(confidence, correct, units), np.random.default_rng(seed)
    drawn = Resamples.draw(sample, rng, resamples)
    measures = {
        "accuracy": share(sample.correct, sample.units, level),
        "mean_confidence": drawn.mean(sample.confidence, sample.units, level),
        "ece": calibration_error(sample, drawn, level),
        "brier": drawn.mean(sample.gap**2, sample.units, level),
        "log_loss": drawn.mean(log_losses(sample), sample.units, level, highest=-np.log(LEAST_PROBABILITY)),
    }
    measures |= {f"risk_at_coverage_{part:g}": selective_risk(sample, drawn, part, level) for part in COVERAGES}
    if sample.right < sample.size:
        wrong = sample.only(sample.correct == 0)
        again = Resamples.draw(wrong, rng, resamples)
        measures["confidence_when_wrong"] = again.mean(wrong.confidence, wrong.units, level)
        measures[f"wrong_above_{SURE:g}"] = share((wrong.confidence > SURE).astype(np.float64), wrong.units, level)
        if sample.right:
            measures["auroc"] = auroc(sample, level)
    return Calibration(measures, _curve(sample, level))


def _curve(sample: Sample, level: float) -> tuple[Bin, ...]:
    bins = [sample.bins == number for number in range(int(sample.bins.max()) + 1)]
    return tuple(
        Bin(
            confidence=float(sample.confidence[inside].mean()),
            accuracy=share(sample.correct[inside], sample.only(inside).units, level),
            count=int(inside.sum()),
        )
        for inside in bins
    )


def calibration_error(sample: Sample, drawn: Resamples, level: float) -> Interval:
    """ECE: the mean over cases of |mean confidence - accuracy| in the case's bin.

    Chance moves the bins' accuracies away from their confidences, so the estimate lies above the truth, and resamples
    lie above the estimate by about as much again. The high end is their percentile; the low end lies at least as far
    below the estimate, and then lower by that bias.
    """
    gaps = np.zeros((drawn.sizes.size, int(sample.bins.max()) + 2))
    np.add.at(gaps, (sample.units, sample.bins), sample.gap)
    estimate = float(np.abs(gaps.sum(axis=0)).sum() / sample.size)
    lower = np.abs(drawn.means(gaps)).sum(axis=1)  # the imaginary unit is without a gap
    gaps[-1, -1] = drawn.sizes[-1]  # now it is wholly sure and wrong, in a bin of its own
    upper = np.abs(drawn.means(gaps)).sum(axis=1)
    above = max(0.0, float(np.quantile(upper, (1 + level) / 2)) - estimate)
    below = max(above, estimate - float(np.quantile(lower, (1 - level) / 2)))
    bias = max(0.0, float(lower.mean()) - estimate)
    return Interval(estimate, max(0.0, estimate - below - bias), min(1.0, estimate + above), level)


def log_losses(sample: Sample) -> Floats:
    """What each answer costs: minus the natural logarithm of the probability that was given to what turned out."""
    given = np.where(sample.correct == 1, sample.confidence, 1 - sample.confidence)
    losses: Floats = 0.0 - np.log(np.maximum(given, LEAST_PROBABILITY))
    return losses


def selective_risk(sample: Sample, drawn: Resamples, coverage: float, level: float) -> Interval:
    """The share of wrong answers among those that are given when only the surest `coverage` of all requests are.

    Of answers that are equally sure, where the threshold falls among them, each has the same chance to be given.
    """
    order = np.argsort(-sample.confidence, kind="stable")
    sure, wrong = sample.confidence[order], 1 - sample.correct[order]
    groups = np.flatnonzero(np.append(True, sure[1:] < sure[:-1]))

    def resampled(imaginary: float) -> Floats:
        """With the imaginary unit as the surest of all; it is right, or (1) wrong."""

        def risks(counts: npt.NDArray[np.int32]) -> Floats:
            cases = counts[:, sample.units[order]].astype(np.float64)
            extra = counts[:, -1:] * drawn.sizes[-1]
            grouped = [np.add.reduceat(weights, groups, axis=1) for weights in (cases, cases * wrong)]
            return _risks(np.hstack([extra, grouped[0]]), np.hstack([extra * imaginary, grouped[1]]), coverage)

        return drawn.by_row(sample.size, risks)

    counts = np.diff(np.append(groups, sample.size))[None, :].astype(np.float64)
    estimate = _risks(counts, np.add.reduceat(wrong, groups)[None, :], coverage)
    return between(float(estimate[0]), resampled(0.0), resampled(1.0), level)


def _risks(cases: Floats, errors: Floats, coverage: float) -> Floats:
    """The selective risk of each row; columns are groups of equal confidence, the surest first."""
    wanted = coverage * cases.sum(axis=1, keepdims=True)
    given = np.clip(wanted - (np.cumsum(cases, axis=1) - cases), 0, cases)
    rates = np.divide(errors, cases, out=np.zeros_like(cases), where=cases > 0)
    risks: Floats = (given * rates).sum(axis=1) / wanted[:, 0]
    return risks


def auroc(sample: Sample, level: float) -> Interval:
    """How probable it is that a right answer was given more surely than a wrong one; ties count half.

    Its variance is at most that of a rate seen in as many trials as there are right or wrong answers, whichever are
    fewer; so the exact interval of such a rate holds, with room to spare.
    """
    _, group, counts = np.unique(sample.confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    wrong = sample.size - sample.right
    pairs_won = float(ranks[sample.correct == 1].sum()) - sample.right * (sample.right + 1) / 2
    estimate = pairs_won / (sample.right * wrong)
    fewer = min(worth(sample.only(sample.correct == answer).units) for answer in (0, 1))
    exact = clopper_pearson(min(estimate * fewer, fewer), fewer, level)
    return Interval(estimate, exact.low, exact.high, level)
