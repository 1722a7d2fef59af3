"""`python -m benchmarks.whole_gates [--gates N]`: how whole gates end at the default budget, contracts together.

No model: a contract is a rate at which it holds. The contracts are those that gate by default and are tested as rates;
the risks are shared with the one about a statistic too. Each measures what the default budget allows, in the gate's own
rounds, and a *never* contract that alone is undecided goes on, as in `suite/lanes/run.py`. The search is left out.

The first table has gates of which *never* alone may miss its rate: all others hold always. In the second, the cases of
one number stand on one catalog, so that contracts fail together: what decides a case is a normal variable of which a
part is common to all contracts, and `correlation` is that part's share of the variance (a Gaussian copula).

    | true failures | accepted | rejected | undecided | cases: mean | 95 % | at the budget: undecided | cases: mean |
    | correlation | all acceptable: opened | rejected | undecided | one at its bar: opened, at most |
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from suite.contracts import GATING
from suite.lanes.budget import GOES_ON, ROUND, Budget, tests_in
from suite.outcome import Never, Rate
from suite.settings import DEFAULT_BUDGET
from suite.statistics.sequential import RateTest
from suite.statistics.verdict import GATE_RISKS

RISKS = GATE_RISKS.shared(tests_in(GATING))
AT_ONCE = 500
"""Gates that are drawn together: what fits into memory."""
FAILURES = (0.0125, 0.0072, 0.004, 0.003, 0.002, 0.0015, 0.001, 0.0005)
CORRELATIONS = (0.0, 0.3, 0.6, 0.9)
Cases = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.int8]
"""1 for accepted, -1 for rejected, 0 for undecided."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One contract: its test, the rates of failure at its bar and that are acceptable, and whether it may go on."""

    name: str
    test: RateTest
    at_bar: float
    acceptable: float
    goes_on: bool


def tested() -> list[Tested]:
    """The contracts that gate by default and are judged by a sequential test."""
    found = []
    for contract in GATING:
        match contract.bar:
            case Never(bound=bound, acceptable=may, strict=False):
                test = RateTest(1 - may, 1 - bound, RISKS)
                found.append(Tested(contract.name, test, bound, may, True))
            case Rate(at_least=least, acceptable=good) if not contract.rows:
                found.append(Tested(contract.name, RateTest(good, least, RISKS), 1 - least, 1 - good, False))
    return found


def judged(test: RateTest, failed: Cases) -> tuple[Verdicts, npt.NDArray[np.int_]]:
    """The verdict on each row of cases, looked at after every round, and how many cases it took."""
    held_one, failed_one = test.evidence(1, 0), test.evidence(0, 1)
    cases = failed.shape[1]
    looks = np.array([*range(ROUND, cases, ROUND), cases])
    failures = failed.cumsum(axis=1)[:, looks - 1]
    evidence = (looks - failures) * held_one + failures * failed_one
    verdicts = (evidence >= -math.log(RISKS.beta)).astype(np.int8) - (evidence <= math.log(RISKS.alpha))
    decided = verdicts != 0
    first = np.where(decided.any(axis=1), decided.argmax(axis=1), len(looks) - 1)
    return verdicts[np.arange(len(failed)), first].astype(np.int8), looks[first]


def gates(rates: Sequence[float], correlation: float, count: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """The verdicts of `count` gates (rows) on all contracts (columns), which fail at these rates."""
    from scipy.special import ndtri

    contracts, measured = tested(), Budget.of(DEFAULT_BUDGET).measure
    common = rng.standard_normal((count, GOES_ON * measured), dtype=np.float32)
    ended = np.zeros((count, len(contracts)), dtype=np.int8)
    failed: dict[int, Cases] = {}
    for place, (contract, rate) in enumerate(zip(contracts, rates, strict=True)):
        own = rng.standard_normal(common.shape if contract.goes_on else (count, measured), dtype=np.float32)
        decides = math.sqrt(correlation) * common[:, : own.shape[1]] + math.sqrt(1 - correlation) * own
        failed[place] = decides < (ndtri(rate) if rate else -np.inf)
        ended[:, place] = judged(contract.test, failed[place][:, :measured])[0]
    for place, contract in enumerate(contracts):
        others = np.delete(ended, place, axis=1)
        alone = (others == 1).all(axis=1) & (ended[:, place] == 0)
        if contract.goes_on and alone.any():
            ended[alone, place] = judged(contract.test, failed[place][alone])[0]
    return ended


def in_parts(rates: Sequence[float], correlation: float, count: int, rng: np.random.Generator) -> Verdicts:
    return np.concatenate([gates(rates, correlation, AT_ONCE, rng) for _ in range(-(-count // AT_ONCE))])


def never_alone(count: int, rng: np.random.Generator) -> list[str]:
    """The first table, whose *never* goes on alone."""
    (never,) = (one for one in tested() if one.goes_on)
    measured = Budget.of(DEFAULT_BUDGET).measure
    told = "true failures | accepted | rejected | undecided | cases: mean | 95 %"
    lines = [f"| {told} | at the budget: undecided | cases: mean |", "|" + " --- |" * 8]
    for rate in FAILURES:
        failed = rng.random((count, GOES_ON * measured), dtype=np.float32) < rate
        (verdicts, cases), (before, fewer) = judged(never.test, failed), judged(never.test, failed[:, :measured])
        shares = " | ".join(f"{(verdicts == word).mean():.2%}" for word in (1, -1, 0))
        taken = f"{cases.mean():.0f} | {np.quantile(cases, 0.95):.0f}"
        lines.append(f"| {rate:.2%} | {shares} | {taken} | {(before == 0).mean():.2%} | {fewer.mean():.0f} |")
    return lines


def together(count: int, rng: np.random.Generator) -> list[str]:
    """The second table: all contracts, dependent on each other."""
    contracts = tested()
    good = [contract.acceptable for contract in contracts]
    lines = [
        "| correlation | all acceptable: opened | rejected | undecided | one at its bar: opened, at most |",
        "|" + " --- |" * 5,
    ]
    for correlation in CORRELATIONS:
        fine = in_parts(good, correlation, count, rng)
        opened, rejected = (fine == 1).all(axis=1), (fine == -1).any(axis=1)
        passed = []
        for place, contract in enumerate(contracts):
            bad = [contract.at_bar if n == place else rate for n, rate in enumerate(good)]
            passed.append((in_parts(bad, correlation, count, rng) == 1).all(axis=1).mean())
        left = 1 - opened.mean() - rejected.mean()
        figures = " | ".join(f"{x:.1%}" for x in (opened.mean(), rejected.mean(), left, max(passed)))
        lines.append(f"| {correlation:g} | {figures} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_gates", description=__doc__)
    parser.add_argument("--gates", type=int, default=4_000, help="simulated gates of each line")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for table in (never_alone, together):
        sys.stdout.write("\n".join(table(options.gates, rng)) + "\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
