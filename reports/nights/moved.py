"""What moved, since which night, by how much, and what was another thing then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from reports.nights.facts import changed
from reports.nights.index import Line
from suite.anchored import Anchor
from suite.statistics.nights import FALSE_ALARMS, Moved, Share, Watch, moves_in, threshold

FEWEST = 10
"""Anchors of a series that is watched; fewer could not show much."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that moved: the `series` that shows it best, and the `others` that show it too.

    `last` is the last night before it and `first` the first one after; `causes` are what was another thing from then
    on. `lost` and `won` name the anchors that were kept before and are not now, and the other way round.
    """

    series: str
    last: str
    first: str
    seen: str
    before: Share
    after: Share
    causes: tuple[str, ...]
    others: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    attributed: str = ""

    @property
    def worse(self) -> bool:
        return self.after.rate < self.before.rate


@dataclass(frozen=True, slots=True)
class Watched:
    """All series of one adapter: the nights that ran, and which anchors each series has."""

    lines: tuple[Line, ...]
    series: Mapping[str, frozenset[str]] = field(default_factory=dict)


def watched(lines: Sequence[Line], anchors: Mapping[str, Anchor]) -> Watched:
    """The series that have enough anchors; nights that could not run are gaps, and tell nothing."""
    ran = tuple(line for line in lines if line.anchors)
    members: dict[str, set[str]] = {}
    for name in {name for line in ran for name in line.anchors} & anchors.keys():
        for series in anchors[name].series:
            members.setdefault(series, set()).add(name)
    enough = {series: frozenset(names) for series, names in sorted(members.items()) if len(names) >= FEWEST}
    return Watched(ran, enough)


def what_moved(found: Watched, rate: float = FALSE_ALARMS) -> list[Move]:
    """Everything that moved, the latest first; series that show the same thing are one."""
    if not found.series:
        return []
    beyond = threshold(len(found.series), rate)
    pairs = enumerate(pairwise(found.lines), 1)
    likely = [place for place, (one, other) in pairs if changed(one.facts, other.facts)]
    watch = Watch.of(
        [
            [{name: line.anchors[name] for name in names & line.anchors.keys()} for line in found.lines]
            for names in found.series.values()
        ]
    )
    by_series = zip(found.series, moves_in(watch, beyond, likely), strict=True)
    alarms = [(series, moved) for series, found_there in by_series for moved in found_there]
    told = [_move(found, group) for group in _grouped(alarms)]
    return sorted(told, key=lambda move: (move.first, move.series), reverse=True)


def _grouped(alarms: Sequence[tuple[str, Moved]]) -> list[list[tuple[str, Moved]]]:
    """Alarms of the same direction that begin within a night of each other, for the same contract."""
    groups: list[list[tuple[str, Moved]]] = []
    for series, moved in sorted(alarms, key=lambda one: (one[0].partition(":")[0], one[1].first)):
        for group in groups:
            other_series, other = group[0]
            same = other_series.partition(":")[0] == series.partition(":")[0] and other.worse == moved.worse
            if same and abs(other.first - moved.first) <= 1:
                group.append((series, moved))
                break
        else:
            groups.append([(series, moved)])
    return groups


def _move(found: Watched, group: Sequence[tuple[str, Moved]]) -> Move:
    """The series where most of the cases moved stands for the group: of two that show the same, the smaller one."""
    series, moved = max(group, key=lambda one: (abs(one[1].after.rate - one[1].before.rate), one[1].evidence))
    last, first, seen = (found.lines[place] for place in (moved.first - 1, moved.first, moved.seen))
    names = found.series[series] & last.anchors.keys() & seen.anchors.keys()
    return Move(
        series, last.night, first.night, seen.night, moved.before, moved.after,
        tuple(changed(last.facts, first.facts)),
        tuple(sorted(other for other, _ in group if other != series)),
        tuple(sorted(name for name in names if last.anchors[name] and not seen.anchors[name])),
        tuple(sorted(name for name in names if seen.anchors[name] and not last.anchors[name])),
    )  # fmt: skip
