from random import Random

import pytest

from suite.outcome import Bar, Ceiling, Interval, Never, Rate, ReportOnly, Tally, VerdictName
from suite.statistics.sequential import RateTest, Risks, confidence_sequence
from suite.statistics.verdict import judge, least_to_pass, may_decide, usual_to_pass

ECE = Ceiling("ece", at_most=0.1)


def ece(estimate: float, low: float, high: float) -> dict[str, Interval]:
    return {"ece": Interval(estimate, low, high)}


@pytest.mark.parametrize(
    ("bar", "tally", "name", "reason"),
    [
        (
            Never(0.01, strict=True),
            Tally(300, 300),
            "pass",
            "0 failures in 300 cases: failure rate below 0.994 % with 95 % confidence",
        ),
        (Never(0.01, strict=True), Tally(299, 299), "pass", "0 failures in 299 cases: failure rate below 0.997 %"),
        (Never(0.01, strict=True), Tally(298, 298), "undecided", "the bar of 1 % needs 1 more without a failure"),
        (Never(0.01, strict=True), Tally(100, 100), "undecided", "needs 199 more without a failure"),
        (Never(bound=0.05, strict=True), Tally(100, 100), "pass", "below 2.96 %"),
        (Never(0.01, strict=True), Tally(300, 299), "fail", "1 failure in 300 cases measured; none is tolerated"),
        (Never(0.01, strict=True), Tally(300, 300, found=2), "fail", "2 found by search or known before"),
        (
            Never(0.01, strict=True),
            Tally(300, 298, found=1),
            "fail",
            "2 failures in 300 cases measured and 1 found by search",
        ),
        (Never(0.01, strict=True), Tally(0, 0, found=1), "fail", "1 found by search or known before"),
        (Never(0.01, strict=True), Tally(0, 0), "undecided", "no case was measured"),
        (
            Never(),
            Tally(300, 300),
            "pass",
            "0 failures in 300 cases, below the bound of 1.25 %; where 1.25 % or more fail",
        ),
        (Never(), Tally(600, 599, found=2), "pass", "1 failure in 600 cases, below the bound of 1.25 %"),
        (Never(), Tally(100, 100), "undecided", "1.25 % (the bound) and 0.2 % cannot be told apart yet; about"),
        (Never(), Tally(40, 36), "fail", "4 failures in 40 cases, more than an acceptable 0.2 %; where 0.2 % or fewer"),
        (Never(), Tally(0, 0, found=1), "undecided", "no case was measured"),
        (
            Rate(0.95),
            Tally(300, 298),
            "pass",
            "held in 298 of 300 cases, above the bar of 95 %; at a rate of 95 % or less",
        ),
        (Rate(0.95), Tally(300, 298, found=9), "pass", "held in 298 of 300 cases"),
        (Rate(0.95), Tally(97, 97), "pass", "held in 97 of 97 cases"),
        (Rate(0.95), Tally(96, 96), "undecided", "about 1 more case would settle it at the present rate"),
        (Rate(0.95), Tally(300, 270), "fail", "short of an acceptable 98 %; at a rate of 98 % or more, at most 5 %"),
        (Rate(0.95), Tally(400, 386), "undecided", "95 % (the bar) and 98 % cannot be told apart yet; about"),
        (Rate(0.95), Tally(1, 1), "undecided", "held in 1 of 1 case: "),
        (Rate(0.95), Tally(0, 0, not_applicable=300), "undecided", "no case was measured"),
        (ReportOnly(), Tally(300, 270), "measured", "held in 270 of 300 cases; it does not gate"),
        (ReportOnly(), Tally(0, 0), "undecided", "no case was measured"),
    ],
)
def test_counts_and_bar_decide_the_verdict(bar: Bar, tally: Tally, name: VerdictName, reason: str) -> None:
    verdict, _ = judge(tally, bar, {})
    assert verdict.name == name, verdict
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("measures", "name", "reason"),
    [
        (ece(0.05, 0.02, 0.1), "pass", "ece 0.050 in 300 cases, between 0.020 and 0.100 with 95 % confidence"),
        (ece(0.2, 0.11, 0.3), "fail", "the bar is 0.1"),
        (ece(0.05, 0.02, 0.15), "undecided", "about 900 more cases would settle it if the estimate stays"),
        (ece(0.2, 0.1, 0.3), "undecided", "about 1 more"),
        (ece(0.1, 0.05, 0.15), "undecided", "too near to the estimate"),
        ({}, "undecided", "ece was not measured"),
    ],
)
def test_a_ceiling_is_judged_by_its_statistic(measures: dict[str, Interval], name: VerdictName, reason: str) -> None:
    verdict, _ = judge(Tally(300, 280), ECE, measures)
    assert verdict.name == name, verdict
    assert reason in verdict.reason


def test_a_ceiling_without_trials_is_undecided() -> None:
    assert judge(Tally(0, 0), ECE, ece(0, 0, 0))[0].name == "undecided"


def test_the_rate_comes_with_an_interval_that_stopping_early_does_not_spoil() -> None:
    _, interval = judge(Tally(300, 290), Rate(0.95), {})
    assert interval == confidence_sequence(290, 300)


def test_no_failure_has_the_exact_bound_that_the_verdict_tells() -> None:
    verdict, interval = judge(Tally(300, 300), Never(0.01, strict=True), {})
    assert interval is not None
    assert interval.low == pytest.approx(0.05 ** (1 / 300))
    assert "below 0.994 %" in verdict.reason


def test_there_is_no_rate_without_trials() -> None:
    assert judge(Tally(0, 0), Rate(0.95), {})[1] is None


def test_smaller_risks_ask_for_more() -> None:
    assert judge(Tally(300, 300), Never(0.01, strict=True), {})[0].name == "pass"
    assert judge(Tally(97, 97), Rate(0.95), {})[0].name == "pass"
    careful = Risks(alpha=0.01, beta=0.01)
    verdict, _ = judge(Tally(300, 300), Never(0.01, strict=True), {}, careful)
    assert verdict.name == "undecided"
    assert "with 99 % confidence" in verdict.reason
    assert judge(Tally(97, 97), Rate(0.95), {}, careful)[0].name == "undecided"


@pytest.mark.parametrize(("at_least", "acceptable"), [(1.0, 1.0), (0.9, 0.9), (0.9, 0.8), (-0.1, 0.5), (0.9, 1.1)])
def test_a_rate_that_leaves_no_room_is_refused(at_least: float, acceptable: float) -> None:
    with pytest.raises(ValueError, match="use Never"):
        Rate(at_least, acceptable)


def test_two_fifths_of_the_failures_are_acceptable_unless_told_otherwise() -> None:
    assert Rate(0.95).acceptable == 0.98
    assert Rate(0.95, 0.99).acceptable == 0.99


@pytest.mark.parametrize(
    ("bar", "tally", "more", "worth"),
    [
        (Rate(0.95), Tally(40, 40), 80, True),
        (Rate(0.95), Tally(40, 39), 80, False),
        (Rate(0.95), Tally(40, 40), 40, False),
        (Rate(0.95), Tally(0, 0, not_applicable=40), 80, False),
        (Rate(0.95), Tally(0, 0), 0, False),
        (Never(0.01, strict=True), Tally(40, 40), 0, True),
        (ECE, Tally(40, 40), 1000, False),
        (ReportOnly(), Tally(10, 10), 1000, False),
    ],
)
def test_after_a_failure_only_what_may_still_be_decided_is_asked(bar: Bar, tally: Tally, more: int, worth: bool):
    assert may_decide(tally, bar, more, Risks(0.0125, 0.05)) == worth


@pytest.mark.parametrize("bar", [Rate(0.95, 0.98), Rate(0.8, 0.92), Never(0.0125, 0.002)])
def test_a_pass_takes_on_average_about_as_many_cases_as_is_told(bar: Rate | Never):
    risks, random = Risks(0.05 / 6, 0.05), Random(0)
    good, bad = (bar.acceptable, bar.at_least) if isinstance(bar, Rate) else (1 - bar.acceptable, 1 - bar.bound)
    test, taken = RateTest(good, bad, risks), []
    for _ in range(300):
        counts = [0, 0]
        while test.decide(*counts) is None:
            counts[random.random() >= good] += 1
        taken.append(sum(counts))
    # The walk ends a little beyond its threshold, which the approximation leaves out.
    assert 0.95 < sum(taken) / len(taken) / usual_to_pass(bar, risks) < 1.3


def test_where_every_case_of_an_acceptable_adapter_holds_it_takes_the_least_there_is():
    bar = Rate(0.9, 1.0)
    assert 0 <= least_to_pass(bar) - usual_to_pass(bar, Risks(1e-9, 0.05)) < 1
