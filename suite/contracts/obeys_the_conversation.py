"""Obeys the conversation.

A correction replaces the earlier value and nothing else; a catalog that changed between turns is the one that counts;
a long history before the request does not get in its way.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import answers, calls_text
from suite.exam.conversations import several_turns
from suite.judging.accepted import wanted_text
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=several_turns, bar=ReportOnly())
def obeys_the_conversation(case: Case, reply: Reply) -> Outcome:
    """After earlier turns the reply makes the call that the whole conversation asks for."""
    if case.oracle.calls is None:
        return NotApplicable("nobody knows the right answer")
    if answers(case, reply.parsed.calls):
        return Held()
    return Broken(got=f"{case.kind}: {calls_text(reply.parsed.calls)}", wanted=wanted_text(case))
