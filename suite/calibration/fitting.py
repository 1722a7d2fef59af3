"""Fits calibrators to replies whose answer is known.

Sources: temperature scaling, Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017;
isotonic regression, Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
estimates", KDD 2002, by pool-adjacent-violators, Barlow, Bartholomew, Bremner and Brunk, "Statistical inference under
order restrictions", Wiley 1972. Which of the two is held-out log loss, by cross-validation over whole conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np

from fixtures.errors import UserError
from suite.calibration.calibrator import METHODS, Calibrator, Method, log_odds
from suite.calibration.figures import log_losses
from suite.calibration.resampling import Floats, Sample

FOLDS = 5
LEAST_UNITS = 50
"""Conversations; of fewer, a calibrator would tell more of chance than of the adapter."""
TEMPERATURES = (0.05, 20.0)
"""Outside of these, confidence is as good as 0, 1 or one half throughout."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is fitted on: confidence (0 to 1), whether the reply was right, and which conversation it is of."""

    confidence: Sequence[float]
    correct: Sequence[bool]
    units: Sequence[str]

    def pick(self, places: Sequence[int]) -> Pairs:
        """The cases at these places."""
        confidence, correct = ([column[place] for place in places] for column in (self.confidence, self.correct))
        return Pairs(confidence, list(map(bool, correct)), [self.units[place] for place in places])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibrator, and what cross-validation says: log loss by method (`raw` without any), and held-out confidence.

    `held_out` has for each case what a calibrator of the same method says that was fitted without its conversation.
    """

    calibrator: Calibrator
    log_loss: Mapping[str, float]
    held_out: tuple[float, ...]


def fit(pairs: Pairs, kind: str, method: Method | None, *, seed: int) -> Fitted:
    """Fit a calibrator of the figure `kind`; without a method, the one with the least held-out log loss.

    If none betters the figure as it comes, that is the temperature 1, which leaves it as it is.

    UserError for fewer than `LEAST_UNITS` conversations.
    """
    if len(set(pairs.units)) < LEAST_UNITS:
        problem = f"{len(set(pairs.units))} conversations with a figure of confidence are too few to calibrate by"
        raise UserError("calibrate", problem, allowed=f"{LEAST_UNITS} and more", hint="--rows with a larger number")
    folds = _folds(pairs.units, seed)
    held_out = {name: _held_out(pairs, folds, name) for name in METHODS}
    losses = {name: _loss(held_out[name], pairs) for name in METHODS}
    raw = _loss(pairs.confidence, pairs)
    every = {"raw": raw} | {str(name): loss for name, loss in losses.items()}
    if method is None and raw <= min(losses.values()):
        return Fitted(Calibrator("temperature", kind), every, tuple(pairs.confidence))
    chosen = min(METHODS, key=losses.__getitem__) if method is None else method
    return Fitted(_FITS[chosen](pairs, kind), every, tuple(held_out[chosen]))


def temperature(pairs: Pairs, kind: str) -> Calibrator:
    """The temperature with the least log loss."""
    from scipy.optimize import minimize_scalar

    sample = Sample.of(pairs.confidence, pairs.correct, None)
    # Of what turned out; so written, the loss is exact where probabilities are too near to 1 for a float.
    odds = log_odds(sample.confidence) * (2 * sample.correct - 1)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -odds / np.exp(log_temperature)).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return Calibrator("temperature", kind, temperature=float(np.exp(found.x)))


def isotonic(pairs: Pairs, kind: str) -> Calibrator:
    """The rising map with the least squared error, kept away from certainty by as much as the sample's size allows."""
    from scipy.optimize import isotonic_regression

    sample = Sample.of(pairs.confidence, pairs.correct, None)
    known, group = np.unique(sample.confidence, return_inverse=True)
    counts = np.bincount(group)
    rates = np.bincount(group, sample.correct) / counts
    mapped: Floats = isotonic_regression(rates, weights=counts).x
    doubt = 1 / (sample.size + 2)  # a rate of 0 or 1 in a sample is none (Laplace's rule of succession)
    points = list(zip(known.tolist(), np.clip(mapped, doubt, 1 - doubt).tolist(), strict=True))
    inner = [
        point
        for before, point, after in zip(points, points[1:], points[2:], strict=False)
        if not before[1] == point[1] == after[1]
    ]
    return Calibrator("isotonic", kind, points=tuple(dict.fromkeys([points[0], *inner, points[-1]])))


_FITS: Mapping[Method, Callable[[Pairs, str], Calibrator]] = {"temperature": temperature, "isotonic": isotonic}
Folds: TypeAlias = Sequence[Sequence[int]]


def _folds(units: Sequence[str], seed: int) -> Folds:
    """The places of the cases in `FOLDS` parts; no unit is in two of them."""
    names = sorted(set(units))
    Random(f"folds:{seed}").shuffle(names)
    fold = {name: number % FOLDS for number, name in enumerate(names)}
    return [[place for place, unit in enumerate(units) if fold[unit] == number] for number in range(FOLDS)]


def _held_out(pairs: Pairs, folds: Folds, method: Method) -> list[float]:
    said = [0.0] * len(pairs.units)
    for fold in folds:
        rest = sorted(set(range(len(said))) - set(fold))
        calibrator = _FITS[method](pairs.pick(rest), "")
        for place, mapped in zip(fold, calibrator(pairs.pick(fold).confidence), strict=True):
            said[place] = mapped
    return said


def _loss(confidence: Sequence[float], pairs: Pairs) -> float:
    return float(log_losses(Sample.of(confidence, pairs.correct, None)).mean())
