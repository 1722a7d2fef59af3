"""Grounded arguments.

The fault this catches: a device id, a room or a number that nobody mentioned. A value may come from the conversation,
or from an enum or default that the tool declares; case, spacing, number words and the spelling of dates do not matter.
"""

from __future__ import annotations

from fixtures.grounding import ungrounded
from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=clear, bar=ReportOnly())
def grounded_arguments(case: Case, reply: Reply) -> Outcome:
    """Every string and number in a call was said in the conversation or is declared by the tool."""
    declared = [call for call in reply.parsed.calls if call.name in case.catalog.names]
    if not declared:
        return NotApplicable("the reply calls no declared tool")
    for call in declared:
        made_up = ungrounded(case, call.name, call.arguments)
        if made_up:
            pointer, value = made_up[0]
            return Broken(got=f"{call.name} {pointer}: {value!r}, which nobody said", wanted="values that were said")
    return Held()
