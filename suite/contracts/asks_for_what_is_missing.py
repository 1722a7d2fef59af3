"""Asks for what is missing.

The fault this catches: a device id that was made up because the tool needs one, where the right answer is to ask. Any
reply without a call is right, whatever its words; where a tool must be chosen, only to invent a value is wrong.
"""

from __future__ import annotations

from fixtures.grounding import ungrounded
from fixtures.types import Case, Missing, ToolCall
from suite.exam.answers import calls_text
from suite.exam.unfitting import lacking
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=lacking, bar=ReportOnly())
def asks_for_what_is_missing(case: Case, reply: Reply) -> Outcome:
    """When nobody said a value that the tool needs, the reply does not make one up, and does not call without it."""
    missing, calls = case.oracle.missing, reply.parsed.calls
    if missing is None:
        return NotApplicable("nothing is missing in this request")
    wanted = f"no call before somebody says {missing.parameter} of {missing.tool}"
    if reply.parsed.status == "undecodable":
        return Broken(got="a reply that cannot be read", wanted=wanted)
    if case.catalog.fallback and [call.name for call in calls] == [case.catalog.fallback]:
        return Held()
    if invented := next((told for call in calls if (told := _invented(case, missing, call))), ""):
        return Broken(got=invented, wanted=wanted)
    asked = [call for call in calls if call.name == missing.tool]
    if asked and case.catalog.policy != "must_choose":
        return Broken(got=calls_text(asked), wanted=wanted)
    if calls and not asked:
        return NotApplicable("another tool is called, which may be a way to find the value out")
    return Held()


def _invented(case: Case, missing: Missing, call: ToolCall) -> str:
    """What was made up in this call, in words; empty if nothing was. A null says that there is no value."""
    value = call.arguments.get(missing.parameter) if call.name == missing.tool else None
    if value is not None:
        return f"{call.name} /{missing.parameter}: {value!r}, which nobody said"
    if call.name in case.catalog.names and (found := ungrounded(case, call.name, call.arguments)):
        pointer, made_up = found[0]
        return f"{call.name} {pointer}: {made_up!r}, which nobody said"
    return ""
