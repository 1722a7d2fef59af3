"""Knows when nothing fits.

What is right then is the catalog's policy: `abstain` wants no call at all, `must_choose` wants a declared one. Noise
that cannot be read is not an abstention.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.cases import masked
from suite.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, Reply, ReportOnly


@contract(cases=masked, bar=ReportOnly())
def knows_when_nothing_fits(case: Case, reply: Reply) -> Outcome:
    """When no declared tool serves the request, the reply does what the catalog's policy says."""
    if case.oracle.calls != ():
        return NotApplicable("a declared tool serves this request")
    called = ", ".join(call.name for call in reply.parsed.calls)
    if case.catalog.policy == "must_choose":
        chosen = bool(called) and all(call.name in case.catalog.names for call in reply.parsed.calls)
        return Held() if chosen else Broken(got=f"calls {called or 'nothing'}", wanted="a call of a declared tool")
    if reply.parsed.status == "no_call":
        return Held()
    return Broken(got=f"calls {called}" if called else "a reply that cannot be read", wanted="no call")
