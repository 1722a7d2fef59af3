"""What a test report carries of a contract: JUnit files have these as properties of the test case."""

from __future__ import annotations

from suite.outcome import ContractResult, Results
from suite.results.cases import case_id
from suite.results.summary import bar_text, deciding_figure

VERDICT = "verdict"


def properties(contract: ContractResult, results: Results) -> list[tuple[str, object]]:
    """Name and value of each: the verdict, the figure it rests on with its interval, counts, seed and bar,
    and the IDs of its counterexamples."""
    figure = deciding_figure(contract)
    told: list[tuple[str, object]] = [(VERDICT, contract.verdict.name)]
    if figure is not None:
        told += [("rate", round(figure.estimate, 6)), ("low", round(figure.low, 6)), ("high", round(figure.high, 6))]
        told.append(("level", figure.level))
    told += [("held", contract.tally.held), ("cases", contract.tally.trials), ("found", contract.tally.found)]
    told += [("calls", results.budget), ("seed", results.seed)]
    if contract.counterexamples:
        told.append(("counterexamples", " ".join(case_id(example.case) for example in contract.counterexamples)))
    return [*told, ("bar", bar_text(contract.bar)), ("gating", contract.bar.gating)]
