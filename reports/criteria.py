"""What adapters are compared by: each criterion is one figure of a results file or of a run's cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

from suite.outcome import ContractResult, Results

Cost = Mapping[str, float]
"""Of a run folder's cost.json: `seconds` of training and `peak_memory_bytes`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One run's figure; `error` is the standard error that comes of asking so many `cases` and no more."""

    value: float
    error: float = 0.0
    cases: int = 0


Reader: TypeAlias = Callable[[Results, Cost], Figure | None]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A row of the comparison; `figure` is None where a run does not have it."""

    name: str
    figure: Reader
    percent: bool = True
    lower_is_better: bool = False

    def text(self, value: float) -> str:
        return f"{value:.1%}" if self.percent else f"{value:.3g}"


def _contract(results: Results, name: str) -> ContractResult | None:
    return next((c for c in results.contracts if c.name == name), None)


def held(name: str) -> Reader:
    """The share of measured cases in which the contract holds.

    Its error is that of Agresti and Coull (The American Statistician 52, 1998), who add two successes and two failures:
    80 of 80 are not known to be all.
    """

    def figure(results: Results, cost: Cost) -> Figure | None:
        found = _contract(results, name)
        if not found or not found.tally.trials:
            return None
        trials, kept = found.tally.trials, found.tally.held
        likely = (kept + 2) / (trials + 4)
        return Figure(kept / trials, math.sqrt(likely * (1 - likely) / (trials + 4)), trials)

    return figure


def broken(name: str) -> Reader:
    """The share of measured cases in which the contract is broken."""

    def figure(results: Results, cost: Cost) -> Figure | None:
        share = held(name)(results, cost)
        return share and Figure(1 - share.value, share.error, share.cases)

    return figure


def measure(name: str, statistic: str) -> Reader:
    """A statistic over the measured sample, with the error that its interval tells."""

    def figure(results: Results, cost: Cost) -> Figure | None:
        found = _contract(results, name)
        interval = found.measures.get(statistic) if found else None
        if not found or not interval:
            return None
        reach = NormalDist().inv_cdf((1 + interval.level) / 2)
        return Figure(interval.estimate, (interval.high - interval.low) / (2 * reach), found.tally.trials)

    return figure


def cost(key: str, unit: float) -> Reader:
    """What training took, in multiples of `unit`."""

    def figure(results: Results, spent: Cost) -> Figure | None:
        return Figure(spent[key] / unit) if key in spent else None

    return figure


CRITERIA: tuple[Criterion, ...] = (
    Criterion("tool accuracy", held("right_tool")),
    Criterion("exactly right calls", held("right_arguments")),
    Criterion("JSON validity under stress", held("valid_calls")),
    Criterion("schema discipline: a tool is chosen", held("chooses_a_tool")),
    Criterion("grounded arguments", held("grounded_arguments")),
    Criterion("multi-tool ambiguity", held("arbitrates_between_tools")),
    Criterion("knows when nothing fits", held("knows_when_nothing_fits")),
    Criterion("hallucinated tools", broken("never_hallucinates_tools"), lower_is_better=True),
    Criterion("calibration error (ECE)", measure("calibrated_confidence", "ece"), percent=False, lower_is_better=True),
    Criterion("training, minutes", cost("seconds", 60), percent=False, lower_is_better=True),
    Criterion("peak memory, GB", cost("peak_memory_bytes", 1e9), percent=False, lower_is_better=True),
)
