"""Right tool.

Asked where the answer is known by construction: one declared tool serves the request, the others do not.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, Rate
from suite.reply import Reply


@contract(cases=clear, bar=Rate(at_least=0.9, acceptable=0.96))
def right_tool(case: Case, reply: Reply) -> Outcome:
    """A reply calls the tools that the request is for, each as often as it is asked for, and no others."""
    if case.oracle.calls is None:
        return NotApplicable("nobody knows the right answer")
    wanted, got = (sorted(call.name for call in calls) for calls in (case.oracle.calls, reply.parsed.calls))
    if got == wanted:
        return Held()
    return Broken(got=f"calls {', '.join(got) or 'nothing'}", wanted=", ".join(wanted) or "no call")
