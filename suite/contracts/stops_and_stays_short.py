"""Stops and stays short.

The fault this catches: a call that is followed by chatter, by itself again, or by a made-up answer of the tool.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import same_value
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply

LONGEST_CALL = 160
"""Tokens; no call of the shipped catalogs needs a third of them."""


@contract(cases=clear, bar=ReportOnly())
def stops_and_stays_short(case: Case, reply: Reply) -> Outcome:
    """A reply with a call ends with the format's stop, says nothing beside it, and calls nothing twice."""
    if reply.generation.finish == "length" or len(reply.generation.logprobs) > LONGEST_CALL:
        return Broken(got="a reply that does not end", wanted=f"a stop within {LONGEST_CALL} tokens")
    calls = reply.parsed.calls
    if not calls:
        return NotApplicable("the reply calls nothing")
    if reply.parsed.text.strip():
        return Broken(got=f"text beside the call: {reply.parsed.text.strip()[:80]!r}", wanted="the call alone")
    for place, call in enumerate(calls):
        if any(call.name == other.name and same_value(call.arguments, other.arguments) for other in calls[:place]):
            return Broken(got=f"{call.name} twice with the same arguments", wanted="each call once")
    return Held()
