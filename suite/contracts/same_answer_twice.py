"""Same answer twice.

Asked in a batch with others, alone, and alone once more, past the cache. Two things may tip a near tie between two
tokens: padding and the order of sums, which a batch changes, and the dtype, which says how many digits are lost by
that. The gate runs in float32; an adapter that is served in bfloat16 has more near ties than are found here. A flip
between the two replies alone has another cause: an engine that does not decode greedily, or whose kernels are not
deterministic.
"""

from __future__ import annotations

from fixtures.types import Case
from suite.exam.cases import clear
from suite.judging.contract import contract
from suite.outcome import Broken, Held, NotApplicable, Outcome, ReportOnly
from suite.reply import Reply


@contract(cases=clear, bar=ReportOnly(), beside="again", sample=20)
def same_answer_twice(case: Case, reply: Reply) -> Outcome:
    """The same prompt gets the same reply: in a batch and alone, and whenever it is asked again."""
    alone = reply.other
    if alone is None or alone.other is None:
        return NotApplicable("the prompt was asked only once")
    batch, rerun = reply.raw != alone.raw, alone.raw != alone.other.raw
    figures = {
        "flips, batch to alone": float(batch),
        "flips, run to re-run": float(rerun),
        "likelihood moved, batch to alone": abs(reply.likelihood - alone.likelihood),
        "likelihood moved, run to re-run": abs(alone.likelihood - alone.other.likelihood),
    }
    if rerun:
        return Broken(f"alone once more: {alone.other.raw}", f"the same as alone: {alone.raw}", figures)
    if batch:
        causes = "padding and another order of sums round differently, more so in a shorter dtype than float32"
        return Broken(f"alone: {alone.raw}", f"the same as in a batch: {reply.raw} ({causes})", figures)
    return Held(figures)
