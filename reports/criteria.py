"""What adapters are compared by: each criterion is one figure of a results file or of a run's cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from suite.outcome import ContractResult, Results

Cost = Mapping[str, float]
"""Of a run folder's cost.json: `seconds` of training and `peak_memory_bytes`."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A row of the comparison; `figure` is None where a run does not have it."""

    name: str
    figure: Callable[[Results, Cost], float | None]
    percent: bool = True
    lower_is_better: bool = False

    def text(self, value: float) -> str:
        return f"{value:.1%}" if self.percent else f"{value:.3g}"


def _contract(results: Results, name: str) -> ContractResult | None:
    return next((c for c in results.contracts if c.name == name), None)


def held(name: str) -> Callable[[Results, Cost], float | None]:
    """The share of measured cases in which the contract holds."""

    def figure(results: Results, cost: Cost) -> float | None:
        found = _contract(results, name)
        return found.tally.held / found.tally.trials if found and found.tally.trials else None

    return figure


def broken(name: str) -> Callable[[Results, Cost], float | None]:
    """The share of measured cases in which the contract is broken."""

    def figure(results: Results, cost: Cost) -> float | None:
        share = held(name)(results, cost)
        return None if share is None else 1 - share

    return figure


def measure(name: str, statistic: str) -> Callable[[Results, Cost], float | None]:
    """A statistic over the measured sample."""

    def figure(results: Results, cost: Cost) -> float | None:
        found = _contract(results, name)
        interval = found.measures.get(statistic) if found else None
        return interval.estimate if interval else None

    return figure


def cost(key: str, unit: float) -> Callable[[Results, Cost], float | None]:
    """What training took, in multiples of `unit`."""

    def figure(results: Results, spent: Cost) -> float | None:
        return spent[key] / unit if key in spent else None

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
