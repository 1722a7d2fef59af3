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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
_CHANGES = ((1.0, 2.0), (1.0, 4.0), (0.5, 8.0), (0.25, 32.0), (0.25, math.inf), (0.1, math.inf))
"""What a change may be: the share of cases that it concerns, and by how much it multiplies their odds."""
_TIMES = tuple(dict.fromkeys(times for _, times in _CHANGES))
_LARGE = 500.0  # a logarithm from which on 1 more or less makes no difference

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


def threshold(series: int, rate: float = FALSE_ALARMS, nights: int = MONTH) -> float:
    """How large the logarithm of the CUSUM has to be for an alarm, where so many series are watched in both directions.

    ValueError for a rate that is no share, or for nothing to watch.
    """
    if not 0 < rate < 1 or series < 1 or nights < 1:
        raise ValueError(f"series={series!r}, rate={rate!r}, nights={nights!r}")
    return math.log(2 * series * nights / rate)


def moves(nights: Sequence[Night], beyond: float, likely: Collection[int] = ()) -> list[Moved]:
    """All that moved in one series, the oldest first; `beyond` comes from `threshold`.

    Nights that could not run are left out by the caller: a gap is no change. `likely` are nights (places in the list)
    on which something else is known to have changed: where the evidence hardly tells nights apart, it was one of those.
    They do not make an alarm. After an alarm, what follows is compared with the nights from the change on.
    """
    found: list[Moved] = []
    start = 0
    for tonight in range(1, len(nights)):
        start = max(start, tonight - REMEMBERED)
        evidence = max((_evidence(nights[start : tonight + 1], broken) for broken in (True, False)), key=_most)
        if _most(evidence) > beyond:
            first = start + _first(evidence, [place - start for place in likely])
            before, after = _shares(nights[start:first], nights[first : tonight + 1])
            found.append(Moved(first, tonight, before, after, _most(evidence)))
            start = first
    return found


def _first(evidence: Mapping[int, float], likely: Collection[int]) -> int:
    """The night of the most evidence; a likely one, if it has hardly less."""
    close = [place for place in likely if evidence.get(place, -math.inf) > _most(evidence) - CLOSE]
    return max(close or evidence, key=lambda place: evidence[place])


def _most(evidence: Mapping[int, float]) -> float:
    return max(evidence.values(), default=-math.inf)


def _evidence(nights: Sequence[Night], broken: bool) -> dict[int, float]:
    """By the night from which on there would be a change up to the last one, the logarithm of the evidence for it."""
    return {
        first: _mean([sum(_diluted(case[times], share) for case in cases) for share, times in _CHANGES])
        for first, cases in _backwards(nights, broken)
    }


def _backwards(nights: Sequence[Night], broken: bool) -> Iterator[tuple[int, list[dict[float, float]]]]:
    """Of each case the logarithm of its e-value, by how the odds are multiplied, from a night on up to the last one;
    the last night comes first, and the first night of all tells nothing."""
    counts: dict[str, list[int]] = {}
    for night in nights:
        for case, kept in night.items():
            count = counts.setdefault(case, [0, 0])
            count[0] += kept != broken
            count[1] += 1
    # Most cases are the same every night, and their e-values are 1.
    totals = {case: dict.fromkeys(_TIMES, 0.0) for case, (count, asked) in counts.items() if count not in (0, asked)}
    for place in range(len(nights) - 1, max(0, len(nights) - 1 - LONGEST), -1):
        for case in totals.keys() & nights[place].keys():
            now = nights[place][case] != broken
            happened, asked = counts[case]
            for times in _TIMES:
                totals[case][times] += _log(now, happened, asked, times)
            counts[case][0] -= now
            counts[case][1] -= 1
        yield place, list(totals.values())


def _diluted(log: float, share: float) -> float:
    """The logarithm of an e-value's mean with 1: the change concerns a case with a probability of `share` only."""
    if share == 1 or log == 0:
        return log
    return log + math.log(share) if log > _LARGE else math.log1p(share * math.expm1(log))


def _log(happened: bool, count: int, asked: int, times: float) -> float:
    """The logarithm of one case's e-value, after it happened on `count` of `asked` nights, this one among them."""
    if math.isinf(times):
        return -math.log(count / asked) if happened else -math.inf if count else 0.0
    return happened * math.log(times) - math.log1p((times - 1) * count / asked)


def _mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of numbers given by their logarithms."""
    most = max(logs)
    return most if math.isinf(most) else most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))


def _shares(before: Sequence[Night], after: Sequence[Night]) -> tuple[Share, Share]:
    both = {case for night in before for case in night} & {case for night in after for case in night}
    kept = [[night[case] for night in side for case in both & night.keys()] for side in (before, after)]
    one, other = (Share(sum(held), len(held)) for held in kept)
    return one, other
