"""Knows when nothing fits.

What is right then is the catalog's policy: `abstain` wants no call at all, `must_choose` wants a declared one, a
fallback wants one call of that tool and nothing else. Noise that cannot be read is not an abstention.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import keeps_policy
from suite.exam.unfitting import nothing_fits
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=nothing_fits, bar=ReportOnly())
def knows_when_nothing_fits(case: Case, reply: Reply) -> Outcome:
    """When no declared tool serves the request, the reply does what the catalog's policy says."""
    if case.oracle.calls != ():
        return NotApplicable("a declared tool serves this request")
    if reply.parsed.status != "undecodable" and keeps_policy(case.catalog, reply.parsed.calls):
        return Held()
    called = ", ".join(call.name for call in reply.parsed.calls)
    unread = "a reply that cannot be read" if reply.parsed.status == "undecodable" else "calls nothing"
    return Broken(got=f"calls {called}" if called else unread, wanted=_wanted(case))


def _wanted(case: Case) -> str:
    if case.catalog.fallback:
        return f"one call of {case.catalog.fallback}"
    return "a call of a declared tool" if case.catalog.policy == "must_choose" else "no call"
