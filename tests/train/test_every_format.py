"""The commands around training go on in every format: lessons, pairs, and what maps confidence to probability."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.catalogs import load_catalog
from fixtures.formats import FORMATS, Format, load_format
from fixtures.types import assistant
from fixtures.vocab import words
from suite.engine import ScriptedEngine
from suite.engine.target.template import found_format
from suite.exam.scene import Scene
from suite.lanes.rehearsal import identity, right, write
from suite.reply import Generation
from tests.fixtures.formats.found.templates import SILENT
from tests.train.everyformat import EVERY, GIVEN, TEMPLATES, asked_for
from tests.train.making import drawn
from tests.train.making import write as write_rows
from train.calibrate import calibrate, draw
from train.cli import main
from train.lessons import is_writable
from train.preferences.pairs import build_pairs, wire_of
from train.rows.data import read_rows

SCENE = Scene((load_catalog("tuya"),), words("eval"))


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Format]:
    """All formats by name; those that are found, found in a folder with a tokenizer that ends with <s1>."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>"}))
    made = {name: load_format(name) for name in FORMATS}
    for name in TEMPLATES:
        found = found_format([folder], asked_for(name, folder)["given"])
        assert found
        made[name] = found[0]
    return made


def base_with(tmp_path: Path, template: str) -> Path:
    """A folder that looks like a base with this template; nothing loads it."""
    base = tmp_path / "base"
    base.mkdir()
    for name, text in (("config.json", "{}"), ("tokenizer.json", "{}"), ("chat_template.jinja", template)):
        (base / name).write_text(text)
    (base / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>"}))
    (base / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return base


@pytest.mark.parametrize("name", EVERY)
def test_pairs_reject_what_the_format_can_write(name: str, forms: Mapping[str, Format], tmp_path: Path) -> None:
    form = forms[name]
    rows = read_rows(write_rows(tmp_path / "rows.jsonl", drawn(12)), form).rows
    pairs = build_pairs(rows, form, [load_catalog("hotel_rooms")], seed=0, per_row=2).pairs
    assert len(pairs) > 4
    for pair in pairs:
        chosen, rejected = (wire_of(pair.row, said, form) for said in (pair.row.messages[-1], pair.rejected))
        assert chosen != rejected
        assert chosen.endswith(form.stops)
        assert rejected.endswith(form.stops)


@pytest.mark.parametrize("name", EVERY)
def test_a_calibrator_is_made_of_replies_in_the_format(name: str, forms: Mapping[str, Format]) -> None:
    form = forms[name]
    cases = draw(SCENE, 60, 0)
    told: dict[str, Generation] = {}
    for number, case in enumerate(cases):
        wrong = dict(assistant([], "No." if case.oracle.calls else "", 0.6))
        text = right(case, form, 0.9) if number % 3 and is_writable(case, form) else write(form, case, wrong)
        prompt = form.render(case.messages, case.catalog.declarations(), prompt=True).text
        told[prompt] = Generation(text, (-0.1 - number % 3,), "stop")
    engine = ScriptedEngine(told.__getitem__, format=form, identity=identity())
    made, _ = calibrate(engine, SCENE, 60, 0)
    assert made.confidence == ("verbalised" if form.verbalises_confidence else "likelihood")
    assert 0 < made.data["right"] < made.data["used"] == 60


@pytest.mark.parametrize("name", ["found hermes", "found moody"])
def test_lessons_are_written_in_the_format_of_a_template(name: str, tmp_path: Path) -> None:
    base, out = base_with(tmp_path, TEMPLATES[name]), tmp_path / "rows.jsonl"
    options = [word for key, value in GIVEN.get(name, {}).items() for word in ("--" + key.replace("_", "-"), value)]
    asked = ["--format", "auto", "--base", str(base), *options]
    assert main(["lessons", "--rows", "4", "--contract", "right_tool", "--out", str(out), *asked]) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.parametrize("command", ["lessons", "pairs"])
def test_a_template_that_drops_calls_is_refused_by_the_traps_name(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, out = base_with(tmp_path, SILENT), tmp_path / "rows.jsonl"
    asked = ["--rows", "4", "--format", "auto", "--base", str(base), "--out", str(out)]
    assert main([command, *asked]) == 2
    assert "writes nothing for a call" in capsys.readouterr().err
    assert not out.exists()


def test_training_is_refused_by_the_traps_name_before_a_weight_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, data = base_with(tmp_path, SILENT), write_rows(tmp_path / "rows.jsonl", drawn(2))
    asked = ["--data", str(data), "--out", str(tmp_path / "run"), "--base", str(base)]
    assert main(["sft", *asked, "--format", "auto"]) == 2
    assert "writes nothing for a call" in capsys.readouterr().err
    assert main(["sft", *asked, "--format", "hermes", "--system", "Be brief."]) == 2
    assert "--format auto" in capsys.readouterr().err
