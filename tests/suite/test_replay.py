"""A counterexample is found by its ID or number, and asked again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from suite.contracts import CONTRACTS
from suite.engine import ScriptedEngine
from suite.exam.cases import clear, masked
from suite.exam.scene import Scene
from suite.gating import gate
from suite.lanes.known import Corpus
from suite.lanes.rehearsal import scripted
from suite.replay import find, replay, told
from suite.results.cases import SHORT_ID, case_id
from suite.results.file import write

UNDECLARED = "<start_function_call>call:nowhere{}<end_function_call><start_function_response>"
NO = "No.<end_of_turn>"
NEVER = "never_hallucinates_tools"
CASE = masked(Scene.on(["tuya"]), SeededChooser("1"))
ID = case_id(CASE)


def kept(folder: Path, *contracts: str) -> Path:
    """A cache that holds the case as a counterexample of these contracts."""
    for name in contracts:
        Corpus(folder / "counterexamples").keep(name, CASE)
    return folder


def again(cache: Path, reply: str, **more):
    return replay("none", ID, engine=ScriptedEngine(lambda prompt: reply), cache=cache, catalogs=["tuya"], **more)


def test_one_that_fails_again_says_what_was_got_and_wanted(tmp_path: Path):
    (one,) = again(kept(tmp_path, NEVER), UNDECLARED)
    assert one.fails
    assert one.neighbours == 0
    text = "\n".join(told(one))
    assert f"counterexample {ID[:SHORT_ID]} of {NEVER}:" in text
    assert "It still fails: got calls nowhere, wanted only " in text
    assert CASE.request in text


def test_one_that_holds_says_so(tmp_path: Path):
    (one,) = again(kept(tmp_path, NEVER), NO)
    assert not one.fails
    assert told(one)[-1] == "It no longer fails."


def test_a_reply_that_the_contract_says_nothing_of_is_no_failure(tmp_path: Path):
    (one,) = again(kept(tmp_path, NEVER), "<start_function_call>call:set_lamp{level:")
    assert not one.fails
    assert told(one)[-1] == "It no longer fails: the contract says nothing of this reply."


@pytest.mark.parametrize(
    ("reply", "words"), [(UNDECLARED, "24 of 24 cases around it fail: it is a hole"), (NO, "0 of")]
)
def test_neighbours_are_asked_on_request(tmp_path: Path, reply: str, words: str):
    (one,) = again(kept(tmp_path, NEVER), reply, around=True)
    assert one.neighbours == 24
    assert one.is_hole == (reply == UNDECLARED)
    assert told(one)[-1].startswith(words)


def test_a_case_that_breaks_several_contracts_is_judged_by_each(tmp_path: Path):
    found = again(kept(tmp_path, NEVER, "knows_when_nothing_fits"), UNDECLARED)
    assert [(one.found.contract, one.fails) for one in found] == [("knows_when_nothing_fits", True), (NEVER, True)]


def test_a_number_counts_the_counterexamples_of_a_results_file(tmp_path: Path):
    engine, contracts = scripted([c for c in CONTRACTS if c.name in (NEVER, "chooses_a_tool")], lambda case: UNDECLARED)
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=60, cache=tmp_path / "cache")
    write(results, tmp_path / "results.json")
    examples = [example for contract in results.contracts for example in contract.counterexamples]
    for number, example in enumerate(examples, 1):
        (found,) = find(str(number), tmp_path, tmp_path / "results.json", CONTRACTS)
        assert (found.contract, found.case) == (example.contract, example.case)
        (same,) = find(found.id[:SHORT_ID].upper(), tmp_path, tmp_path / "results.json", CONTRACTS)
        assert same == found
    with pytest.raises(UserError, match=f"1 to {len(examples)}"):
        find(str(len(examples) + 1), tmp_path, tmp_path / "results.json", CONTRACTS)


@pytest.mark.parametrize(
    ("wanted", "results", "problem"),
    [
        ("1", None, "none is named"),
        ("1", "none.json", "there is no such file"),
        ("lobby", None, "this is no ID"),
        ("abc123", None, "this is no ID"),
        ("0" * 8, None, "has this ID"),
        ("0" * 8, "none.json", "none.json has this ID"),
    ],
)
def test_what_is_not_there_is_one_error(tmp_path: Path, wanted: str, results: str | None, problem: str):
    kept(tmp_path, NEVER)
    with pytest.raises(UserError, match=problem):
        find(wanted, tmp_path, tmp_path / results if results else None, CONTRACTS)


def test_an_error_names_what_there_is(tmp_path: Path):
    with pytest.raises(UserError, match=ID[:SHORT_ID]):
        find("0" * 8, kept(tmp_path, NEVER), None, CONTRACTS)


def test_without_anything_to_look_in_the_error_says_so(tmp_path: Path):
    with pytest.raises(UserError, match="there is no counterexample in"):
        find(ID, tmp_path, None, CONTRACTS)


def test_a_beginning_that_two_share_is_refused_with_both(tmp_path: Path):
    folder = kept(tmp_path, NEVER) / "counterexamples" / NEVER
    other = clear(Scene.on(["tuya"]), SeededChooser("2"))
    path = Corpus(tmp_path / "counterexamples").keep(NEVER, other)
    # The file's name begins like the first one's, as that of two hashes may.
    path.rename(folder / f"{ID[:SHORT_ID]}{'0' * 8}.json")
    with pytest.raises(UserError, match="several counterexamples begin so"):
        find(ID[:SHORT_ID], tmp_path, None, CONTRACTS)


def test_a_contract_that_is_not_known_is_told(tmp_path: Path):
    with pytest.raises(UserError, match="--contracts DIR"):
        find(ID, kept(tmp_path, "lights_stay_on"), None, CONTRACTS)


def test_an_id_is_that_of_the_file_that_the_corpus_keeps(tmp_path: Path):
    assert Corpus(tmp_path).keep(NEVER, CASE).stem == ID
    assert case_id(replace(CASE, kind="other")) != ID
