"""An engine that is too sure of itself, and what a calibrator changes in its gate: only the figure that is judged."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fixtures.types import Case
from suite.calibration import Calibrator
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.engine import CachedEngine, ReplyStore, ScriptedEngine
from suite.gating import gate
from suite.lanes.rehearsal import right, scripted
from suite.outcome import CalibratorUsed, Results


def gated(tmp_path: Path, calibrator: Calibrator | None) -> Results:
    """A gate on calibration alone; the scripted engine is right in two of three cases and says 0.99."""

    def seldom_right(case: Case) -> str:
        correct = Random(repr(case.messages)).random() < 0.67
        return right(case) if correct else "Sure, I will do that.<end_of_turn>"

    double, watched = scripted([calibrated_confidence], seldom_right, likelihood=math.log(0.99))
    double.calibrator = calibrator
    return gate("none", engine=double, contracts=watched, cache=tmp_path, catalogs=["tuya"])


LEVEL = Calibrator("isotonic", "likelihood", points=((0.5, 0.67), (1.0, 0.67)), digest="d" * 16)


def test_the_gate_judges_the_calibrated_figure_shows_the_raw_one_and_says_which_calibrator_it_was(
    tmp_path: Path,
) -> None:
    raw, mapped = gated(tmp_path / "raw", None), gated(tmp_path / "mapped", LEVEL)
    assert (raw.contracts[0].verdict.name, mapped.contracts[0].verdict.name) == ("fail", "pass")
    assert (raw.calibrator, mapped.calibrator) == (None, CalibratorUsed("isotonic", "likelihood", "d" * 16))
    figures = mapped.contracts[0].measures
    assert figures["ece"] == figures["calibrated ece"]
    assert figures["likelihood mean_confidence"].estimate == pytest.approx(0.99)
    assert figures["calibrated mean_confidence"].estimate == pytest.approx(0.67)
    assert list(mapped.contracts[0].curves) == ["calibrated", "likelihood"]


def test_replies_are_cached_whatever_calibrator_maps_them(tmp_path: Path) -> None:
    engine = ScriptedEngine(lambda prompt: "Sure.<end_of_turn>")
    store = ReplyStore(tmp_path)
    for made in (None, LEVEL, replace(LEVEL, points=((0.0, 0.1),))):
        cached = CachedEngine(engine.identity, engine.format, lambda: engine, store, calibrator=made)
        list(cached.generate(["a", "b"], max_new_tokens=20))
    assert engine.calls == 2
