"""Calibrators: what they map, how they are fitted, and when the one that lies in a folder is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import UserError
from fixtures.formats import load_format
from suite.calibration import CALIBRATOR, Calibrator, calibration, read_calibrator
from suite.calibration.fitting import LEAST_UNITS, Pairs, fit, isotonic, temperature
from suite.outcome import Identity
from suite.reply import Generation, Reply

WHO = Identity("tiny", "b" * 16, "runs/a", "a" * 16, "functiongemma", "f" * 16)
DIGESTS = {"adapter_digest": WHO.adapter_digest, "base_digest": WHO.base_digest, "format_digest": WHO.format_digest}
COOLER = Calibrator("temperature", "likelihood", temperature=2.0, identity=DIGESTS, data={"rows": 200})
STEPS = Calibrator("isotonic", "verbalised", points=((0.2, 0.1), (0.6, 0.5), (0.9, 0.7)), identity=DIGESTS)


def pairs(confidence: list[float], correct: list[bool], cases: int = 1) -> Pairs:
    """Each run of so many cases is a conversation."""
    return Pairs(confidence, correct, [str(place // cases) for place in range(len(correct))])


def sampled(seed: int, size: int, truth: Callable[[Any], Any], shape: tuple[float, float] = (5, 2)) -> Pairs:
    rng = np.random.default_rng(seed)
    confidence = rng.beta(*shape, size)
    return pairs(confidence.tolist(), (rng.random(size) < truth(confidence)).tolist())


def test_a_temperature_divides_log_odds() -> None:
    # Odds of 9 to 1 become 3 to 1 at the temperature 2.
    assert COOLER([0.9, 0.5, 0.1]) == pytest.approx([0.75, 0.5, 0.25])


def test_certainty_has_log_odds_too() -> None:
    nothing, everything = COOLER([0.0, 1.0])
    assert 0 < nothing < 0.01
    assert 0.99 < everything < 1


def test_an_isotonic_map_goes_straight_between_its_points_and_is_level_outside() -> None:
    assert STEPS([0.0, 0.2, 0.4, 0.6, 0.75, 1.0]) == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.6, 0.7])


def test_a_reply_is_mapped_by_its_own_figure_and_one_without_it_is_not() -> None:
    form = load_format("intent_json")
    said = '{"function": "f", "arguments": {}, "confidence": 0.9}'
    reply, mute = (Reply(Generation(text, (math.log(0.5),), "stop"), form.parse(text)) for text in (said, "f"))
    assert STEPS.of(reply) == pytest.approx(0.7)
    assert STEPS.of(mute) is None
    assert replace(STEPS, confidence="likelihood").of(mute) == pytest.approx(0.1 + 0.4 * 0.3 / 0.4)


def test_the_temperature_is_the_one_that_made_the_sample() -> None:
    # True log-odds are a third of what is said; its standard error in a sample of 4000 is about 0.1.
    found = temperature(sampled(0, 4000, lambda c: 1 / (1 + ((1 - c) / c) ** (1 / 3))), "likelihood")
    assert found.temperature == pytest.approx(3.0, abs=0.35)


def test_violators_are_pooled_as_worked_out_by_hand() -> None:
    # Rates by confidence: 0.1: 0/2, 0.3: 1/1, 0.5: 0/2, 0.8: 3/4, 0.9: 1/1. The second and third pool to 1/3.
    confidence = [0.1, 0.1, 0.3, 0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.9]
    correct = [False, False, True, False, False, True, True, True, False, True]
    found = isotonic(pairs(confidence, correct), "likelihood")
    # Of 10 cases no rate is below 1/12 or above 11/12.
    known, mapped = zip(*found.points, strict=True)
    assert known == (0.1, 0.3, 0.5, 0.8, 0.9)
    assert mapped == pytest.approx((1 / 12, 1 / 3, 1 / 3, 3 / 4, 11 / 12))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=1, max_size=60))
@settings(deadline=None)  # the first example imports scipy
def test_no_rising_map_of_its_points_fits_better_than_the_isotonic_one(sample: list[tuple[float, bool]]) -> None:
    confidence, correct = (list(column) for column in zip(*sample, strict=True))
    found = isotonic(pairs(confidence, correct), "likelihood")
    mapped = dict(zip(sorted(set(confidence)), found(sorted(set(confidence))), strict=True))
    assert list(mapped.values()) == sorted(mapped.values())
    doubt = 1 / (len(sample) + 2)

    def error(said: Callable[[float], float]) -> float:
        return sum((min(max(said(c), doubt), 1 - doubt) - r) ** 2 for c, r in sample)

    best = error(mapped.__getitem__)
    for shift in (0.0, 0.2, 0.5, 1.0):
        for slope in (0.0, 0.5, 1.0):
            # A line is a rising map as well.
            assert best <= error(lambda c, a=shift, b=slope: a + b * c) + 1e-9  # type: ignore[misc]


def test_points_on_one_level_are_left_out() -> None:
    found = isotonic(pairs([0.5, 0.6, 0.7, 0.8], [True, False, True, False]), "likelihood")
    assert found.points == ((0.5, 0.5), (0.8, 0.5))


@pytest.mark.parametrize(
    ("truth", "chosen"),
    [(lambda c: 1 / (1 + ((1 - c) / c) ** 0.4), "temperature"), (lambda c: np.where(c > 0.7, 0.9, 0.2), "isotonic")],
)
def test_held_out_log_loss_chooses_the_method(truth: Callable[[Any], Any], chosen: str) -> None:
    fitted = fit(sampled(1, 300, truth), "likelihood", None, seed=0)
    assert fitted.calibrator.method == chosen
    assert fitted.log_loss[chosen] == min(fitted.log_loss.values())
    assert len(fitted.held_out) == 300


def test_what_is_calibrated_already_is_left_as_it_is() -> None:
    sample = sampled(4, 300, lambda c: c)
    fitted = fit(sample, "likelihood", None, seed=0)
    assert fitted.log_loss["raw"] == min(fitted.log_loss.values())
    assert fitted.calibrator([0.3, 0.9]) == pytest.approx([0.3, 0.9])
    assert list(fitted.held_out) == sample.confidence
    assert fit(sample, "likelihood", "isotonic", seed=0).calibrator.method == "isotonic"


def test_the_method_can_be_given() -> None:
    sample = sampled(1, 300, lambda c: np.where(c > 0.7, 0.9, 0.2))
    assert fit(sample, "likelihood", "temperature", seed=0).calibrator.method == "temperature"


def test_what_is_held_out_is_whole_conversations() -> None:
    # Each conversation has a confidence of its own, said twice, and was right both times or neither time: whoever has
    # seen one of its cases knows the other. Held out, nobody can do better than a coin.
    rng = np.random.default_rng(0)
    said = np.repeat(rng.random(200), 2)
    right = np.repeat(rng.random(200) < 0.5, 2)
    apart = fit(pairs(said.tolist(), right.tolist(), cases=2), "likelihood", "isotonic", seed=0)
    mixed = fit(pairs(said.tolist(), right.tolist()), "likelihood", "isotonic", seed=0)
    assert apart.log_loss["isotonic"] != mixed.log_loss["isotonic"]
    assert apart.log_loss["isotonic"] > math.log(2) - 0.01


@pytest.mark.parametrize("cases", [1, 7])
def test_too_few_conversations_are_refused(cases: int) -> None:
    size = (LEAST_UNITS - 1) * cases
    with pytest.raises(UserError, match="49 conversations"):
        fit(pairs([0.9] * size, [True] * size, cases), "likelihood", None, seed=0)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("right", [True, False])
def test_a_sample_of_one_outcome_leaves_some_doubt(method: Any, right: bool) -> None:
    fitted = fit(pairs([0.8] * 60, [right] * 60), "likelihood", method, seed=0)
    [mapped] = fitted.calibrator([0.8])
    assert 0 < mapped < 1
    assert math.isfinite(fitted.log_loss[method])


def far_too_sure(confidence: Any) -> Any:
    return np.clip(confidence - 0.3, 0.05, 1)


@pytest.mark.parametrize(("method", "left"), [("temperature", 1 / 2), ("isotonic", 1 / 5)])
def test_fresh_cases_are_better_calibrated_than_before(method: Any, left: float) -> None:
    made = fit(sampled(2, 400, far_too_sure), "likelihood", method, seed=0).calibrator
    fresh = sampled(3, 4000, far_too_sure)
    before, after = (
        calibration(said, fresh.correct, seed=0, resamples=10).measures
        for said in (fresh.confidence, made(fresh.confidence))
    )
    assert after["ece"].estimate < before["ece"].estimate * left
    assert after["log_loss"].estimate < before["log_loss"].estimate


@pytest.mark.parametrize("made", [COOLER, STEPS], ids=["temperature", "isotonic"])
def test_a_calibrator_comes_back_equal_from_its_file(made: Calibrator, tmp_path: Path) -> None:
    assert made.write(tmp_path) == tmp_path / CALIBRATOR
    found = read_calibrator(tmp_path, WHO)
    assert found is not None
    assert len(found.digest) == 16
    assert replace(found, digest="") == made
    assert (found.used.method, found.used.confidence, found.used.digest) == (made.method, made.confidence, found.digest)


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert read_calibrator(tmp_path, WHO) is None


@pytest.mark.parametrize("name", ["adapter", "base", "format"])
def test_it_is_refused_for_any_other_adapter_base_or_format(name: str, tmp_path: Path) -> None:
    COOLER.write(tmp_path)
    with pytest.raises(UserError) as refused:
        read_calibrator(tmp_path, replace(WHO, **{f"{name}_digest": "0" * 16}))
    told = str(refused.value)
    assert f"{CALIBRATOR} {name}_digest" in told
    assert f"fitted for the {name} with hash {DIGESTS[f'{name}_digest']}; this one has {'0' * 16}" in told
    assert f"python -m train calibrate {tmp_path}" in told


def test_it_holds_under_any_name(tmp_path: Path) -> None:
    COOLER.write(tmp_path)
    assert read_calibrator(tmp_path, replace(WHO, base="b", adapter="c", format="d")) is not None


REFUSED = r"(no calibrator of version 1|this is not JSON)[\s\S]*python -m train calibrate"
DAMAGE: list[dict[str, Any]] = [
    {"version": 2},
    {"method": "magic"},
    {"confidence": "gut feeling"},
    {"temperature": 0},
    {"temperature": "hot"},
    {"points": []},
    {"points": [[0.5, 0.9], [0.6, 0.2]]},
    {"points": [[0.6, 0.2], [0.5, 0.9]]},
    {"points": [[0.5, 1.5]]},
    {"points": [0.5]},
    {"identity": {}},
    {"identity": []},
    {"more": 1},
]


@pytest.mark.parametrize("damage", DAMAGE, ids=json.dumps)
def test_a_file_that_no_calibrator_wrote_is_refused(damage: dict[str, Any], tmp_path: Path) -> None:
    file = STEPS.write(tmp_path)
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    with pytest.raises(UserError, match=REFUSED):
        read_calibrator(tmp_path, WHO)


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '{"version": 1}'])
def test_a_file_that_is_something_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / CALIBRATOR).write_text(content)
    with pytest.raises(UserError, match=REFUSED):
        read_calibrator(tmp_path, WHO)
