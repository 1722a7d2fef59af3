"""Arbitrates between tools.

Asked where more than one declared tool comes into question: a phrase that several serve alike, so that the catalog's
priority decides, or else its cost; two requests in one sentence; a general tool beside a more specific one.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.arbitration import contested
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=contested, bar=ReportOnly())
def arbitrates_between_tools(case: Case, reply: Reply) -> Outcome:
    """Of tools that could serve, the one that the catalog or the request singles out is called; two intents get two."""
    if not case.oracle.calls:
        return NotApplicable("nothing decides between the tools")
    wanted, got = (sorted(call.name for call in calls) for calls in (case.oracle.calls, reply.parsed.calls))
    if got == wanted:
        return Held()
    return Broken(got=f"{case.kind}: calls {', '.join(got) or 'nothing'}", wanted=", ".join(wanted))
