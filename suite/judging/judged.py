"""What a contract said of one case, and the counts of many: what verdicts and counterexamples are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fixtures.formats import Format
from fixtures.types import Case
from suite.outcome import Broken, Held, Lane, NotApplicable, Outcome, Scored, Tally
from suite.reply import Readings, Reply


@dataclass(frozen=True, slots=True)
class Judged:
    """One case of one lane, the reply, and what the contract said."""

    lane: Lane
    case: Case
    reply: Reply
    outcome: Outcome


def tally_of(judged: Iterable[Judged]) -> Tally:
    """Counts: trials of the measuring lane only; failures of the other lanes are found, not counted."""
    judged = list(judged)
    measured = [j.outcome for j in judged if j.lane == "measure"]
    found = sum(isinstance(j.outcome, Broken) for j in judged if j.lane != "measure")
    held = sum(isinstance(o, Held) for o in measured)
    broken = sum(isinstance(o, Broken) for o in measured)
    scored = [o for o in measured if isinstance(o, Scored)]
    aside = sum(isinstance(o, NotApplicable) for o in measured)
    return Tally(held + broken + len(scored), held + sum(o.correct for o in scored), aside, found)


def readings_of(judged: Iterable[Judged], form: Format) -> Readings:
    """How the different replies of the measuring lane read; contracts that draw alike share theirs."""
    different = {id(j.reply.generation): j for j in judged if j.lane == "measure"}.values()
    counts: Counter[str] = Counter(j.reply.parsed.status for j in different)
    canonical = sum(
        form.is_canonical(j.reply.raw, j.case.catalog.declarations(), j.reply.parsed)
        for j in different
        if j.reply.parsed.status == "clean"
    )
    return Readings(**counts, canonical=canonical)
