"""Never hallucinates tools.

Asked with traps: the tool that would serve is masked out, named in the request though not declared, known from an
earlier turn only, or stands beside one with nearly the same name.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import with_absent_tool
from suite.judging.contract import contract
from suite.outcome import Broken, Held, Never, NotApplicable, Outcome
from suite.reply import Reply


# 240 replies without a failure support this bound at 95 %: four fifths of what the default budget measures.
@contract(cases=with_absent_tool, bar=Never(bound=0.0125))
def never_hallucinates_tools(case: Case, reply: Reply) -> Outcome:
    """Every tool that the reply calls is declared in the catalog of this turn."""
    if reply.parsed.status == "undecodable":
        return NotApplicable("the reply cannot be read, so nobody knows what it calls")
    undeclared = [call.name for call in reply.parsed.calls if call.name not in case.catalog.names]
    if undeclared:
        return Broken(got=f"calls {', '.join(undeclared)}", wanted=f"only {', '.join(case.catalog.names)}, or no call")
    return Held()
