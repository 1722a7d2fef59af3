"""Is the model as often right as it is sure? Figures, intervals and the reliability curve.

Input is one (confidence, correct) pair for each case; the case is the unit that the bootstrap draws again. Confidence
is compared with accuracy in bins of equal mass: about as many cases in each, with equal confidences never parted.

Sources: expected calibration error, Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
Bayesian binning", AAAI 2015; equal-mass bins, Nguyen and O'Connor, "Posterior calibration and exploratory analysis for
natural language processing models", EMNLP 2015, and Roelofs et al., "Mitigating bias in calibration error estimation",
AISTATS 2022; Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950);
bootstrap, Davison and Hinkley, "Bootstrap methods and their application", Cambridge 1997, chapter 5; the variance of
AUROC, Birnbaum and Klose, "Bounds for the variance of the Mann-Whitney statistic", Ann. Math. Statist. 28 (1957).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from suite.outcome import Bin, Interval
from suite.stats import LEVEL, EmptySampleError, clopper_pearson

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]

MOST_BINS = 10
CASES_PER_BIN = 20  # fewer, and chance alone moves a bin's accuracy by more than 0.1
RESAMPLES = 1000
CELLS_AT_ONCE = 4_000_000  # of a resampling matrix, 32 MB


@dataclass(frozen=True, slots=True)
class Calibration:
    """Figures of one kind of confidence over a sample, and its reliability curve by rising confidence.

    `measures` are `accuracy`, `mean_confidence`, `ece`, `brier` and, if some answers are right and some wrong, `auroc`.
    """

    measures: Mapping[str, Interval]
    curve: tuple[Bin, ...]


def calibration(
    confidence: Sequence[float],
    correct: Sequence[bool],
    *,
    seed: int | np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Calibration:
    """Measure calibration; the i-th case was answered with `confidence[i]` (0 to 1) and was right if `correct[i]`.

    Intervals are two-sided at `level`. Raises EmptySampleError without cases.
    """
    sample = _Sample.of(confidence, correct)
    drawn = _Resamples.draw(sample, np.random.default_rng(seed), resamples)
    measures = {
        "accuracy": clopper_pearson(sample.right, sample.size, level),
        "mean_confidence": drawn.mean(sample.confidence, level),
        "ece": drawn.calibration_error(sample, level),
        "brier": drawn.mean(sample.gap**2, level),
    }
    if 0 < sample.right < sample.size:
        measures["auroc"] = _auroc(sample, level)
    return Calibration(measures, _curve(sample, level))


def _curve(sample: _Sample, level: float) -> tuple[Bin, ...]:
    counts = np.bincount(sample.bins)
    means = np.bincount(sample.bins, sample.confidence) / counts
    right = np.bincount(sample.bins, sample.correct)
    return tuple(
        Bin(confidence=float(mean), accuracy=clopper_pearson(int(k), int(n), level), count=int(n))
        for mean, k, n in zip(means, right, counts, strict=True)
    )


def equal_mass_bins(confidence: Floats) -> Ints:
    """The bin of each case: bins are numbered from 0 by rising confidence, none is empty, ties share one.

    At most `MOST_BINS`, and fewer if a bin would hold less than `CASES_PER_BIN`.
    """
    wanted = max(1, min(MOST_BINS, confidence.size // CASES_PER_BIN))
    _, group, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - counts / 2
    bin_of_group = np.floor(middle_rank * wanted / confidence.size)
    _, bins = np.unique(bin_of_group[group], return_inverse=True)
    return bins


@dataclass(frozen=True, slots=True)
class _Sample:
    """`confidence` and `correct` (0 or 1) of each case, and its bin."""

    confidence: Floats
    correct: Floats
    bins: Ints

    @classmethod
    def of(cls, confidence: Sequence[float], correct: Sequence[bool]) -> _Sample:
        if len(confidence) != len(correct):
            raise ValueError(f"{len(confidence)} confidences for {len(correct)} answers")
        if not len(confidence):
            raise EmptySampleError("calibration needs at least one case")
        sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
        if not ((sure >= 0) & (sure <= 1)).all():
            raise ValueError("a confidence must lie between 0 and 1")
        return cls(sure, right, equal_mass_bins(sure))

    @property
    def size(self) -> int:
        return self.confidence.size

    @property
    def right(self) -> int:
        return int(self.correct.sum())

    @property
    def gap(self) -> Floats:
        return self.confidence - self.correct


@dataclass(frozen=True, slots=True)
class _Resamples:
    """How often each case stands in each resample: `counts` is (resamples, cases + 1).

    The last column is an imaginary case, as extreme as a case can be. Without it, a sample that holds no error could
    not show that there may be errors, and its interval would have no width; with it, the end of the interval moves by
    about 3 / cases, the rule of three.
    """

    counts: npt.NDArray[np.int32]

    @classmethod
    def draw(cls, sample: _Sample, rng: np.random.Generator, resamples: int) -> _Resamples:
        share = np.full(sample.size + 1, 1 / (sample.size + 1))
        rows = max(1, CELLS_AT_ONCE // share.size)
        sizes = [min(rows, resamples - first) for first in range(0, resamples, rows)]
        return cls(np.concatenate([rng.multinomial(sample.size, share, size).astype(np.int32) for size in sizes]))

    def _means(self, values: Floats) -> Floats:
        """The mean of each resample: (resamples, ...) from (cases + 1, ...)."""
        cases = self.counts.shape[1] - 1
        rows = max(1, CELLS_AT_ONCE // (cases + 1))
        parts = [self.counts[first : first + rows] @ values for first in range(0, len(self.counts), rows)]
        means: Floats = np.concatenate(parts) / cases
        return means

    def mean(self, values: Floats, level: float) -> Interval:
        """The mean of values between 0 and 1, with percentile ends: an imaginary 0 for the low, a 1 for the high."""
        tail = (1 - level) / 2
        low = float(np.quantile(self._means(np.append(values, 0.0)), tail))
        high = float(np.quantile(self._means(np.append(values, 1.0)), 1 - tail))
        estimate = float(values.mean())
        return Interval(estimate, min(low, estimate), max(high, estimate), level)

    def calibration_error(self, sample: _Sample, level: float) -> Interval:
        """ECE: the mean over cases of |mean confidence - accuracy| in the case's bin.

        Chance moves the bins' accuracies away from their confidences, so the estimate lies above the truth, and
        resamples lie above the estimate by about as much again. The high end is their percentile; the low end lies at
        least as far below the estimate, and then lower by that bias.
        """
        gaps = np.zeros((sample.size + 1, int(sample.bins.max()) + 2))
        gaps[np.arange(sample.size), sample.bins] = sample.gap
        estimate = float(np.abs(gaps.sum(axis=0)).sum() / sample.size)
        lower = self._summed(gaps)  # the imaginary case is without a gap
        gaps[-1, -1] = 1.0  # now it is wholly sure and wrong, in a bin of its own
        above = max(0.0, float(np.quantile(self._summed(gaps), (1 + level) / 2)) - estimate)
        below = max(above, estimate - float(np.quantile(lower, (1 - level) / 2)))
        bias = max(0.0, float(lower.mean()) - estimate)
        return Interval(estimate, max(0.0, estimate - below - bias), min(1.0, estimate + above), level)

    def _summed(self, gaps: Floats) -> Floats:
        """The calibration error of each resample, from the gaps of all cases by bin."""
        errors: Floats = np.abs(self._means(gaps)).sum(axis=1)
        return errors


def _auroc(sample: _Sample, level: float) -> Interval:
    """How probable it is that a right answer was given more surely than a wrong one; ties count half.

    Its variance is at most that of a rate seen in as many trials as there are right or wrong answers, whichever are
    fewer; so the exact interval of such a rate holds, with room to spare.
    """
    _, group, counts = np.unique(sample.confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    wrong = sample.size - sample.right
    pairs_won = float(ranks[sample.correct == 1].sum()) - sample.right * (sample.right + 1) / 2
    fewer = min(sample.right, wrong)
    return clopper_pearson(pairs_won / (sample.right * wrong) * fewer, fewer, level)
