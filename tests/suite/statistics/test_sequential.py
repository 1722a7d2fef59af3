"""Sequential tests keep the risks they state, at every look; hand-worked values, laws and exact probabilities."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.statistics.sequential import RateTest, Risks, confidence_sequence
from suite.statistics.stats import EmptySampleError

TEST = RateTest(acceptable=0.98, unacceptable=0.95, risks=Risks(0.05, 0.05))


def probability_of(decision: str, test: RateTest, rate: float, cases: int) -> float:
    """The exact probability that a test looked at after every case comes to a decision, by following all counts."""
    open_ways, decided = {0: 1.0}, 0.0
    for trials in range(1, cases + 1):
        following: dict[int, float] = {}
        for failed, chance in open_ways.items():
            for more, share in ((0, rate), (1, 1 - rate)):
                found = test.decide(trials - failed - more, failed + more)
                if found is None:
                    following[failed + more] = following.get(failed + more, 0.0) + chance * share
                elif found == decision:
                    decided += chance * share
        open_ways = following
    return decided


def test_evidence_is_the_log_of_the_likelihood_ratio() -> None:
    # 10 held, 1 failed: 10 * ln(0.98 / 0.95) + ln(0.02 / 0.05) = 0.3109 - 0.9163
    assert TEST.evidence(10, 1) == pytest.approx(0.3109 - 0.9163, abs=1e-4)


def test_ninety_seven_without_failure_accept_and_few_failures_reject() -> None:
    # ln(1 / 0.05) / ln(0.98 / 0.95) = 96.3
    enough = math.ceil(math.log(20) / math.log(0.98 / 0.95))
    assert TEST.decide(enough, 0) == "accept"
    assert TEST.decide(enough - 1, 0) is None
    assert TEST.decide(0, 4) == "reject"


@pytest.mark.parametrize("unacceptable", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("below", [0.0, 0.02])
def test_what_is_unacceptable_is_seldom_accepted(unacceptable: float, below: float) -> None:
    test = RateTest(1 - 0.4 * (1 - unacceptable), unacceptable, Risks(0.05, 0.05))
    assert probability_of("accept", test, unacceptable - below, 400) <= 0.05


@pytest.mark.parametrize("acceptable", [0.8, 0.96, 0.98])
@pytest.mark.parametrize("above", [0.0, 0.015])
def test_what_is_acceptable_is_seldom_rejected(acceptable: float, above: float) -> None:
    test = RateTest(acceptable, 1 - (1 - acceptable) / 0.4, Risks(0.02, 0.05))
    assert probability_of("reject", test, acceptable + above, 400) <= 0.02


def test_a_clearly_good_adapter_is_nearly_always_accepted() -> None:
    assert probability_of("accept", TEST, 0.998, 400) > 0.99


def test_without_room_for_failure_one_is_enough() -> None:
    never = RateTest(acceptable=1.0, unacceptable=0.9, risks=Risks())
    assert never.decide(1000, 1) == "reject"
    assert never.decide(29, 0) == "accept"  # 0.9 ** 29 = 0.047
    assert never.decide(28, 0) is None


def test_so_many_more_settle_it() -> None:
    more = TEST.more_to_settle(40, 0)
    assert more is not None
    assert TEST.decide(40 + more, 0) == "accept"
    assert TEST.decide(40 + more - 1, 0) is None
    assert RateTest(0.6, 0.4, Risks()).more_to_settle(10, 10) is None


@pytest.mark.parametrize(("alpha", "beta"), [(0, 0.1), (0.1, 1), (-1, 0.1)])
def test_risks_are_probabilities(alpha: float, beta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Risks(alpha, beta)


def test_several_tests_share_alpha_and_not_beta() -> None:
    assert Risks(0.05, 0.04).shared(4) == Risks(0.0125, 0.04)
    assert Risks().shared(0) == Risks()


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_estimate(count: tuple[int, int]) -> None:
    interval = confidence_sequence(*count)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.9, 0.97])
def test_the_interval_covers_the_rate_at_all_looks_at_once(rate: float) -> None:
    covering, missed = {0: 1.0}, 0.0
    for trials in range(1, 121):
        following: dict[int, float] = {}
        for held, chance in covering.items():
            for more, share in ((1, rate), (0, 1 - rate)):
                following[held + more] = following.get(held + more, 0.0) + chance * share
        outside = [
            held
            for held in following
            if not (interval := confidence_sequence(held, trials)).low <= rate <= interval.high
        ]
        missed += sum(following.pop(held) for held in outside)
        covering = following
    assert missed <= 0.05


def test_an_empty_sample_is_a_named_error() -> None:
    with pytest.raises(EmptySampleError):
        confidence_sequence(0, 0)
    with pytest.raises(EmptySampleError):
        TEST.more_to_settle(0, 0)
    with pytest.raises(ValueError, match="between 0 and trials"):
        confidence_sequence(3, 2)
