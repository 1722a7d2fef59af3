"""Same answer, asked otherwise.

A metamorphic contract: nobody needs to know the right answer. Tools and parameters in another order or under other
names, tools more or less that do not matter, descriptions and requests in other words: the call may not change, but for
the names that were changed with it.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import calls_text, same_calls
from suite.exam.cases import asked_otherwise
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=asked_otherwise, bar=ReportOnly())
def same_answer_asked_otherwise(case: Case, reply: Reply) -> Outcome:
    """The same request, asked otherwise in a way that does not matter, gets the same call."""
    if case.variant is None or reply.other is None:
        return NotApplicable("the case is asked in one way only")
    wanted = tuple(case.variant.renamed(call) for call in reply.parsed.calls)
    if same_calls(wanted, reply.other.parsed.calls):
        return Held()
    return Broken(got=f"{case.variant.relation}: {calls_text(reply.other.parsed.calls)}", wanted=calls_text(wanted))
