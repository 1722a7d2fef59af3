"""The adapter is effective.

That it is applied at all is proven when it is loaded (suite/engine/target/applied.py); here the bare base answers the
same cases, and what the adapter changed is told. An adapter that moves neither replies nor likelihoods is loaded in
vain.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.answers import answers
from suite.exam.cases import clear_or_absent
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply

LEAST_MOVE = 0.01
"""Of the likelihood of the same reply: well beyond what rounding does in float32."""


@contract(cases=clear_or_absent, bar=ReportOnly(), beside="base", sample=40)
def adapter_is_effective(case: Case, reply: Reply) -> Outcome:
    """On the same cases the adapter's replies, or how likely they are, differ from those of its bare base."""
    base = reply.other
    if base is None:
        return NotApplicable("there is no bare base beside the adapter")
    other, moved = reply.raw != base.raw, abs(reply.likelihood - base.likelihood)
    ours, theirs = _right(case, reply), _right(case, base)
    figures = {
        "replies moved": float(other),
        "likelihood moved": moved,
        "right where the base is wrong": float(ours and not theirs),
        "wrong where the base is right": float(theirs and not ours),
    }
    if other or moved >= LEAST_MOVE:
        return Held(figures)
    return Broken("the base's own reply, as likely as before", "a reply that the adapter has moved", figures)


def _right(case: Case, reply: Reply) -> bool:
    return reply.parsed.status in ("clean", "no_call") and answers(case, reply.parsed.calls)
