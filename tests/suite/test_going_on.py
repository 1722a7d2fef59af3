"""A *never* contract that alone keeps a gate from its verdict is measured beyond the budget."""

from __future__ import annotations

from pathlib import Path

from fixtures.types import Case
from suite.contracts import CONTRACTS
from suite.gating import gate
from suite.lanes.budget import GOES_ON, Budget, most_replies, too_small
from suite.lanes.rehearsal import right, scripted
from suite.outcome import ContractResult
from suite.policy import with_bars

BUDGET = 200
MEASURED = Budget.of(BUDGET).measure
PROSE = "Sure, I will do that.<end_of_turn>"
NAMES = ("never_hallucinates_tools", "chooses_a_tool")
PAIR = tuple(contract for contract in CONTRACTS if contract.name in NAMES)


def gated(folder: Path, answer=right, bars=None, **more) -> dict[str, ContractResult]:
    engine, contracts = scripted(with_bars(PAIR, bars or {}), answer)
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=BUDGET, cache=folder, **more)
    return {contract.name: contract for contract in results.contracts}


def test_alone_it_goes_on_until_it_is_decided(tmp_path: Path):
    found = gated(tmp_path)
    assert {contract.verdict.name for contract in found.values()} == {"pass"}
    assert MEASURED < found["never_hallucinates_tools"].tally.trials <= GOES_ON * MEASURED
    assert found["chooses_a_tool"].tally.trials <= MEASURED


def test_beside_another_that_is_undecided_it_does_not(tmp_path: Path):
    asked: list[str] = []

    def answer(case: Case) -> str:
        """Prose to every 28th clear request: neither above the bar of 95 % nor short of an acceptable 98 %."""
        key = f"{case.messages}{case.catalog.names}"
        if case.kind == "clear" and key not in asked:
            asked.append(key)
        return PROSE if case.kind == "clear" and asked.index(key) % 28 == 27 else right(case)

    found = gated(tmp_path, answer)
    assert {contract.verdict.name for contract in found.values()} == {"undecided"}
    assert {contract.tally.trials for contract in found.values()} == {MEASURED}


def test_one_that_tolerates_nothing_is_asked_no_more_than_the_budget_allows(tmp_path: Path):
    never = gated(tmp_path, bars={"never_hallucinates_tools": {"strict": True}})["never_hallucinates_tools"]
    assert (never.verdict.name, never.tally.trials) == ("undecided", MEASURED)


def test_a_budget_that_is_enough_for_one_that_goes_on_is_not_called_too_small():
    assert too_small(PAIR, BUDGET) == ""
    assert "never_hallucinates_tools" in too_small(with_bars(PAIR, {NAMES[0]: {"strict": True}}), BUDGET)


def test_what_is_told_of_replies_at_most_counts_that_it_may_go_on():
    (never,) = (contract for contract in PAIR if contract.name == NAMES[0])
    assert most_replies([never], BUDGET) == GOES_ON * MEASURED + BUDGET - MEASURED
