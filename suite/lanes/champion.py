"""The challenger against the champion, on the very cases that the gate has measured: overall, and slice by slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fixtures.types import Case
from suite.exam.parts import parts_of
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.outcome import Broken, ContractResult, Held, Outcome, PairedPart, Scored, Tally, Verdict
from suite.results.wording import percent
from suite.statistics.paired import PairedCounts, e_bh, holm
from suite.statistics.sequential import confidence_sequence


@dataclass(frozen=True, slots=True)
class Pair:
    """One case of one contract, and who kept it."""

    contract: str
    case: Case
    champion: bool
    challenger: bool


def compare(
    contract: Contract,
    name: str,
    measured: Mapping[Contract, Sequence[tuple[Case, Outcome]]],
    champion: Asker,
    alpha: float,
) -> ContractResult:
    """The result of `contract` from what was measured of the others; the champion `name` is asked the same cases."""
    pairs = [pair for other, cases in measured.items() for pair in pairs_of(other, cases, champion)]
    by_contract = {c.name: _counts(p for p in pairs if p.contract == c.name) for c in measured}
    worse = [
        other
        for other, rejected in zip(
            by_contract, holm([counts.e_value for counts in by_contract.values()], alpha), strict=True
        )
        if rejected
    ]
    lost = sum(counts.lost for counts in by_contract.values())
    return ContractResult(
        name=contract.name,
        promise=contract.promise,
        bar=contract.bar,
        verdict=_verdict(name, pairs, by_contract, worse, alpha),
        tally=Tally(len(pairs), len(pairs) - lost),
        held_rate=confidence_sequence(len(pairs) - lost, len(pairs)) if pairs else None,
        measures={f"{c}, lost": confidence_sequence(n.lost, n.trials) for c, n in by_contract.items() if n.trials},
        paired=_told(pairs, by_contract, worse, alpha),
    )


def pairs_of(contract: Contract, cases: Sequence[tuple[Case, Outcome]], champion: Asker) -> Iterator[Pair]:
    """The pairs of one contract; a case that tells nothing of one of the two is left out."""
    replies = champion.ask([case for case, _ in cases], "champion")
    for (case, outcome), reply in zip(cases, replies, strict=True):
        theirs, ours = _kept(contract.judge(case, reply)), _kept(outcome)
        if theirs is not None and ours is not None:
            yield Pair(contract.name, case, theirs, ours)


def _kept(outcome: Outcome) -> bool | None:
    match outcome:
        case Held():
            return True
        case Broken():
            return False
        case Scored(correct=correct):
            return correct
    return None


def _counts(pairs: Iterator[Pair]) -> PairedCounts:
    return PairedCounts.of((pair.champion, pair.challenger) for pair in pairs)


def _verdict(
    name: str, pairs: Sequence[Pair], by_contract: Mapping[str, PairedCounts], worse: Sequence[str], alpha: float
) -> Verdict:
    if not pairs:
        return Verdict("undecided", "no case was measured that both answered")
    if not worse:
        total = _counts(iter(pairs))
        return Verdict("pass", f"no contract is worse than that of the champion {name}: {total.text} cases")
    said = [f"{other} ({by_contract[other].text} cases{_driver(pairs, other, alpha)})" for other in worse]
    sure = f"a challenger that is no worse gets here in {percent(alpha)} of gates at most"
    return Verdict("fail", f"worse than the champion {name} in {'; '.join(said)}; {sure}")


def _driver(pairs: Sequence[Pair], contract: str, rate: float) -> str:
    """Of the slices that stand out, the one where most is lost, in words; empty if none stands out."""
    found = [(slice_, counts) for slice_, counts, out in _slices(pairs, contract, rate) if out]
    if not found:
        return ""
    slice_, most = max(found, key=lambda item: (item[1].lost - item[1].won) / item[1].trials)
    return f", most of all for {slice_}: {most.text}"


def _slices(pairs: Sequence[Pair], contract: str, rate: float) -> list[tuple[str, PairedCounts, bool]]:
    """The slices of a contract's cases, and whether each stands out."""
    own = [pair for pair in pairs if pair.contract == contract]
    slices: dict[str, list[Pair]] = defaultdict(list)
    for pair in own:
        for slice_ in parts_of(pair.case):
            slices[slice_].append(pair)
    # A slice of all pairs is none.
    counts = {slice_: _counts(iter(part)) for slice_, part in slices.items() if len(part) < len(own)}
    out = e_bh([c.e_value for c in counts.values()], rate)
    return [(slice_, c, stands) for (slice_, c), stands in zip(counts.items(), out, strict=True)]


def _told(
    pairs: Sequence[Pair], by_contract: Mapping[str, PairedCounts], worse: Sequence[str], rate: float
) -> tuple[PairedPart, ...]:
    """Each contract, and its slices in which the two differ; a slice stands out only where its contract does."""
    told = []
    for contract, total in by_contract.items():
        if not total.trials:
            continue
        told.append(PairedPart(contract, "", total.trials, total.lost, total.won, contract in worse))
        told += [
            PairedPart(contract, slice_, c.trials, c.lost, c.won, out and contract in worse)
            for slice_, c, out in _slices(pairs, contract, rate)
            if c.lost or c.won
        ]
    return tuple(told)
