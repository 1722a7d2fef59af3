"""Second replies to the same cases: what a contract compares a reply with, if not with the reply to a variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fixtures.types import Case
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.reply import Reply

TAKES = (1, 2)
"""Each prompt is asked alone twice: the first tells what the batch did, the two whether a run can be repeated."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Who gives them: the gated engine once more, for each take; and the bare base, None if that is what is gated."""

    takes: tuple[Asker, ...]
    base: Asker | None

    @property
    def askers(self) -> tuple[Asker, ...]:
        return (*self.takes, self.base) if self.base else self.takes

    def added(self, drawn: Sequence[tuple[Contract, Case]], replies: Sequence[Reply]) -> list[Reply]:
        """The replies to these cases, with those that their contracts want beside them as `Reply.other`."""
        replies = list(replies)
        for beside, askers in (("again", self.takes), ("base", (self.base,) if self.base else ())):
            places = [place for place, (contract, _) in enumerate(drawn) if contract.beside == beside]
            cases = [drawn[place][1] for place in places]
            others: list[Reply | None] = [None] * len(cases)
            for asker in reversed(askers):  # so that each reply holds the one of the next asker
                replied = asker.ask(cases, beside)
                others = [replace(reply, other=other) for reply, other in zip(replied, others, strict=True)]
            for place, other in zip(places, others, strict=True):
                replies[place] = replace(replies[place], other=other)
        return replies
