"""`python -m train calibrate`: what is asked, what is made of it, and that the gate takes what was stored."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Case, assistant
from fixtures.vocab import words
from suite.calibration import CALIBRATOR, calibration
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.engine import ScriptedEngine, identify
from suite.exam.scene import Scene
from suite.lanes.asking import Asker
from suite.lanes.rehearsal import identity, right, write
from suite.outcome import Scored
from suite.reply import Generation
from tests.train.making import good
from tests.train.making import write as write_rows
from train.backends.registry import train
from train.calibrate import calibrate, draw
from train.cli import main
from train.job import Job, Settings
from train.rows.leaks import exam_cases

TUYA = load_catalog("tuya")
TUYA_SCENE = Scene((TUYA,), words("eval"))
LEVELS = {0.99: 0.8, 0.9: 0.65, 0.8: 0.5}
"""What it says, and how often it is right when it says so."""


def answer(case: Case, form: str) -> tuple[str, float]:
    """A reply, right or not, and its confidence: decided by the case alone, but not so that anybody could tell."""
    dice = Random(repr((case.messages, case.catalog.names)))
    said = dice.choice(list(LEVELS))
    wire = load_format(form)
    if dice.random() < LEVELS[said]:
        return right(case, wire, said), said
    return write(wire, case, dict(assistant([], "No." if case.oracle.calls else "", said))), said


def prompts_of(cases: list[Case], form: str = "functiongemma") -> list[str]:
    wire = load_format(form)
    return [wire.render(c.messages, c.catalog.declarations(), prompt=True).text for c in cases]


def too_sure(cases: list[Case], form: str = "functiongemma", **engine: Any) -> ScriptedEngine:
    """It knows only these cases."""
    book = dict(zip(prompts_of(cases, form), cases, strict=True))

    def reply(prompt: str) -> Generation:
        text, said = answer(book[prompt], form)
        return Generation(text, (math.log(said),), "stop")

    return ScriptedEngine(reply, format=form, identity=identity(form=form), **engine)


@pytest.mark.parametrize("form", ["functiongemma", "intent_json"])
def test_a_calibrator_brings_an_engine_that_is_too_sure_to_5_percent_on_fresh_cases(form: str) -> None:
    engine = too_sure(draw(TUYA_SCENE, 1200, 0), form)
    made, told = calibrate(engine, TUYA_SCENE, 1200, 0)
    assert made.confidence == ("verbalised" if form == "intent_json" else "likelihood")
    assert f"{made.method} calibrator of the {made.confidence}" in told
    scene = Scene((TUYA,))
    fresh = [calibrated_confidence.draw(scene, SeededChooser(f"fresh:{n}")) for n in range(1500)]
    asker = Asker(too_sure(fresh, form, calibrator=made), max_new_tokens=160)
    scored = [calibrated_confidence.judge(c, r) for c, r in zip(fresh, asker.ask(fresh), strict=True)]
    correct = [s.correct for s in scored if isinstance(s, Scored)]
    before, after = (
        calibration([s.confidence[kind] for s in scored if isinstance(s, Scored)], correct, seed=0).measures["ece"]
        for kind in (made.confidence, "calibrated")
    )
    assert before.low > 0.15
    assert after.estimate <= 0.05


def test_the_same_seed_makes_the_same_calibrator_and_says_what_it_was_made_from() -> None:
    engine = too_sure(draw(TUYA_SCENE, 100, 3))
    made, again = (calibrate(engine, TUYA_SCENE, 100, 3, "isotonic")[0] for _ in range(2))
    assert made == again
    assert made.identity == {
        "adapter_digest": engine.identity.adapter_digest,
        "base": "tiny",
        "base_digest": engine.identity.base_digest,
        "format": "functiongemma",
        "format_digest": engine.format.digest,
    }
    assert {"split": "eval", "seed": 3, "rows": 100, "catalogs": {"tuya": TUYA.digest}}.items() <= made.data.items()
    assert 0 < made.data["right"] < made.data["used"] == 100
    assert {"numpy", "scipy"} <= set(made.libraries)


def test_replies_without_the_figure_are_left_out() -> None:
    cases = draw(TUYA_SCENE, 120, 0)
    engine = too_sure(cases, "intent_json")
    answer_all, mute = engine.answer, set(prompts_of(cases[:20], "intent_json"))
    engine.answer = lambda prompt: "hm" if prompt in mute else answer_all(prompt)
    made, _ = calibrate(engine, TUYA_SCENE, 120, 0)
    assert made.data["used"] == 100


def test_what_is_asked_is_disjoint_from_the_exam() -> None:
    asked, exam = draw(Scene.on(split="eval"), 300, 0), exam_cases(0)
    assert not set(prompts_of(asked)) & set(prompts_of(exam))
    # Catalogs that nobody wrote have names of the split's own words.
    drawn = [
        {tool.name for case in cases if case.catalog.name == "drawn" for tool in case.catalog.tools}
        for cases in (asked, exam)
    ]
    assert len(drawn[0]) > 100
    assert not drawn[0] & drawn[1]
    assert not set(words("eval").nouns) & set(words("gate").nouns)


@pytest.fixture
def run(small_base: Path, tmp_path: Path) -> Path:
    data = write_rows(tmp_path / "rows.jsonl", [good()] * 4)
    settings = Settings(epochs=1, lora_r=2, threads=1, warmup=0, gradient_accumulation=1)
    return train(
        Job(backend="trainer", data=data, base=str(small_base), out=tmp_path / "run", settings=settings)
    ).parent


@pytest.mark.model
def test_a_stored_calibrator_is_what_the_gate_finds_and_a_changed_adapter_refuses_it(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.parent)
    monkeypatch.setattr("train.calibrate.MAX_NEW_TOKENS", 8)
    before = identify(run, None, None)
    assert main(["calibrate", "run", "--rows", "60", "--catalog", "tuya", "--method", "isotonic"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"isotonic calibrator of the likelihood, \d+ of 60 replies right", out)
    assert f"run/adapter/{CALIBRATOR}: the gate goes by it from now on" in out
    found = identify(run, None, None)
    assert found.identity == before.identity
    assert found.calibrator is not None
    assert found.calibrator.identity["adapter_digest"] == before.identity.adapter_digest
    assert 0 < found.calibrator([0.9])[0] < 1

    config = run / "adapter" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": 3}))
    with pytest.raises(UserError, match="fitted for the adapter"):
        identify(run, None, None)
    # What is refused can be made anew, by the command that the refusal names.
    assert main(["calibrate", "run", "--rows", "60", "--catalog", "tuya"]) == 0
    assert identify(run, None, None).calibrator is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "there is no such folder"),
        (["nowhere", "--rows", "49"], "49 requests tell too little"),
    ],
)
def test_bad_input_is_told_with_exit_code_2(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", *arguments]) == 2
    assert told in capsys.readouterr().err
