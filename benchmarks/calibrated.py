"""`python -m benchmarks.calibrated [--samples N]`: how many cases it takes to show that confidence is calibrated.

No model: each case has a confidence, and is right with just that probability, so that the true calibration error is 0.
Confidences are drawn from beta distributions: of a share of surely right answers and of others that are less sure, as
adapters of some accuracy have them. The figure is the gate's own (`suite/calibration/figures.py`) at the level of a
gate's look at it, and the table says how high the upper end of its interval is, in the mean and in 95 of 100 samples.

    | accuracy | cases | ece | upper end: mean | 95 % | at most 0.05 | at most 0.15 |
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from suite.calibration.figures import calibration_error
from suite.calibration.resampling import Resamples, Sample
from suite.contracts import GATING
from suite.lanes.budget import tests_in
from suite.statistics.verdict import GATE_RISKS, ceiling_level

RESAMPLES = 400
"""Of each sample; the gate takes 1,000, which moves its ends by less than the samples differ."""
CASES = (100, 200, 300, 400, 700, 1000, 1400)
SURE, UNSURE = (60.0, 0.6), (2.0, 1.5)
"""Beta distributions: of confidences near 1 (mean 0.99), and of those that may be anything (mean 0.57)."""
SURE_SHARES = (0.98, 0.9, 0.6)


def sample_of(cases: int, sure_share: float, rng: np.random.Generator) -> Sample:
    """A calibrated sample: each case is right with the probability of its confidence."""
    sure = rng.random(cases) < sure_share
    confidence = np.where(sure, rng.beta(*SURE, cases), rng.beta(*UNSURE, cases))
    return Sample.of(list(confidence), list(rng.random(cases) < confidence), None)


def line(cases: int, sure_share: float, samples: int, level: float, rng: np.random.Generator) -> str:
    """The line of the table for samples of so many cases."""
    means, estimates, ends = [], [], []
    for _ in range(samples):
        sample = sample_of(cases, sure_share, rng)
        interval = calibration_error(sample, Resamples.draw(sample, rng, RESAMPLES), level)
        means.append(float(sample.correct.mean()))
        estimates.append(interval.estimate)
        ends.append(interval.high)
    told = (np.mean(estimates), np.mean(ends), np.quantile(ends, 0.95))
    shares = (np.mean(np.array(ends) <= bar) for bar in (0.05, 0.15))
    figures = " | ".join(f"{figure:.3f}" for figure in told)
    return f"| {np.mean(means):.1%} | {cases} | {figures} | {' | '.join(f'{share:.0%}' for share in shares)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrated", description=__doc__)
    parser.add_argument("--samples", type=int, default=200, help="samples of each line")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    level = ceiling_level(GATE_RISKS.shared(tests_in(GATING)))
    sys.stdout.write(
        f"level {level:.2%}\n\n| accuracy | cases | ece | upper end: mean | 95 % | at most 0.05 | 0.15 |\n"
    )
    sys.stdout.write(f"|{' --- |' * 7}\n")
    for sure_share in SURE_SHARES:
        for cases in CASES:
            sys.stdout.write(line(cases, sure_share, options.samples, level, rng) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
