"""What is trained, checked and calibrated goes by the same examples and cases as the gate."""

import json
from typing import Any

import pytest

from fixtures.formats import load_format
from fixtures.rows.files import records
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.exam.scene import Scene
from suite.gating import Drawn
from suite.lanes.rehearsal import right, scripted
from suite.settings import read_settings
from tests.own_rows import light, row, written
from train.calibrate import SPLIT, ask, calibrate, draw
from train.cli import main
from train.rows.leaks import exam_cases, exam_of

FORM = load_format("functiongemma")
DARK = row("it is far too dark in this place", ("set_light", {"zone": "bar"}))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder whose settings name examples and held-out cases."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "said.jsonl", [*map(light, range(8)), DARK])
    written(tmp_path / "held.jsonl", [light(40), light(41)])
    (tmp_path / "pyproject.toml").write_text("[tool.callproof]\nexamples = ['said.jsonl']\ncases = ['held.jsonl']\n")
    return tmp_path


def test_a_calibrator_is_fitted_in_the_words_of_the_examples(files):
    scene = Drawn.of(read_settings({"made_up": 50}, files)).scene(FORM, SPLIT)
    cases = draw(scene, 100, 0)
    said = [case for case in cases if case.language == "examples"]
    assert len(said) > len(cases) / 4
    assert any(case.request.startswith("light up ") for case in said)
    engine, _ = scripted((calibrated_confidence,), lambda case: right(case, FORM, 0.9))
    pairs = ask(engine, cases, "likelihood")
    assert pairs.units.count(f"said: {DARK['messages'][0]['content']}") > 1
    assert len(pairs.units) == len(pairs.correct) == 100
    made, _ = calibrate(engine, scene, 100, 0)
    assert made.data["examples"].keys() == {"said.jsonl"}
    assert made.data["made_up_percent"] == 50


def test_the_exam_that_nothing_may_leak_from_has_examples_and_own_cases(files):
    settings = read_settings({}, files)
    requests = {case.request for case in exam_of(settings, FORM)}
    assert {"light up zone 40", "light up zone 41"} <= requests
    assert DARK["messages"][0]["content"] in requests
    assert DARK["messages"][0]["content"] not in {case.request for case in exam_cases(0, made_up=20)}


def test_rows_that_stand_in_the_own_cases_or_the_examples_are_leaks(files, capsys):
    written(files / "train.jsonl", [light(40), DARK, row("open up", ("open_blinds", {"zone": "hall"}))])
    main(["check", "train.jsonl", "--json", "found.json"])
    told = [
        one for one in json.loads((files / "found.json").read_text())["findings"] if one["rule"] == "leaked request"
    ]
    assert [("the own cases" in one["text"], one["lines"]) for one in told] == [(False, [2]), (True, [1])]


def test_lessons_are_about_the_tools_of_the_examples_but_not_in_their_words(files, capsys):
    assert main(["lessons", "--rows", "30", "--made-up", "0", "--out", "lessons.jsonl"]) == 0
    rows: list[Any] = [record.value for record in records(files / "lessons.jsonl")]
    names = {tool["function"]["name"] for one in rows for tool in one["tools"]}
    assert {"set_light", "open_blinds"} <= names
    said = [str(message["content"]) for one in rows for message in one["messages"] if message["role"] == "user"]
    assert said
    assert not [text for text in said if text.startswith("light up zone") or "too dark" in text]


def test_a_scene_without_examples_is_itself_and_one_with_them_loses_their_sentences(files):
    plain = Scene.on(["tuya"])
    assert plain.without_examples(FORM) is plain
    scene = Scene.on([], examples=["said.jsonl"])
    bare = scene.without_examples(FORM)
    assert [[tool.language for tool in one.spoken] for one in scene.catalogs] == [["examples", "descriptions"]]
    assert [[tool.language for tool in one.spoken] for one in bare.catalogs] == [["descriptions", "descriptions"]]
