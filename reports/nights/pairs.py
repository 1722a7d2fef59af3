"""Two nights, or two gates, side by side: what differs, how surely, and what so many cases could have shown at all.

Cases that both asked are compared in pairs: the anchors of two nights, and of two results files whatever both drew. A
gate stops when its verdict stands, so how many these are may depend on the replies; the test of
`suite/statistics/paired.py` is valid all the same, and Holm's procedure has it tell nothing wrong of any row with 95 %.
The interval of the difference is that of A. Agresti and Y. Min, "Simple improved confidence intervals for comparing
matched proportions", Statistics in Medicine 24 (2005), as if the number of cases had been fixed beforehand.

Without such cases two independent samples are compared, by the interval of A. Agresti and B. Caffo, The American
Statistician 54 (2000).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.errors import UserError
from fixtures.reading.strict import read_json
from reports.nights.facts import changed, differing
from reports.nights.record import Asked, read_night
from suite.anchored import Anchor
from suite.outcome import ContractResult, Interval, Results
from suite.results import file as results_file
from suite.statistics.paired import PairedCounts, fewest_flips, holm

_Z = 1.959964  # of the standard normal distribution, for 95 %
LEVEL = 0.95
FEWEST = 10
"""Cases of a part that has a row of its own."""
_MOST_FLIPS = 20  # requests that are told, of each contract and side
_APART = ("contract", "A", "B", "change (95 %)", "smallest to be seen")
_PAIRED = (*_APART[:4], "A alone", "B alone", "p at most", _APART[4])
_NOTE = (
    "Bold: beyond chance. Of all contracts none is told wrongly with 95 %, of the parts of a contract neither (Holm),"
    " whenever the gates stopped. Smallest to be seen: all of it in one direction, on so many cases."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One series in A and in B. `counts` are of the cases that both asked; None where two samples are compared.

    `smallest` is the smallest difference that could have been told from chance, and `sure` whether this one is.
    """

    series: str
    kept: tuple[int, int]
    asked: tuple[int, int]
    change: Interval
    smallest: float
    sure: bool = False
    counts: PairedCounts | None = None


@dataclass(frozen=True, slots=True)
class Flips:
    """The requests that only A kept (`lost`), and those that only B did (`won`)."""

    lost: tuple[str, ...] = ()
    won: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One adapter in A and in B, or two: the rows, what `differs` beside the replies, and what flipped, by series."""

    name: str
    differences: tuple[Difference, ...]
    flipped: Mapping[str, Flips] = field(default_factory=dict)
    differs: tuple[str, ...] = ()


Pairs = Mapping[str, Sequence[tuple[bool, bool]]]
"""By series, (kept in A, kept in B) of each case that both asked."""


def are_pairs(places: Sequence[Path]) -> bool:
    """Whether two files were named, not folders of runs."""
    return len(places) == 2 and all(place.is_file() for place in places)


def compare_files(one: Path, other: Path) -> list[Comparison]:
    """Two nights or two results files; UserError for one of each, or where nothing is in both."""
    nights = [_is_night(place) for place in (one, other)]
    if nights[0] != nights[1]:
        raise UserError(
            str(other), "one of the two is a night and the other the results of a gate", allowed="two alike"
        )
    if not nights[0]:
        return [of_results(results_file.read(one), results_file.read(other))]
    before, after = read_night(one), read_night(other)
    found = [
        of_anchors(a, b, _anchors(one.parent, a.name))
        for a in before.asked
        if (b := after.of(a.name)) is not None and a.anchors.keys() & b.anchors.keys()
    ]
    if not found:
        raise UserError(str(other), "no adapter was asked the same anchors on both nights", hint="other nights")
    return found


def _is_night(place: Path) -> bool:
    document = read_json(place, own=True)
    return isinstance(document, dict) and "night_version" in document


def _anchors(folder: Path, name: str) -> Mapping[str, Anchor]:
    from reports.nights.keeping import all_anchors

    return all_anchors(folder, name)


def of_anchors(before: Asked, after: Asked, anchors: Mapping[str, Anchor]) -> Comparison:
    """One adapter on two nights, on the anchors that both asked."""
    members: dict[str, list[str]] = {}
    for name in sorted(before.anchors.keys() & after.anchors.keys() & anchors.keys()):
        for series in anchors[name].series:
            members.setdefault(series, []).append(name)
    pairs = {series: [(before.anchors[n], after.anchors[n]) for n in names] for series, names in members.items()}
    flipped = {
        series: _flips(pairs[series], [anchors[name].case.request for name in names])
        for series, names in members.items()
        if ":" not in series
    }
    return Comparison(before.name, compared(pairs), flipped, tuple(changed(before.facts, after.facts)))


def of_results(one: Results, other: Results) -> Comparison:
    """Two gates, contract by contract: on the cases that both asked, or where there are none, sample by sample."""
    there = {contract.name: contract for contract in other.contracts}
    both = [(c, there[c.name]) for c in one.contracts if c.name in there and c.tally.trials]
    pairs: dict[str, list[tuple[bool, bool]]] = {}
    flipped: dict[str, Flips] = {}
    for a, b in both:
        cases = list(_common(a, b))
        for kept, parts, _ in cases:
            for series in (a.name, *(f"{a.name}: {part}" for part in parts)):
                pairs.setdefault(series, []).append(kept)
        if cases:
            flipped[a.name] = _flips(pairs[a.name], [request for _, _, request in cases])
    apart = [
        unpaired(a.name, (a.tally.held, b.tally.held), (a.tally.trials, b.tally.trials))
        for a, b in both
        if a.name not in pairs and b.tally.trials
    ]
    if not pairs and not apart:
        raise UserError("compare", "no contract was measured in both", hint="two gates of the same contracts")
    name = f"{one.identity.adapter} and {other.identity.adapter}"
    return Comparison(name, (*compared(pairs), *apart), flipped, tuple(differing(one, other)))


def _common(one: ContractResult, other: ContractResult) -> Iterator[tuple[tuple[bool, bool], tuple[str, ...], str]]:
    """Of each case that both asked: whether it was kept, what it belongs to, and its request if it was broken."""
    there = {asked.case: asked for asked in other.asked}
    for a in one.asked:
        if b := there.get(a.case):
            yield (a.held, b.held), a.parts, a.request or b.request


def _flips(pairs: Sequence[tuple[bool, bool]], requests: Sequence[str]) -> Flips:
    seen = list(zip(pairs, requests, strict=True))
    return Flips(
        tuple(request for (a, b), request in seen if a and not b),
        tuple(request for (a, b), request in seen if b and not a),
    )


def compared(pairs: Pairs) -> tuple[Difference, ...]:
    """A row for each contract and each of its parts that has enough cases. All contracts are one family of hypotheses,
    and the parts of each contract are one."""
    families: dict[str, dict[str, Sequence[tuple[bool, bool]]]] = {}
    for series, seen in pairs.items():
        contract, _, part = series.partition(":")
        if not part or len(seen) >= FEWEST:
            families.setdefault(contract if part else "", {})[series] = seen
    return tuple(row for family in families.values() for row in _family(family))


def _family(pairs: Pairs) -> Iterator[Difference]:
    alpha = 1 - LEVEL
    counts = [PairedCounts.of(each) for each in pairs.values()]
    sure = holm([count.moved for count in counts], alpha)
    for (series, seen), count, beyond in zip(pairs.items(), counts, sure, strict=True):
        kept = sum(a for a, _ in seen), sum(b for _, b in seen)
        smallest = min(1.0, fewest_flips(len(counts), alpha) / count.trials)
        yield Difference(series, kept, (count.trials, count.trials), _change(count), smallest, beyond, count)


def _change(counts: PairedCounts) -> Interval:
    """How much more B keeps, of cases in pairs. Half a flip each way is added, as the paper says, so that no difference
    has no width."""
    more, less, total = counts.won + 0.5, counts.lost + 0.5, counts.trials + 2
    middle = (more - less) / total
    reach = _Z * math.sqrt(max(0.0, (more + less) - (more - less) ** 2 / total)) / total
    estimate = (counts.won - counts.lost) / counts.trials
    return Interval(estimate, max(-1.0, middle - reach), min(1.0, middle + reach), LEVEL)


def unpaired(series: str, kept: tuple[int, int], asked: tuple[int, int]) -> Difference:
    """From counts of two independent samples."""
    rates = [(k + 1) / (n + 2) for k, n in zip(kept, asked, strict=True)]
    variance = sum(p * (1 - p) / (n + 2) for p, n in zip(rates, asked, strict=True))
    reach, middle = _Z * math.sqrt(variance), rates[1] - rates[0]
    estimate = kept[1] / asked[1] - kept[0] / asked[0]
    change = Interval(estimate, max(-1.0, middle - reach), min(1.0, middle + reach), LEVEL)
    return Difference(series, kept, asked, change, min(1.0, reach), not change.low <= 0 <= change.high)


def text(found: Sequence[Comparison]) -> str:
    """The comparison as Markdown, what is beyond chance first and in bold."""
    return "\n\n".join("\n".join(_lines(one)) for one in found) + "\n"


def _lines(one: Comparison) -> Iterator[str]:
    yield from (f"## {one.name}", "")
    yield f"Beside the replies, {len(one.differs) or 'nothing'} {'differs' if len(one.differs) < 2 else 'differ'}" + (
        ":" if one.differs else "."
    )
    yield from (f"- {line}" for line in one.differs)
    rows = sorted(one.differences, key=lambda row: (not row.sure, row.change.estimate))
    together = [row for row in rows if row.counts]
    if together:
        yield from ("", "On the cases that both asked, in pairs:", "")
        yield from _table(_PAIRED, [_cells(row) for row in together])
        yield from ("", _NOTE)
    if apart := [row for row in rows if not row.counts]:
        yield from ("", "On other cases each (other draws, or a file of before cases were kept), sample by sample:", "")
        yield from _table(_APART, [_cells(row) for row in apart])
        yield from ("", "Bold: the 95 % interval leaves out 0.")
    for series, flips in one.flipped.items():
        for side, requests in (("A", flips.lost), ("B", flips.won)):
            if requests:
                yield from ("", f"{series}, kept by {side} alone ({len(requests)}):")
                yield from (f"- {' '.join(request.split())}" for request in requests[:_MOST_FLIPS])
                if len(requests) > _MOST_FLIPS:
                    yield f"- and {len(requests) - _MOST_FLIPS} more"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|")
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _cells(row: Difference) -> list[str]:
    change = f"{row.change.estimate:+.1%} ({row.change.low:+.1%} to {row.change.high:+.1%})"
    shown = [f"**{row.series}**" if row.sure else row.series]
    shown += [f"{kept} of {asked}" for kept, asked in zip(row.kept, row.asked, strict=True)]
    if row.counts is None:
        return [*shown, change, f"{row.smallest:.1%}"]
    flips = [str(row.counts.lost), str(row.counts.won)]
    return [*shown, change, *flips, f"{min(1.0, 1 / row.counts.moved):.2g}", f"{row.smallest:.1%}"]
