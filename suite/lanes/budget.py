"""How many cases a gate asks: the calls that a contract may spend, split over the lanes, and where to stop early."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from suite.judging.contract import Contract
from suite.outcome import Every, Never
from suite.settings import DEFAULT_BUDGET
from suite.statistics.verdict import GATE_RISKS, least_to_pass

ROUND = 40
"""Cases a contract gets before its verdict is asked again: few enough to stop early, enough to fill batches."""
ASIDE = 2 * ROUND
"""Cases of a contract that does not gate: enough for a figure, few enough not to hold up the verdict."""
MOST_SEARCH, MOST_SHRINK = 60, 40
FIRST_LOOK = 4 * ROUND
"""Cases, at most, after which a statistic is looked at before its end."""
GLANCE, CAP = ROUND // 4, 3 * ROUND
"""Of those that do not gate, and at most of those that do if that may decide, once the gate has failed: people wait."""

GOES_ON = 3
"""A *never* contract that alone is undecided goes on to so many times what the budget measures: it tells shares apart
that are both small. benchmarks/error_rates.py says what that costs, docs/trust.md the figures."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How the model calls that one contract may spend are split over the lanes."""

    measure: int
    search: int
    shrink: int

    @classmethod
    def of(cls, calls: int) -> Budget:
        """Three quarters and more measure, because verdicts rest on them; the rest hunts and shrinks."""
        search, shrinking = min(calls * 15 // 100, MOST_SEARCH), min(calls * 10 // 100, MOST_SHRINK)
        return cls(calls - search - shrinking, search, shrinking)


def most_drawn(contract: Contract, budget: int = DEFAULT_BUDGET) -> int:
    """How many cases a gate of this budget measures of a contract at most, before one goes on alone; of own rows, all
    that must hold."""
    if contract.rows:
        most = contract.sample or 0
        return most if contract.rows == "must" else min(most, Budget.of(budget).measure)
    most = Budget.of(budget).measure if contract.bar.gating else ASIDE
    return min(most, contract.sample or most)


def longer(contract: Contract) -> int:
    """How many times what the budget measures it may have, if nothing else is undecided; 1 for most contracts."""
    bar = contract.bar
    return GOES_ON if isinstance(bar, Never) and bar.gating and not bar.strict and not contract.rows else 1


def most_replies(contracts: Sequence[Contract], budget: int) -> int:
    """An upper bound of the replies that a gate of these contracts asks for, the champion's and the bare base's apart.

    Contracts that draw alike share what is measured; a reply may have a second one beside it.
    """
    measured: dict[object, int] = {}
    for contract in contracts:
        most = most_drawn(contract, budget) * (1 if contract.bar.gating else 2) * longer(contract)
        drawn = contract.draw, contract.rows
        measured[drawn] = max(measured.get(drawn, 0), most)
    hunted = Budget.of(budget).search + Budget.of(budget).shrink
    return sum(measured.values()) + hunted * sum(c.bar.gating and not c.rows for c in contracts)


MOST_BUDGET = 100_000
"""Calls of one contract; nobody gates for longer."""


def budget_for(measured: int, least: int = 1) -> int:
    """The smallest budget, from `least` on, of which so many cases are measured."""
    return next(calls for calls in count(max(least, measured)) if Budget.of(calls).measure >= measured)


def tests_in(contracts: Iterable[Contract]) -> int:
    """How many of the contracts may be wrong by chance, and share the gate's risks: that each of given rows holds is
    seen, not inferred."""
    return sum(contract.bar.gating and not isinstance(contract.bar, Every) for contract in contracts)


def too_small(contracts: Sequence[Contract], budget: int) -> str:
    """Which gating contracts cannot pass with this budget however good the adapter is, and which budget lets them."""
    risks = GATE_RISKS.shared(tests_in(contracts))
    # Of own rows, few are enough: those of a file that is asked whole are counted.
    gating = [contract for contract in contracts if contract.bar.gating and not contract.rows]
    least = {one.name: -(-least_to_pass(one.bar, risks) // longer(one)) for one in gating}
    short = [name for name, cases in least.items() if cases > Budget.of(budget).measure]
    if not short:
        return ""
    enough = budget_for(max(least.values()), budget)
    return f"with --budget {budget}, {', '.join(short)} cannot pass; --budget {enough} is the least that lets all pass"
