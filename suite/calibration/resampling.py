"""Samples of replies, and intervals by drawing whole units (conversations) again.

Sources: bootstrap, Davison and Hinkley, "Bootstrap methods and their application", Cambridge 1997, chapter 5; of whole
clusters, Field and Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69 (2007); what clustered cases are
worth, Kish, "Survey sampling", Wiley 1965, chapter 5; equal-mass bins, Nguyen and O'Connor, "Posterior calibration and
exploratory analysis for natural language processing models", EMNLP 2015, and Roelofs et al., "Mitigating bias in
calibration error estimation", AISTATS 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from suite.outcome import Interval
from suite.statistics.stats import EmptySampleError, clopper_pearson

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]

MOST_BINS = 10
CASES_PER_BIN = 20  # fewer, and chance alone moves a bin's accuracy by more than 0.1
CELLS_AT_ONCE = 4_000_000  # of a resampling matrix, 32 MB


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
class Sample:
    """`confidence` and `correct` (0 or 1) of each case, its bin, and its unit; both are numbered from 0."""

    confidence: Floats
    correct: Floats
    bins: Ints
    units: Ints

    @classmethod
    def of(cls, confidence: Sequence[float], correct: Sequence[bool], units: Sequence[str] | None) -> Sample:
        """A sample of at least one case; without `units` each case is one of its own."""
        told = [len(confidence), len(correct), len(confidence if units is None else units)]
        if len(set(told)) > 1:
            raise ValueError(f"{told[0]} confidences for {told[1]} answers in {told[2]} places")
        if not len(confidence):
            raise EmptySampleError("calibration needs at least one case")
        sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
        if not ((sure >= 0) & (sure <= 1)).all():
            raise ValueError("a confidence must lie between 0 and 1")
        return cls(sure, right, equal_mass_bins(sure), _numbered(np.arange(sure.size) if units is None else units))

    def only(self, chosen: npt.NDArray[np.bool_]) -> Sample:
        """The chosen cases; at least one."""
        sure = self.confidence[chosen]
        return Sample(sure, self.correct[chosen], equal_mass_bins(sure), _numbered(self.units[chosen]))

    @property
    def size(self) -> int:
        return self.confidence.size

    @property
    def right(self) -> int:
        return int(self.correct.sum())

    @property
    def gap(self) -> Floats:
        return self.confidence - self.correct


def _numbered(units: Sequence[str] | Ints) -> Ints:
    return np.unique(np.asarray(units), return_inverse=True)[1]


def worth(units: Ints) -> float:
    """How many independent cases these tell at least as much as; all of them, if each is a unit of its own.

    Kish's effective size for cases that are all alike within their unit, which is the worst there is.
    """
    sizes = np.bincount(units)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def share(hits: Floats, units: Ints, level: float) -> Interval:
    """The share of cases that are hits (0 or 1, or halves), with the exact interval of what the units are worth."""
    trials, count = worth(units), float(hits.sum())
    held = min(count * (trials / hits.size), trials)  # the minimum only mends rounding
    exact = clopper_pearson(held, trials, level)
    return Interval(count / hits.size, exact.low, exact.high, level)


@dataclass(frozen=True, slots=True)
class Resamples:
    """How often each unit stands in each resample: `counts` is (resamples, units + 1); `sizes` has their cases.

    The last column is an imaginary unit of average size, as extreme as can be. Without it, a sample that holds no error
    could not show that there may be errors, and its interval would have no width; with it, the end of the interval
    moves by about 3 / units, the rule of three.
    """

    counts: npt.NDArray[np.int32]
    sizes: Floats

    @classmethod
    def draw(cls, sample: Sample, rng: np.random.Generator, resamples: int) -> Resamples:
        cases = np.bincount(sample.units).astype(np.float64)
        chance = np.full(cases.size + 1, 1 / (cases.size + 1))
        rows = max(1, CELLS_AT_ONCE // chance.size)
        parts = [min(rows, resamples - first) for first in range(0, resamples, rows)]
        counts = np.concatenate([rng.multinomial(cases.size, chance, part).astype(np.int32) for part in parts])
        return cls(counts, np.append(cases, cases.mean()))

    def by_row(self, width: int, figure: Callable[[npt.NDArray[np.int32]], Floats]) -> Floats:
        """`figure` of all resamples, handed to it a few at a time, as many as `width` columns leave room for."""
        rows = max(1, CELLS_AT_ONCE // width)
        return np.concatenate([figure(self.counts[first : first + rows]) for first in range(0, len(self.counts), rows)])

    def means(self, sums: Floats) -> Floats:
        """The mean over the cases of each resample: (resamples, ...) from the sums of each unit, (units + 1, ...)."""

        def mean(counts: npt.NDArray[np.int32]) -> Floats:
            cases = counts @ self.sizes
            means: Floats = (counts @ sums) / cases.reshape(-1, *[1] * (sums.ndim - 1))
            return means

        return self.by_row(self.counts.shape[1], mean)

    def mean(self, values: Floats, units: Ints, level: float, *, highest: float = 1.0) -> Interval:
        """The mean of values from 0 to `highest`, with percentile ends: an imaginary 0 for the low, `highest` above."""
        sums = np.bincount(units, values)
        low = self.means(np.append(sums, 0.0))
        high = self.means(np.append(sums, highest * self.sizes[-1]))
        return between(float(values.mean()), low, high, level)


def between(estimate: float, low: Floats, high: Floats, level: float) -> Interval:
    """Percentile ends from the resamples with either extreme; the estimate is never outside."""
    tail = (1 - level) / 2
    ends = float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail))
    return Interval(estimate, min(ends[0], estimate), max(ends[1], estimate), level)
