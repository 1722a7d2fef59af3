"""Since which night something moved: a paired change-point test, with a stated rate of false alarms.

Every night the same cases are asked, and each is kept or broken. While nothing moves, the nights of a case can be
exchanged: given that it was broken on k of the n nights so far, each of them is one of the k with probability k / n,
the last one too. If what changed on that night multiplies the odds of being broken by w, the likelihood ratio is

    e = w ** broken / (1 - k / n + w * k / n),

whose mean is 1 without a change, given this night's count and all that is to come. So a case's product over the nights
from s to t is a martingale in s, read backwards; so is its mean with 1, which says that the change may leave this case
alone; and so is the product of those over the cases, if these are broken independently of each other while nothing
moves. The largest over all s is beyond c with probability 1 / c at most (Ville). It is a CUSUM (E. S. Page, Biometrika
41, 1954), of e-values as in the e-detectors of J. Shin, A. Ramdas and A. Rinaldo (New England Journal of Statistics in
Data Science 2, 2023). Several w and shares of cases are mixed, so that nobody has to know what a change will be like.

An alarm at c = nights x series / rate is false in a quiet stretch of so many nights, for any of so many series, with
probability `rate` at most (Bonferroni); how series depend on each other does not matter, and they may share cases.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.statistics.evidence import Figures, Flags, Whole, evidence

MONTH = 30
"""Nights within which false alarms are counted."""
FALSE_ALARMS = 0.05
"""How often a month in which nothing moved has any alarm, at most, over all series together."""
LONGEST = 10
"""A change that so many nights did not show is not looked for any more; it would have to be tiny."""
REMEMBERED = 60
"""Nights before that tonight is compared with, at most."""
CLOSE = 4.0
"""Logarithms of evidence that differ by less do not tell which of two nights it was; no proof, a choice."""
Night = Mapping[str, bool]
"""Of each case by its name: whether it was kept on this night."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many were kept, over all nights of a stretch."""

    kept: int
    asked: int

    @property
    def rate(self) -> float:
        return self.kept / self.asked


@dataclass(frozen=True, slots=True)
class Moved:
    """Something moved between the nights `first - 1` and `first` (places in the list), and was seen on night `seen`.

    `before` and `after` are of the cases that were asked on both sides; `evidence` is the natural logarithm of the
    CUSUM when the alarm went off.
    """

    first: int
    seen: int
    before: Share
    after: Share
    evidence: float

    @property
    def worse(self) -> bool:
        return self.after.rate < self.before.rate


@dataclass(frozen=True, slots=True)
class Watch:
    """Several series over the same nights: `kept` and `asked` of shape [nights, cases], and of each case its series."""

    kept: Flags
    asked: Flags
    series: Whole
    count: int

    @classmethod
    def of(cls, many: Sequence[Sequence[Night]]) -> Watch:
        """From each series its nights, as many in all; a case counts for each series that has it."""
        named = [(number, name) for number, nights in enumerate(many) for name in _names(nights)]
        said = [[many[number][place].get(name) for number, name in named] for place in range(len(many[0]))]
        answers = np.array(said, dtype=object).reshape(len(many[0]), len(named))
        asked: Flags = answers != None  # noqa: E711  (of each element)
        return cls(answers == True, asked, np.array([n for n, _ in named], dtype=np.intp), len(many))  # noqa: E712

    def columns(self, series: Collection[int]) -> Watch:
        """These series alone, under the same numbers."""
        if len(series) == self.count:
            return self
        some = np.isin(self.series, list(series))
        return Watch(self.kept[:, some], self.asked[:, some], self.series[some], self.count)


def _names(nights: Sequence[Night]) -> list[str]:
    return sorted({name for night in nights for name in night})


def threshold(series: int, rate: float = FALSE_ALARMS, nights: int = MONTH) -> float:
    """How large the logarithm of the CUSUM has to be for an alarm, where so many series are watched in both directions.

    ValueError for a rate that is no share, or for nothing to watch.
    """
    if not 0 < rate < 1 or series < 1 or nights < 1:
        raise ValueError(f"series={series!r}, rate={rate!r}, nights={nights!r}")
    return math.log(2 * series * nights / rate)


def moves(nights: Sequence[Night], beyond: float, likely: Collection[int] = ()) -> list[Moved]:
    """All that moved in one series, the oldest first; see `moves_in`."""
    return moves_in(Watch.of([nights]), beyond, likely)[0] if nights else []


def moves_in(watch: Watch, beyond: float, likely: Collection[int] = ()) -> list[list[Moved]]:
    """By series all that moved, the oldest first; `beyond` comes from `threshold`.

    Nights that could not run are left out by the caller: a gap is no change. `likely` are nights (places in the list)
    on which something else is known to have changed: where the evidence hardly tells nights apart, it was one of those.
    They do not make an alarm. After an alarm, what follows is compared with the nights from the change on.
    """
    found: list[list[Moved]] = [[] for _ in range(watch.count)]
    starts = dict.fromkeys(range(watch.count), 0)
    for tonight in range(1, len(watch.kept)):
        together: dict[int, list[int]] = {}
        for number, start in starts.items():
            together.setdefault(max(start, tonight - REMEMBERED), []).append(number)
        for start, numbers in together.items():
            if start == tonight:
                continue
            most, by_night = _evidence(watch.columns(numbers), start, tonight)
            for number in (n for n in numbers if most[n] > beyond):
                first = _first(dict(zip(range(tonight, start, -1), by_night[:, number].tolist(), strict=False)), likely)
                before, after = _shares(watch.columns([number]), start, first, tonight)
                found[number].append(Moved(first, tonight, before, after, float(most[number])))
                starts[number] = first
    return found


def _evidence(watch: Watch, start: int, tonight: int) -> tuple[Figures, Figures]:
    """By series the most evidence of a change between these nights, and that of each night in the direction of it."""
    kept, asked = watch.kept[start : tonight + 1], watch.asked[start : tonight + 1]
    broken, mended = (evidence(now, asked, watch.series, watch.count, LONGEST) for now in (asked & ~kept, kept))
    worse = broken.max(axis=0) >= mended.max(axis=0)
    by_night = np.where(worse, broken, mended)
    return by_night.max(axis=0), by_night


def _first(evidence: Mapping[int, float], likely: Collection[int]) -> int:
    """The night of the most evidence; a likely one, if it has hardly less."""
    most = max(evidence.values())
    close = [place for place in likely if evidence.get(place, -math.inf) > most - CLOSE]
    return max(close or evidence, key=lambda place: evidence[place])


def _shares(watch: Watch, start: int, first: int, tonight: int) -> tuple[Share, Share]:
    """Before and after, of the cases that were asked on both sides."""
    before, after = slice(start, first), slice(first, tonight + 1)
    both = watch.asked[before].any(axis=0) & watch.asked[after].any(axis=0)
    one, other = (
        Share(int(watch.kept[side][:, both].sum()), int(watch.asked[side][:, both].sum())) for side in (before, after)
    )
    return one, other
