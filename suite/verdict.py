"""From counts to a verdict: the one place where the gate decides.

Rates are judged one-sidedly at `level`: a contract that truly misses its bar passes with probability 1 - level at most,
and one whose rate truly keeps it fails with probability 1 - level at most. Where neither can be said the verdict is
undecided, which closes the gate too, and says how many more cases would settle it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from suite.outcome import Bar, Ceiling, Interval, Never, Rate, Tally, Verdict
from suite.stats import (
    LEVEL,
    MOST_TRIALS,
    clopper_pearson,
    lower_bound,
    more_trials_to_settle,
    trials_without_failure,
    upper_bound,
)
from suite.wording import cases, percent, percent_down, percent_up

_TOO_NEAR = "too near to the estimate for any number of cases to settle it"


def judge(
    tally: Tally, bar: Bar, measures: Mapping[str, Interval], level: float = LEVEL
) -> tuple[Verdict, Interval | None]:
    """The verdict, and the exact interval of the rate at which the contract held (None without trials).

    Each end of that interval is a one-sided bound at `level`, the very bound that the verdict used; taken as a
    two-sided interval it therefore has the level 2 * level - 1.
    """
    held_rate = clopper_pearson(tally.held, tally.trials, round(2 * level - 1, 9)) if tally.trials else None
    return _decide(tally, bar, measures, level), held_rate


def _decide(tally: Tally, bar: Bar, measures: Mapping[str, Interval], level: float) -> Verdict:
    if isinstance(bar, Never) and (tally.found or tally.held < tally.trials):
        return Verdict("fail", f"{_failures(tally)}; none is tolerated")
    if not tally.trials:
        return Verdict("undecided", "no case was measured")
    if isinstance(bar, Never):
        return _never(tally.trials, bar.bound, level)
    if isinstance(bar, Rate):
        return _rate(tally, bar.at_least, level)
    if isinstance(bar, Ceiling):
        return _ceiling(tally.trials, bar, measures)
    return Verdict("measured", f"{_share(tally)}; it does not gate")


def _never(trials: int, bound: float, level: float) -> Verdict:
    """No failure was seen; is the sample large enough to promise that there are hardly any?"""
    upper = upper_bound(0, trials, level)
    reason = f"0 failures in {cases(trials)}: failure rate below {percent_up(upper)} with {percent(level)} confidence"
    if upper <= bound:
        return Verdict("pass", reason)
    more = trials_without_failure(bound, level) - trials
    return Verdict("undecided", f"{reason}; the bar of {percent(bound)} needs {more} more without a failure")


def _rate(tally: Tally, at_least: float, level: float) -> Verdict:
    low, high = lower_bound(tally.held, tally.trials, level), upper_bound(tally.held, tally.trials, level)
    sure, wanted = f"with {percent(level)} confidence", f"the bar is {percent(at_least)}"
    if low >= at_least:
        return Verdict("pass", f"{_share(tally)}: at least {percent_down(low)} {sure}; {wanted}")
    if high < at_least:
        return Verdict("fail", f"{_share(tally)}: at most {percent_up(high)} {sure}; {wanted}")
    more = more_trials_to_settle(tally.held, tally.trials, at_least, level)
    settle = _TOO_NEAR if more is None else _settle(more, "at the present rate")
    between = f"between {percent_down(low)} and {percent_up(high)}"
    return Verdict("undecided", f"{_share(tally)}: {between}; {wanted}, {settle}")


def _ceiling(trials: int, bar: Ceiling, measures: Mapping[str, Interval]) -> Verdict:
    interval = measures.get(bar.statistic)
    if interval is None:
        return Verdict("undecided", f"{bar.statistic} was not measured")
    seen = (
        f"{bar.statistic} {interval.estimate:.3f} in {cases(trials)}, between {interval.low:.3f} and "
        f"{interval.high:.3f} with {percent(interval.level)} confidence; the bar is {bar.at_most:g}"
    )
    if interval.high <= bar.at_most:
        return Verdict("pass", seen)
    if interval.low > bar.at_most:
        return Verdict("fail", seen)
    return Verdict("undecided", f"{seen}, {_settle_ceiling(trials, interval, bar.at_most)}")


def _settle_ceiling(trials: int, interval: Interval, at_most: float) -> str:
    """Intervals shrink with the square root of the sample; so far must the end shrink that lies across the bar."""
    room = abs(at_most - interval.estimate)
    reach = (interval.high if interval.estimate <= at_most else interval.low) - interval.estimate
    if room == 0 or trials * (reach / room) ** 2 > MOST_TRIALS:
        return _TOO_NEAR
    return _settle(max(1, math.ceil(trials * (reach / room) ** 2) - trials), "if the estimate stays")


def _settle(more: int, condition: str) -> str:
    """Two significant digits, as the number rests on an estimate itself."""
    magnitude = 10 ** max(0, len(str(more)) - 2)
    rounded = math.ceil(more / magnitude) * magnitude
    return f"about {rounded} more case{'' if rounded == 1 else 's'} would settle it {condition}"


def _failures(tally: Tally) -> str:
    parts: list[str] = []
    if tally.held < tally.trials:
        failed = tally.trials - tally.held
        parts.append(f"{failed} failure{'s' if failed > 1 else ''} in {cases(tally.trials)} measured")
    if tally.found:
        parts.append(f"{tally.found} found by search or known before")
    return " and ".join(parts)


def _share(tally: Tally) -> str:
    return f"held in {tally.held} of {cases(tally.trials)}"
