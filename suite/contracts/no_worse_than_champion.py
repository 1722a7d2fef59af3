"""No worse than the champion.

Asked only with `--champion PATH`: both adapters answer the cases that the other gating contracts have measured, and for
each contract the pairs decide (suite/statistics/paired.py). The slice that drives a loss is named.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import NotApplicable, NoWorse, Outcome
from suite.reply import Reply


@contract(cases=clear, bar=NoWorse())
def no_worse_than_champion(case: Case, reply: Reply) -> Outcome:
    """On the same cases, no gating contract is lost to the champion more often than it is won."""
    return NotApplicable("the pairs decide, not a single reply")
