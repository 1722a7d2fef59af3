"""Valid calls.

Asked under stress: unicode, quotes, braces, escapes, line breaks, long values, nested and optional parameters, enums,
numbers at their edges.
"""

from __future__ import annotations

from fixtures.reading.arguments import first_fault
from fixtures.types import Case, ToolCall
from suite.exam.cases import stressed
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, Rate
from suite.reply import Reply


@contract(cases=stressed, bar=Rate(at_least=0.95))
def valid_calls(case: Case, reply: Reply) -> Outcome:
    """A reply parses clean, ends by itself, and its arguments keep the JSON Schema of the tool they are for."""
    if reply.generation.finish == "length":
        return Broken(got="a reply cut off at the limit of new tokens", wanted="a reply that ends")
    if reply.parsed.status in ("salvaged", "undecodable"):
        reason = reply.parsed.malformed.reason if reply.parsed.malformed else reply.parsed.status
        return Broken(got=f"{reply.parsed.status}: {reason}", wanted="a reply that parses clean")
    if not reply.parsed.calls:
        return NotApplicable("the reply calls nothing")
    for call in reply.parsed.calls:
        fault = _fault(case, call)
        if fault:
            return Broken(got=fault, wanted=f"arguments that keep the schema of {call.name}")
    return Held()


def _fault(case: Case, call: ToolCall) -> str:
    """What is wrong with the arguments; tools that are not declared are another contract's concern."""
    if call.name not in case.catalog.names:
        return ""
    return first_fault(case.catalog[call.name].parameters, call.arguments)
