"""The user's own rows: a finite sample, of which each is asked once, in a random order.

Two things may be told of it. *The file*: its rows are all there are. Asked whole, the share that holds is known, and
its interval is a point. Asked in part, the interval is that of Waudby-Smith and Ramdas, "Confidence sequences for
sampling without replacement" (NeurIPS 2020), with a uniform prior: the counts K of all N rows for which (n + 1) times
the hypergeometric probability of what was seen in n rows is at least 1 - level. It holds after every row at once.
*Requests like these*: the file is a sample of what people will ask, and the interval is that of any other rate.

The sequential test is the one of all rates, on requests like these. Its error rates hold for the file too, with room to
spare, because rows that are not put back tell more than ones that are; tests/suite/statistics/test_finite.py counts all
orders. A file that was asked whole leaves nothing to test: its share is compared with the bar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from suite.outcome import Bar, Every, Interval, Rate, Tally, Verdict
from suite.results.summary import share_range
from suite.results.wording import cases, percent, percent_seen
from suite.statistics.sequential import Risks, confidence_sequence
from suite.statistics.stats import LEVEL, EmptySampleError
from suite.statistics.verdict import GATE_RISKS, judge

FILE, LIKE_THESE = "share of the file", "requests like these"


def judge_rows(tally: Tally, bar: Bar, rows: int, risks: Risks = GATE_RISKS) -> tuple[Verdict, Interval | None]:
    """The verdict on so many rows, and the interval of the rate in requests like these (None if none was asked).

    `risks` are those of this contract. For `Every`, the interval is of the rows alone, and so a point.
    """
    if not tally.trials:
        return Verdict("undecided", "no case was asked"), None
    if isinstance(bar, Every):
        return _every(tally, rows), file_interval(tally.held, tally.trials, rows)
    like_these = confidence_sequence(tally.held, tally.trials)
    if tally.trials < rows or not isinstance(bar, Rate):
        verdict, _ = judge(tally, bar, {}, risks)
        left = f"; of the file's {rows} rows {rows - tally.trials} were not asked" if tally.trials < rows else ""
        return Verdict(verdict.name, verdict.reason + left), like_these
    reaches = tally.held >= Fraction(str(bar.at_least)) * rows
    word = "which is not below" if reaches else "below"
    told = (
        f"held in {tally.held} of all {cases(rows)} of the file: {percent_seen(tally.held / rows)} of it, exactly, "
        f"{word} the bar of {percent(bar.at_least)}; in requests like these {share_range(like_these)} hold, with "
        f"{percent(like_these.level)} confidence"
    )
    return Verdict("pass" if reaches else "fail", told), like_these


def _every(tally: Tally, rows: int) -> Verdict:
    broken = tally.trials - tally.held
    if broken:
        return Verdict("fail", f"{broken} of {cases(tally.trials)} broken; each must hold")
    if tally.trials < rows:
        return Verdict("undecided", f"only {tally.trials} of {cases(rows)} were asked; each must hold")
    return Verdict("pass", f"held in all {cases(rows)}; that is exact for these, and says nothing of others")


def file_measures(tally: Tally, rows: int) -> Mapping[str, Interval]:
    """Both intervals, by what they are about."""
    if not tally.trials:
        return {}
    like_these = confidence_sequence(tally.held, tally.trials)
    return {FILE: file_interval(tally.held, tally.trials, rows), LIKE_THESE: like_these}


def file_interval(held: int, asked: int, rows: int, level: float = LEVEL) -> Interval:
    """The share of all `rows` that hold, after `held` of `asked`; a point once all were asked."""
    if asked == 0:
        raise EmptySampleError("a share needs at least one row")
    if not 0 <= held <= asked <= rows:
        raise ValueError(f"held={held!r}, asked={asked!r} and rows={rows!r} must rise")
    # Outside of these, what was seen is not possible; within, the probability has one peak.
    first, last = held, rows - (asked - held)
    least = math.log(1 - level) - math.log(asked + 1)
    inside = [k for k in range(first, last + 1) if _log_probability(k, held, asked, rows) >= least]
    return Interval(held / asked, inside[0] / rows, inside[-1] / rows, level)


def _log_probability(count: int, held: int, asked: int, rows: int) -> float:
    """That `held` of `asked` rows hold where `count` of all do: hypergeometric."""
    failed, bad = asked - held, rows - count
    return _log_ways(count, held) + _log_ways(bad, failed) - _log_ways(rows, asked)


def _log_ways(count: int, chosen: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)
