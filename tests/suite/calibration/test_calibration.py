from collections.abc import Callable
from math import log
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.calibration import calibration, resampling
from suite.calibration.figures import LEAST_PROBABILITY, selective_risk
from suite.calibration.resampling import Resamples, Sample, equal_mass_bins
from suite.statistics.stats import EmptySampleError, clopper_pearson

Floats = npt.NDArray[np.float64]

# 40 cases: of 20 at confidence 0.6 are 10 right, of 20 at 0.9 are 18 right.
CONFIDENCE = [0.6] * 20 + [0.9] * 20
CORRECT = [True] * 10 + [False] * 10 + [True] * 18 + [False] * 2

SAMPLES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def test_figures_are_those_worked_out_by_hand() -> None:
    measures = calibration(CONFIDENCE, CORRECT, seed=0).measures
    estimates = {name: interval.estimate for name, interval in measures.items()}
    assert estimates == {
        "accuracy": pytest.approx(28 / 40),
        "mean_confidence": pytest.approx((20 * 0.6 + 20 * 0.9) / 40),
        # (20 * |0.6 - 0.5| + 20 * |0.9 - 0.9|) / 40
        "ece": pytest.approx(0.05),
        # (10 * 0.4**2 + 10 * 0.6**2 + 18 * 0.1**2 + 2 * 0.9**2) / 40
        "brier": pytest.approx(7 / 40),
        # Of 28 * 12 pairs right wins 18 * 10; the ties, 10 * 10 at 0.6 and 18 * 2 at 0.9, count half.
        "auroc": pytest.approx((180 + 136 / 2) / 336),
        "log_loss": pytest.approx(-(10 * log(0.6) + 10 * log(0.4) + 18 * log(0.9) + 2 * log(0.1)) / 40),
        # The surest 32 are all 20 at 0.9, of which 2 are wrong, and 12 of the 20 at 0.6, half of them wrong.
        "risk_at_coverage_0.8": pytest.approx((2 + 12 / 2) / 32),
        "risk_at_coverage_0.9": pytest.approx((2 + 16 / 2) / 36),
        "confidence_when_wrong": pytest.approx((10 * 0.6 + 2 * 0.9) / 12),
        "wrong_above_0.9": 0,  # 0.9 is not above 0.9
    }


def test_the_curve_has_a_point_for_each_bin() -> None:
    low, high = calibration(CONFIDENCE, CORRECT, seed=0).curve
    assert [low.confidence, high.confidence] == pytest.approx([0.6, 0.9])
    assert (low.count, low.accuracy) == (20, clopper_pearson(10, 20))
    assert (high.count, high.accuracy) == (20, clopper_pearson(18, 20))


def test_bins_hold_equal_mass() -> None:
    assert np.bincount(equal_mass_bins(np.linspace(0, 1, 400))).tolist() == [40] * 10


def test_small_samples_have_fewer_bins() -> None:
    assert np.bincount(equal_mass_bins(np.linspace(0, 1, 60))).tolist() == [20] * 3
    assert np.bincount(equal_mass_bins(np.linspace(0, 1, 7))).tolist() == [7]


@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), min_size=1, max_size=300))
def test_equal_confidences_share_a_bin_and_no_bin_is_empty(confidences: list[float]) -> None:
    bins = equal_mass_bins(np.array(confidences))
    assert len({(c, b) for c, b in zip(confidences, bins.tolist(), strict=True)}) == len(set(confidences))
    assert sorted(set(bins.tolist())) == list(range(bins.max() + 1))


@given(SAMPLES)
def test_intervals_hold_their_estimates_and_stay_in_range(sample: list[tuple[float, bool]]) -> None:
    measures = calibration([c for c, _ in sample], [right for _, right in sample], seed=0, resamples=50).measures
    for name, x in measures.items():
        assert 0 <= x.low <= x.estimate + 1e-12, name
        assert x.estimate - 1e-12 <= x.high <= (-log(LEAST_PROBABILITY) if name == "log_loss" else 1) + 1e-12, name
        assert x.low < x.high, name


@given(SAMPLES, st.randoms())
def test_the_order_of_cases_does_not_matter(sample: list[tuple[float, bool]], random: Random) -> None:
    shuffled = random.sample(sample, len(sample))
    figures, others = (
        calibration([c for c, _ in x], [right for _, right in x], seed=0, resamples=5) for x in (sample, shuffled)
    )
    for name in figures.measures:
        assert figures.measures[name].estimate == pytest.approx(others.measures[name].estimate)


def test_the_seed_decides_the_intervals() -> None:
    first = calibration(CONFIDENCE, CORRECT, seed=1)
    assert first == calibration(CONFIDENCE, CORRECT, seed=1)
    assert first == calibration(CONFIDENCE, CORRECT, seed=np.random.default_rng(1))
    assert first.measures["ece"] != calibration(CONFIDENCE, CORRECT, seed=2).measures["ece"]


def test_resampling_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = calibration(CONFIDENCE, CORRECT, seed=0)
    monkeypatch.setattr(resampling, "CELLS_AT_ONCE", 41 * 7)
    parts = calibration(CONFIDENCE, CORRECT, seed=0)
    # Not equal to the last bit: products of other shapes are summed in another order on some processors.
    for name, interval in whole.measures.items():
        part = parts.measures[name]
        assert (part.estimate, part.low, part.high) == pytest.approx((interval.estimate, interval.low, interval.high))
    assert parts.curve == whole.curve


def test_log_loss_of_a_certain_mistake_is_bounded() -> None:
    measures = calibration([1.0, 0.0], [False, False], seed=0).measures
    assert measures["log_loss"].estimate == pytest.approx(-log(LEAST_PROBABILITY) / 2)


def test_overconfidence_is_measured_on_the_wrong_answers_alone() -> None:
    measures = calibration([1.0] * 6 + [0.95, 0.91, 0.3, 0.2], [True] * 6 + [False] * 4, seed=0).measures
    assert measures["confidence_when_wrong"].estimate == pytest.approx((0.95 + 0.91 + 0.3 + 0.2) / 4)
    assert measures["wrong_above_0.9"] == clopper_pearson(2, 4)


def test_without_wrong_answers_there_is_no_overconfidence_and_no_risk_seen() -> None:
    measures = calibration([0.9] * 50, [True] * 50, seed=0).measures
    assert not {"confidence_when_wrong", "wrong_above_0.9", "auroc"} & set(measures)
    risk = measures["risk_at_coverage_0.8"]
    assert risk.estimate == risk.low == 0
    # Exactly: after 50 of 50 right the error rate may be as high as 0.071; of the 40 given, so much more.
    assert 0.06 < risk.high < 0.15


@given(SAMPLES)
def test_the_risk_of_answering_all_is_the_error_rate_and_a_perfect_order_never_raises_it(
    sample: list[tuple[float, bool]],
) -> None:
    confidence, correct = zip(*sample, strict=True)
    parts = Sample.of(confidence, correct, None), Sample.of(correct, correct, None)
    given_all, sorted_by_truth = (
        selective_risk(part, Resamples.draw(part, np.random.default_rng(0), 5), coverage, 0.95).estimate
        for part, coverage in zip(parts, (1.0, 0.8), strict=True)
    )
    assert given_all == pytest.approx(correct.count(False) / len(correct))
    # Answered are all that are right, and only if these do not fill the coverage, wrong ones.
    assert sorted_by_truth == pytest.approx(max(0.0, 0.8 * len(correct) - sum(correct)) / (0.8 * len(correct)))


def test_cases_of_one_unit_tell_less_than_as_many_independent_ones() -> None:
    units = [str(place // 5) for place in range(40)]
    alone = calibration(CONFIDENCE, CORRECT, seed=0).measures
    together = calibration(CONFIDENCE, CORRECT, units=units, seed=0).measures
    estimates = {name: x.estimate for name, x in alone.items()}
    assert {name: x.estimate for name, x in together.items()} == pytest.approx(estimates)
    assert all(together[name].high - together[name].low > alone[name].high - alone[name].low for name in alone)
    # 8 units of 5 cases are worth 8 cases.
    eighth = clopper_pearson(28 / 5, 8)
    assert (together["accuracy"].low, together["accuracy"].high) == pytest.approx((eighth.low, eighth.high))


def test_what_units_are_called_decides_nothing() -> None:
    figures = [
        calibration(CONFIDENCE, CORRECT, units=[name + str(place // 4) for place in range(40)], seed=0)
        for name in ("a", "conversation ")
    ]
    assert figures[0] == figures[1]


def test_a_few_right_answers_do_not_prove_calibration() -> None:
    ece = calibration([1.0] * 5, [True] * 5, seed=0).measures["ece"]
    assert ece.estimate == 0
    # Exactly: after 5 of 5 right the accuracy may be as low as 0.48.
    assert ece.high > 0.4


def test_sure_and_always_wrong_is_as_bad_as_can_be() -> None:
    measures = calibration([1.0] * 100, [False] * 100, seed=0).measures
    assert measures["ece"].estimate == measures["brier"].estimate == 1
    assert measures["ece"].low > 0.9


@pytest.mark.parametrize("right", [True, False])
def test_ranking_is_not_measured_without_both_right_and_wrong_answers(right: bool) -> None:
    assert "auroc" not in calibration([0.5, 0.9], [right, right], seed=0).measures


def test_a_perfect_ranking_of_few_errors_has_a_wide_interval() -> None:
    auroc = calibration([0.9] * 97 + [0.1] * 3, [True] * 97 + [False] * 3, seed=0).measures["auroc"]
    # As wide as three of three trials: 0.025 ** (1 / 3).
    assert auroc.estimate == 1
    assert auroc.low == pytest.approx(0.025 ** (1 / 3))


def test_an_empty_sample_is_a_named_error() -> None:
    with pytest.raises(EmptySampleError, match="at least one case"):
        calibration([], [], seed=0)


@pytest.mark.parametrize("confidence", [[1.2], [-0.1], [float("nan")], [0.5, 0.5]])
def test_confidences_that_cannot_be_are_refused(confidence: list[float]) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1|2 confidences for 1"):
        calibration(confidence, [True], seed=0)


SURE, SPREAD = (40, 1), (8, 2)


def slightly_too_sure(confidence: Floats) -> Floats:
    return np.clip(confidence - 0.05, 0, 1)


def far_too_sure(confidence: Floats) -> Floats:
    return np.clip(confidence - 0.15, 0, 1)


def wrong_both_ways(confidence: Floats) -> Floats:
    return np.clip(confidence + np.where(confidence > 0.85, -0.1, 0.1), 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "shape"), [(100, SPREAD), (300, SURE)], ids=["small-spread", "large-sure"])
@pytest.mark.parametrize("accuracy", [slightly_too_sure, far_too_sure, wrong_both_ways])
def test_intervals_cover_the_truth(size: int, shape: tuple[float, float], accuracy: Callable[[Floats], Floats]) -> None:
    truth = population(size, shape, accuracy)
    misses = missed(truth, size, shape, accuracy, runs=200)
    # 5 % are allowed; up to 20 of 200 misses come up by chance with a probability below 0.2 % if the rate is 5 %.
    assert max(misses.values()) <= 20, misses


@pytest.mark.slow
def test_intervals_cover_the_truth_when_cases_are_clustered() -> None:
    """Conversations of five cases that are all answered alike, as surely and as rightly."""
    truth = population(300, SPREAD, slightly_too_sure)
    clustered = missed(truth, 300, SPREAD, slightly_too_sure, runs=200, cases=5)
    assert max(clustered.values()) <= 20, clustered
    # As if each case were independent, the same intervals are false four times as often as they may: units matter.
    ignored = missed(truth, 300, SPREAD, slightly_too_sure, runs=200, cases=5, told=False)
    assert min(ignored[name] for name in ("accuracy", "brier", "mean_confidence", "log_loss")) > 40, ignored


def missed(
    truth: dict[str, float],
    size: int,
    shape: tuple[float, float],
    accuracy: Callable[[Floats], Floats],
    *,
    runs: int,
    cases: int = 1,
    told: bool = True,
) -> dict[str, int]:
    """How often an interval does not hold the truth; `cases` to a unit are alike, and `told` says that they are one."""
    misses = dict.fromkeys(truth, 0)
    for run in range(runs):
        rng = np.random.default_rng([run, size])
        confidence = rng.beta(*shape, size // cases)
        correct = rng.random(size // cases) < accuracy(confidence)
        units = [str(place // cases) for place in range(size)]
        sure, right = np.repeat(confidence, cases).tolist(), np.repeat(correct, cases).tolist()
        measures = calibration(sure, right, units=units if told else None, seed=rng, resamples=400).measures
        for name in misses:
            interval = measures.get(name)
            misses[name] += interval is not None and not interval.low <= truth[name] <= interval.high
    return misses


def population(size: int, shape: tuple[float, float], accuracy: Callable[[Floats], Floats]) -> dict[str, float]:
    """The true figures, from a sample so large that it stands for all; in as many bins as the small sample has."""
    rng = np.random.default_rng(0)
    confidence = np.sort(rng.beta(*shape, 200_000))
    right = accuracy(confidence)
    bins = np.array_split(confidence - right, min(resampling.MOST_BINS, size // resampling.CASES_PER_BIN))
    losses_below = np.cumsum(1 - right) - (1 - right) / 2
    surest = right[-int(0.8 * confidence.size) :]
    return {
        "accuracy": float(right.mean()),
        "ece": sum(abs(part.sum()) for part in bins) / confidence.size,
        "brier": float(((1 - confidence) ** 2 * right + confidence**2 * (1 - right)).mean()),
        "log_loss": float(-(np.log(confidence) * right + np.log1p(-confidence) * (1 - right)).mean()),
        "mean_confidence": float(confidence.mean()),
        "risk_at_coverage_0.8": float(1 - surest.mean()),
        "confidence_when_wrong": float((confidence * (1 - right)).sum() / (1 - right).sum()),
        "wrong_above_0.9": float(((confidence > 0.9) * (1 - right)).sum() / (1 - right).sum()),
        "auroc": float((right * losses_below).sum() / (right.sum() * (1 - right).sum())),
    }
