"""Regression cases.

Asked only with `--cases FILE`, where a row says `"must": true`: something went wrong once, and may not again. All such
rows are asked, whatever the budget is, and one that is broken closes the gate.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.accepted import accepted
from suite.judging.contract import contract
from suite.outcome import Every, Outcome
from suite.reply import Reply


@contract(cases=clear, bar=Every(), rows="must")
def regression_cases(case: Case, reply: Reply) -> Outcome:
    """Every row of the user's own cases that must hold gets an answer that the row accepts."""
    return accepted(case, reply)
