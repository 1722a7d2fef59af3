"""From counts to a verdict: the one place where the gate decides.

Rates are judged by a sequential test (suite/statistics/sequential.py), which may be asked after every case. Where it
cannot say yet, the verdict is undecided, which closes the gate too, and says how many more cases would settle it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from suite.outcome import Bar, Ceiling, Interval, Never, Rate, Tally, Verdict
from suite.results.wording import cases, percent, percent_up
from suite.statistics.sequential import RateTest, Risks, confidence_sequence
from suite.statistics.stats import MOST_TRIALS, lower_bound, trials_without_failure, upper_bound

GATE_RISKS = Risks(alpha=0.05, beta=0.05)
"""Of the gate as a whole; `Risks.shared` says what each contract gets of them."""
LOOKS = 2
"""How often a statistic of the sample is looked at before it has to decide: each look takes its part of the risks."""
_TOO_NEAR = "too near to the estimate for any number of cases to settle it"


def judge(
    tally: Tally, bar: Bar, measures: Mapping[str, Interval], risks: Risks = GATE_RISKS
) -> tuple[Verdict, Interval | None]:
    """The verdict, and the interval of the rate at which the contract held (None without trials).

    `risks` are those of this contract. The interval is a confidence sequence: it is true whenever the test stopped. It
    says more than the test asks and may reach across the bar that the test is sure of. A strict *never* contract
    without a failure stops at a number of cases that was fixed beforehand, so its interval is the exact bound.
    """
    return _decide(tally, bar, measures, risks), _held_rate(tally, bar, 1 - risks.beta) if tally.trials else None


def _held_rate(tally: Tally, bar: Bar, level: float) -> Interval:
    if isinstance(bar, Never) and bar.strict and tally.held == tally.trials:
        return Interval(1.0, lower_bound(tally.held, tally.trials, level), 1.0, level)
    return confidence_sequence(tally.held, tally.trials)


def ceiling_level(risks: Risks) -> float:
    """The confidence that the interval of a statistic needs, so that all looks together keep the risks."""
    return 1 - 2 * min(risks.alpha, risks.beta) / LOOKS


def may_decide(tally: Tally, bar: Bar, more: int, risks: Risks = GATE_RISKS) -> bool:
    """Whether so many cases more are worth asking where the gate has failed already: they might find the failure of a
    strict *never* contract, or show that a rate is acceptable. A statistic needs all its cases."""
    if isinstance(bar, Never) and bar.strict:
        return True
    if isinstance(bar, Rate | Never):
        best = replace(tally, trials=tally.trials + more, held=tally.held + more)
        return _decide(best, bar, {}, risks).name == "pass"
    return False


def least_to_pass(bar: Bar, risks: Risks = GATE_RISKS) -> int:
    """How few cases, all of them kept, a pass takes; 0 for bars that no number of cases can promise or deny."""
    if isinstance(bar, Never) and bar.strict:
        return trials_without_failure(bar.bound, 1 - risks.beta)
    if isinstance(bar, Rate | Never):
        one = _test_of(bar, risks).evidence(1, 0)
        return math.ceil(-math.log(risks.beta) / one)
    return 0


def usual_to_pass(bar: Rate | Never, risks: Risks = GATE_RISKS) -> float:
    """About how many cases a pass takes on average at the acceptable rate: Wald's approximation of 1945, by which the
    evidence at the end is that of the threshold, over the mean evidence of one case."""
    test = _test_of(bar, risks)
    good = test.acceptable
    failed = test.evidence(0, 1) * (1 - good) if good < 1 else 0.0
    end = (1 - risks.alpha) * -math.log(risks.beta) + risks.alpha * math.log(risks.alpha)
    return end / (good * test.evidence(1, 0) + failed)


def _decide(tally: Tally, bar: Bar, measures: Mapping[str, Interval], risks: Risks) -> Verdict:
    if isinstance(bar, Never) and bar.strict and (tally.found or tally.held < tally.trials):
        return Verdict("fail", f"{_failures(tally)}; none is tolerated")
    if not tally.trials:
        return Verdict("undecided", "no case was measured")
    if isinstance(bar, Never) and bar.strict:
        return _never(tally.trials, bar.bound, 1 - risks.beta)
    if isinstance(bar, Never | Rate):
        return _sequential(tally, bar, risks)
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


def _test_of(bar: Rate | Never, risks: Risks) -> RateTest:
    """The sequential test of a rate; that of a *never* contract is between two shares of failures."""
    if isinstance(bar, Never):
        return RateTest(1 - bar.acceptable, 1 - bar.bound, risks)
    return RateTest(bar.acceptable, bar.at_least, risks)


class _Words(NamedTuple):
    """How a sequential test of this bar is told."""

    seen: str
    passed: str
    failed: str
    at_the_bar: str
    acceptable: str
    both: str


def _words(tally: Tally, bar: Rate | Never) -> _Words:
    """Of a rate what held, of a *never* contract what failed; what the search finds besides is judged as a hole."""
    if isinstance(bar, Never):
        failed, most, may = tally.trials - tally.held, percent(bar.bound), percent(bar.acceptable)
        return _Words(
            f"{failed} failure{'' if failed == 1 else 's'} in {cases(tally.trials)}",
            f"below the bound of {most}", f"more than an acceptable {may}",
            f"where {most} or more fail", f"where {may} or fewer fail", f"{most} (the bound) and {may}",
        )  # fmt: skip
    least, good = percent(bar.at_least), percent(bar.acceptable)
    return _Words(
        _share(tally), f"above the bar of {least}", f"short of an acceptable {good}",
        f"at a rate of {least} or less", f"at a rate of {good} or more", f"{least} (the bar) and {good}",
    )  # fmt: skip


def _sequential(tally: Tally, bar: Rate | Never, risks: Risks) -> Verdict:
    test, words, failed = _test_of(bar, risks), _words(tally, bar), tally.trials - tally.held
    match test.decide(tally.held, failed):
        case "accept":
            sure = f"{words.at_the_bar}, at most {percent(risks.beta)} of gates say so"
            return Verdict("pass", f"{words.seen}, {words.passed}; {sure}")
        case "reject":
            sure = f"{words.acceptable}, at most {percent(risks.alpha)} of gates say so"
            return Verdict("fail", f"{words.seen}, {words.failed}; {sure}")
    more = test.more_to_settle(tally.held, failed)
    settle = "no number of cases tells at the present rate" if more is None else _settle(more, "at the present rate")
    return Verdict("undecided", f"{words.seen}: {words.both} cannot be told apart yet; {settle}")


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
