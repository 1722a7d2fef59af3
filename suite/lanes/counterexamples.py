"""Which failures of a contract a report shows: the smallest one, made smaller still, then the next ones."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fixtures.types import Case
from suite.judging.contract import Contract
from suite.judging.judged import Judged
from suite.lanes.asking import Asker
from suite.lanes.reduce import reduce, size
from suite.outcome import Broken, Counterexample, Never, WrongArgument
from suite.results.cases import SHORT_ID, case_id

SHOWN = 3
"""Counterexamples a report shows of one contract."""


def counterexamples(
    contract: Contract, judged: Sequence[Judged], asker: Asker, calls: int, replay: Callable[[Case], str]
) -> tuple[Counterexample, ...]:
    """At most `SHOWN`, of whatever lane, and of finds that are confirmed so many besides; making one smaller asks for
    at most `calls` replies. `replay` has the command that asks a case again.

    A contract that wants a second reply beside the first judges a case only where it was drawn; its failures stay as
    they are.
    """
    failing = [j for j in judged if isinstance(j.outcome, Broken)]
    different = {asker.prompt(j.case): j for j in reversed(failing)}
    smallest = [judged for part in _parts(contract, list(different.values())) for judged in part[:SHOWN]]
    return tuple(_counterexample(contract, j, small, replay) for j, small in _reduced(contract, smallest, asker, calls))


def replay_command(contract: Contract, gate: str, again: str, dtype: str, case: Case) -> str:
    """The command that asks this case again; of the user's own rows, which are kept nowhere else, all of them.

    `gate` is the command of the whole gate, `again` what one begins with that asks a single case.
    """
    more = f" --contracts {shlex.quote(contract.folder)}" if contract.folder else ""
    more += f" --dtype {dtype}" if dtype else ""
    return f"{gate}{more} -k {contract.name}" if contract.rows else f"{again}{more} --replay {case_id(case)[:SHORT_ID]}"


def _parts(contract: Contract, failing: Sequence[Judged]) -> list[list[Judged]]:
    """The failures, the smallest first; where finds are confirmed, these and then those of the sample, which could
    otherwise stand in front of every find."""
    by_size = sorted(failing, key=lambda j: size(j.case))
    if not are_confirmed(contract):
        return [by_size]
    return [[j for j in by_size if j.lane != "measure"], [j for j in by_size if j.lane == "measure"]]


def are_confirmed(contract: Contract) -> bool:
    """Whether neighbours of its finds are asked: a promise that tolerates no failure needs none, and of a rate a find
    is an example."""
    return isinstance(contract.bar, Never) and contract.bar.gating and not contract.bar.strict


def _reduced(contract: Contract, smallest: Sequence[Judged], asker: Asker, calls: int) -> Iterator[tuple[Judged, bool]]:
    """The first of them made smaller; each with whether nothing smaller fails.

    A known one was made smaller when it was found, so that gating again asks nothing new.
    """
    for place, judged in enumerate(smallest):
        if place or judged.lane == "known" or contract.beside != "variant" or calls < 1:
            yield judged, False
            continue
        assert isinstance(judged.outcome, Broken)
        found = reduce(contract, judged.case, judged.outcome, asker, calls)
        (reply,) = asker.ask([found.case])
        yield replace(judged, case=found.case, reply=reply, outcome=found.broken), found.minimal


def _counterexample(contract: Contract, judged: Judged, minimal: bool, replay: Callable[[Case], str]) -> Counterexample:
    assert isinstance(judged.outcome, Broken)
    return Counterexample(
        contract=contract.name,
        case=judged.case,
        raw=judged.reply.raw,
        got=judged.outcome.got,
        wanted=judged.outcome.wanted,
        lane=judged.lane,
        minimal=minimal,
        replay=replay(judged.case),
        other=judged.reply.other.raw if judged.reply.other else None,
    )


def wrong_of(contract: Contract, judged: Sequence[Judged]) -> tuple[WrongArgument, ...]:
    """The wrong arguments of the measured sample, the most frequent first."""
    if contract.explain is None:
        return ()
    measured = [j for j in judged if j.lane == "measure" and isinstance(j.outcome, Broken)]
    counts = Counter(one for j in measured for one in contract.explain(j.case, j.reply))
    return tuple(replace(one, count=count) for one, count in counts.most_common())
