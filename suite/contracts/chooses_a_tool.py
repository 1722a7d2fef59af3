"""Chooses a tool when schemas exist.

The fault this catches: `{"function": "unknown", "confidence": 0.2}`, a polite sentence, or nothing at all, although a
declared tool serves the request.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import Broken, Held, Outcome, Rate
from suite.reply import Reply


@contract(cases=clear, bar=Rate(at_least=0.95))
def chooses_a_tool(case: Case, reply: Reply) -> Outcome:
    """When a declared tool serves the request, the reply calls a tool."""
    if reply.parsed.calls:
        return Held()
    right = ", ".join(call.name for call in case.oracle.calls or ())
    return Broken(got={"no_call": "no call", "undecodable": "an unreadable call"}[reply.parsed.status], wanted=right)
