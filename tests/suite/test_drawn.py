"""What a gate draws from: the same whoever asks for it, and read once."""

import pytest

from fixtures.formats import load_format
from suite import gating
from suite.contracts import CONTRACTS
from suite.engine import ScriptedEngine
from suite.exam.scene import Scene
from suite.gating import Drawn, gate
from suite.reply import Generation
from suite.settings import Settings, read_settings
from tests.own_rows import light, written

FORM = load_format("functiongemma")
ASKED = [contract for contract in CONTRACTS if contract.name in ("right_tool", "own_cases")]


@pytest.fixture
def settings(tmp_path):
    examples = written(tmp_path / "said.jsonl", map(light, range(9)))
    cases = written(tmp_path / "held.jsonl", map(light, range(20, 25)))
    return read_settings({"examples": [examples], "cases": [cases]}, tmp_path)


def engine():
    return ScriptedEngine(lambda prompt: Generation("Sure.<end_of_turn>", (-0.1,), "stop"), format=FORM)


def test_settings_say_all_that_is_drawn_from(settings):
    read = Drawn.of(settings).read(FORM)
    assert (len(read.scene.examples.sentences), len(read.own.rows)) == (9, 5)
    assert read.scene.made_up_percent == 10
    assert Drawn.of(Settings()).read(FORM).own.rows == ()


def test_what_was_read_before_the_gate_is_not_read_again(settings, tmp_path, monkeypatch):
    given = {**settings.of_the_gate, "budget": 40}
    fresh = gate(None, engine=engine(), contracts=ASKED, **{**given, "cache": tmp_path / "first"})
    read = Drawn.of(settings).read(FORM)

    monkeypatch.setattr(Scene, "on", None)
    monkeypatch.setattr(gating, "own_cases_of", None)

    again = gate(None, engine=engine(), contracts=ASKED, read=read, **{**given, "cache": tmp_path / "second"})
    assert [c.tally for c in again.contracts] == [c.tally for c in fresh.contracts]
    assert again.examples == fresh.examples
    assert again.own == fresh.own
