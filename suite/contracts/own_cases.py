"""The user's own cases.

Asked only with `--cases FILE`: labelled requests, asked word for word. The right answer is the row's own or one that it
accepts beside; who makes up an argument that the row does not say is judged by what the row says all the same. Each row
is asked once, in a seeded order; a file asked whole is judged by its exact share (suite/statistics/finite.py).
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.accepted import accepted
from suite.judging.contract import contract
from suite.outcome import Outcome, Rate
from suite.reply import Reply


@contract(cases=clear, bar=Rate(at_least=0.85, acceptable=0.93), rows="all")
def own_cases(case: Case, reply: Reply) -> Outcome:
    """A row of the user's own cases gets an answer that the row accepts."""
    return accepted(case, reply)
