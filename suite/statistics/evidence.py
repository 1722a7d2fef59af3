"""The evidence that nights changed, of many series at once; `suite/statistics/nights.py` has the formula.

Cases are columns. What a case was on each night stands in `happened` (true where the event that is counted did happen)
and `asked`, both of shape [nights, cases]; `series` names each case's series by number, shape [cases].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.intp]
Figures = npt.NDArray[np.float64]

CHANGES = ((1.0, 2.0), (1.0, 4.0), (0.5, 8.0), (0.25, 32.0), (0.25, math.inf), (0.1, math.inf))
"""What a change may be: the share of cases that it concerns, and by how much it multiplies their odds."""
_TIMES = tuple(dict.fromkeys(times for _, times in CHANGES))
_LARGE = 500.0  # a logarithm from which on 1 more or less makes no difference


def evidence(happened: Flags, asked: Flags, series: Whole, count: int, back: int) -> Figures:
    """By series the logarithm of the evidence for a change from a night on up to the last one, shape [nights, count].

    At least two nights are needed. The first row is for the last night, the next one for that before it, and so on, at
    most `back` of them; the first night of all tells nothing.
    """
    last = len(happened) - 1
    return np.array(
        [
            _log_mean([_summed(logs[times], share, series[some], count) for share, times in CHANGES])
            for logs, some in _backwards(happened, asked, range(last, max(0, last - back), -1))
        ]
    )


def _backwards(happened: Flags, asked: Flags, places: range) -> Iterator[tuple[dict[float, Figures], Flags]]:
    """Of each case the logarithm of its e-value, by how the odds are multiplied, from each of these nights on up to the
    last one; and which cases these are: of most, all nights are alike, and their e-values are 1."""
    totals, counts = asked.sum(axis=0), happened.sum(axis=0)
    some = (counts > 0) & (counts < totals)
    happened, asked, totals, counts = happened[:, some], asked[:, some], totals[some], counts[some]
    tables = _tables(len(happened))
    logs = {times: np.zeros(len(counts)) for times in _TIMES}
    for place in places:
        now, here = happened[place].astype(np.intp), asked[place]
        for times in _TIMES:
            logs[times] += np.where(here, tables[times][now, totals, counts], 0.0)
        counts, totals = counts - now, totals - here
        yield logs, some


@cache
def _tables(nights: int) -> dict[float, Figures]:
    """The logarithm of one case's e-value by [whether it happened, nights asked, nights on which it happened]."""
    shares = [[count / asked if asked else 0.0 for count in range(nights + 1)] for asked in range(nights + 1)]
    return {
        times: np.array([[[_log(now, share, times) for share in row] for row in shares] for now in (False, True)])
        for times in _TIMES
    }


def _log(happened: bool, share: float, times: float) -> float:
    """The logarithm of a case's e-value, if it happened on this share of the nights so far; 0 for what cannot be."""
    if share > 1 or (happened and share == 0):
        return 0.0
    if math.isinf(times):
        return -math.log(share) if happened else -math.inf if share else 0.0
    return happened * math.log(times) - math.log1p((times - 1) * share)


def _summed(logs: Figures, share: float, series: Whole, count: int) -> Figures:
    """By series the sum of its cases' logarithms, each of a mean with 1: the change concerns a case with a probability
    of `share` only."""
    if share < 1:
        large = logs > _LARGE
        small = np.where(large, 0.0, logs)
        logs = np.where(large, logs + math.log(share), np.log1p(share * np.expm1(small)))
    return np.bincount(series, logs, minlength=count).astype(np.float64)  # of no case at all, numpy counts in integers


def _log_mean(logs: list[Figures]) -> Figures:
    """The logarithm of the mean of numbers given by their logarithms; those of shares above nothing are finite."""
    most = np.max(logs, axis=0)
    mean: Figures = most + np.log(np.mean(np.exp(np.array(logs) - most), axis=0))
    return mean
