"""Two nights, or two gates, side by side: what differs, how surely, and what so many cases could have shown at all.

Nights have anchors, so the same cases are compared in pairs: the interval of the difference is that of A. Agresti and
Y. Min, "Simple improved confidence intervals for comparing matched proportions", Statistics in Medicine 24 (2005).
Gates of fresh draws are not paired; theirs is that of A. Agresti and B. Caffo, The American Statistician 54 (2000).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.errors import UserError
from fixtures.reading.strict import read_json
from reports.nights.record import Asked, read_night
from suite.anchored import Anchor
from suite.outcome import Interval, Results
from suite.results import file as results_file

_Z = 1.959964  # of the standard normal distribution, for 95 %
LEVEL = 0.95
FEWEST_FLIPS = 6
"""Flips that all go one way and are beyond chance at 5 % (sign test, two-sided: 2 * 0.5 ** 6 = 3 %)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One series in A and in B; `lost` and `won` count flips from A to B, where the cases are the same.

    `smallest` is the smallest difference that could have been told from chance.
    """

    series: str
    kept: tuple[int, int]
    asked: tuple[int, int]
    change: Interval
    smallest: float
    lost: int | None = None
    won: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One adapter in A and in B; `flipped` has the requests that flipped, by series."""

    name: str
    differences: tuple[Difference, ...]
    flipped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paired: bool = True


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
    found = [
        paired(series, [(before.anchors[n], after.anchors[n]) for n in names]) for series, names in members.items()
    ]
    flipped = {
        series: tuple(anchors[n].case.request for n in names if before.anchors[n] != after.anchors[n])
        for series, names in members.items()
        if ":" not in series
    }
    return Comparison(before.name, tuple(sorted(found, key=lambda one: one.series)), flipped)


def paired(series: str, pairs: Sequence[tuple[bool, bool]]) -> Difference:
    """From (kept in A, kept in B) of each case; at least one."""
    n = len(pairs)
    lost = sum(a and not b for a, b in pairs)
    won = sum(b and not a for a, b in pairs)
    # Half a flip each way is added, as the paper says, so that no difference has no width.
    more, less, total = won + 0.5, lost + 0.5, n + 2
    middle = (more - less) / total
    reach = _Z * math.sqrt(max(0.0, (more + less) - (more - less) ** 2 / total)) / total
    change = Interval((won - lost) / n, max(-1.0, middle - reach), min(1.0, middle + reach), LEVEL)
    kept = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return Difference(series, kept, (n, n), change, min(1.0, FEWEST_FLIPS / n), lost, won)


def of_results(one: Results, other: Results) -> Comparison:
    """Two gates of fresh draws, contract by contract; those without a case in one of them are left out."""
    there = {contract.name: contract.tally for contract in other.contracts}
    found = [
        unpaired(c.name, (c.tally.held, there[c.name].held), (c.tally.trials, there[c.name].trials))
        for c in one.contracts
        if c.name in there and c.tally.trials and there[c.name].trials
    ]
    if not found:
        raise UserError("compare", "no contract was measured in both", hint="two gates of the same contracts")
    return Comparison(f"{one.identity.adapter} and {other.identity.adapter}", tuple(found), paired=False)


def unpaired(series: str, kept: tuple[int, int], asked: tuple[int, int]) -> Difference:
    """From counts of two independent samples."""
    rates = [(k + 1) / (n + 2) for k, n in zip(kept, asked, strict=True)]
    variance = sum(p * (1 - p) / (n + 2) for p, n in zip(rates, asked, strict=True))
    reach, middle = _Z * math.sqrt(variance), rates[1] - rates[0]
    estimate = kept[1] / asked[1] - kept[0] / asked[0]
    change = Interval(estimate, max(-1.0, middle - reach), min(1.0, middle + reach), LEVEL)
    return Difference(series, kept, asked, change, min(1.0, reach))


def text(found: Sequence[Comparison]) -> str:
    """The comparison as Markdown, what differs beyond chance first and in bold."""
    return "\n\n".join(_text(one) for one in found) + "\n"


def _text(one: Comparison) -> str:
    heads = ["series", "A", "B", "change (95 %)", *(["lost", "won"] if one.paired else []), "smallest to be seen"]
    lines = [f"## {one.name}", "", f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for difference in sorted(one.differences, key=lambda d: (not sure(d), d.change.estimate)):
        lines.append(f"| {' | '.join(_cells(difference, one.paired))} |")
    how = "the same cases, in pairs" if one.paired else "fresh draws of each gate, so no case is compared with itself"
    lines += ["", f"A and B are compared on {how}; bold: beyond chance (95 %)."]
    for series, requests in one.flipped.items():
        if requests:
            lines += ["", f"{series}, flipped:", *(f"- {' '.join(request.split())}" for request in requests[:20])]
    return "\n".join(lines)


def sure(difference: Difference) -> bool:
    """Whether the difference is beyond chance."""
    return not difference.change.low <= 0 <= difference.change.high


def _cells(one: Difference, pairs: bool) -> list[str]:
    change = f"{one.change.estimate:+.1%} ({one.change.low:+.1%} to {one.change.high:+.1%})"
    shown = [f"**{one.series}**" if sure(one) else one.series]
    shown += [f"{kept} of {asked}" for kept, asked in zip(one.kept, one.asked, strict=True)]
    return [*shown, change, *([str(one.lost), str(one.won)] if pairs else []), f"{one.smallest:.1%}"]
