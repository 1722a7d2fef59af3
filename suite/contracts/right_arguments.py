"""Right arguments.

Compared by JSON type and value (1 is 1.0 but not true and not "1"), whatever the order of keys and of several calls.
What nobody said in a request of people's own is the fault of their data: it is not judged here (docs/exam.md).
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import answers, calls_text
from suite.exam.cases import clear
from suite.judging.accepted import wanted_text
from suite.judging.contract import contract
from suite.judging.wrong_arguments import wrong_arguments
from suite.outcome import Broken, Held, NotApplicable, Outcome, Rate
from suite.reply import Reply


@contract(cases=clear, bar=Rate(at_least=0.8, acceptable=0.92), explain=wrong_arguments)
def right_arguments(case: Case, reply: Reply) -> Outcome:
    """A reply that calls the right tools calls them with the very arguments that the request says."""
    wanted, got = case.oracle.calls, reply.parsed.calls
    if wanted is None:
        return NotApplicable("nobody knows the right answer")
    if sorted(call.name for call in got) != sorted(call.name for call in wanted):
        return NotApplicable("the reply calls other tools, which is another contract's concern")
    if answers(case, got):
        return Held()
    return Broken(got=calls_text(got), wanted=wanted_text(case))
