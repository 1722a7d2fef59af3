"""Contracts of one's own are asked beside the shipped ones, and a bad file is told as such."""

from pathlib import Path

import pytest

from fixtures.errors import UserError
from suite.contracts import CONTRACTS
from suite.lanes.loading import load_contracts
from suite.outcome import Broken, Held, NotApplicable
from tests.suite.contracts.test_contracts import CASE, reply

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "contracts"
CONTRACT = (EXAMPLE / "keeps_the_lights_on.py").read_text()


def folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def test_without_a_folder_the_shipped_ones_are_asked():
    assert load_contracts(None) == CONTRACTS


def test_the_worked_example_holds_breaks_and_is_not_applicable():
    *shipped, own = load_contracts(EXAMPLE)
    assert tuple(shipped) == CONTRACTS
    off = "<start_function_call>call:lights.switch_room{state:<escape>off<escape>}<end_function_call>"
    assert isinstance(own.judge(CASE, reply(off)), Broken)
    said = CASE.__class__(CASE.catalog, ({"role": "user", "content": "Lights OFF"},), CASE.oracle)
    assert isinstance(own.judge(said, reply(off)), Held)
    assert isinstance(own.judge(CASE, reply("No.<end_of_turn>")), NotApplicable)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no file in this folder holds a contract"),
        ({"notes": "x = 1\n"}, "no file in this folder holds a contract"),
        ({"_hidden": CONTRACT}, "no file in this folder holds a contract"),
        ({"bad": "import nothing_of_that_name\n"}, "cannot be imported: ModuleNotFoundError"),
        ({"bad": "def f(:\n"}, "cannot be imported: SyntaxError"),
        ({"a": CONTRACT, "b": CONTRACT}, "is already in"),
        ({"a": CONTRACT.replace("keeps_the_lights_on", "valid_calls")}, "is already in suite.contracts.valid_calls"),
    ],
    ids=["empty", "no contract", "hidden", "import", "syntax", "twice", "shipped"],
)
def test_a_folder_that_cannot_be_used_is_told(files, problem, tmp_path):
    with pytest.raises(UserError, match=problem):
        load_contracts(folder(tmp_path, **files))


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="there is no such folder"):
        load_contracts(tmp_path / "none")
