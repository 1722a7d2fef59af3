"""The user's own cases.

Asked only with `--cases FILE`: labelled requests, asked word for word. The right answer is the row's own or one that it
accepts beside; an argument whose value nobody said is not judged, unless the row says otherwise (docs/cases.md). Each
row is asked once, in a seeded order; a file asked whole is judged by its exact share (suite/statistics/finite.py).
Regression cases do not count here: they are chosen, and so no sample of what people ask.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.accepted import accepted
from suite.judging.contract import contract
from suite.outcome import Outcome, Rate
from suite.reply import Reply


@contract(cases=clear, bar=Rate(at_least=0.85, acceptable=0.93), rows="sample")
def own_cases(case: Case, reply: Reply) -> Outcome:
    """A row of the user's own cases gets an answer that the row accepts."""
    return accepted(case, reply)
