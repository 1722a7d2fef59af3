"""What the leaderboard counts otherwise than we do: spelling that does not matter, and replies that nobody can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.formats import load_format
from fixtures.types import Case, ToolCall
from suite import gate
from suite.contracts import CONTRACTS
from suite.exam.answers import answers
from suite.exam.own import read_own
from suite.lanes.owned import COUNTED_OTHERWISE
from suite.lanes.rehearsal import right, scripted
from suite.outcome import OwnReport
from suite.results.file import read, write
from tests.own_rows import light, written
from tests.suite.exam.outside.leaderboard import bfcl, question

FORM = load_format("functiongemma")
CALL = "<start_function_call>call:kettle.boil{litres:1}<end_function_call><start_function_response>"
UNREADABLE = "<start_function_call>call:kettle.boil{litres:"
PROSE = "No tool of these can do that.<end_of_turn>"


def cases_of(file: str) -> list[Case]:
    return [one.case for one in read_own([file], [], FORM).rows]


@pytest.mark.parametrize(
    ("tea", "is_right"),
    [("Green tea", True), ("green-tea", True), ("GREENTEA.", True), ("green teas", False), ("", False), (7, False)],
)
def test_a_text_of_the_leaderboard_is_right_in_any_spelling_that_it_takes(tmp_path: Path, tea: Any, is_right: bool):
    (case,) = cases_of(bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": [1], "tea": ["Green tea"]}}]]))
    assert answers(case, (ToolCall("kettle.boil", {"litres": 1, "tea": tea}),)) is is_right


def test_texts_inside_of_objects_are_spelt_as_loosely(tmp_path: Path):
    told = {"litres": [1], "note": [{"who": ["Ann B."], "cups": [2]}]}
    (case,) = cases_of(bfcl(tmp_path, "simple_python", [[{"kettle.boil": told}]]))
    assert answers(case, (ToolCall("kettle.boil", {"litres": 1, "note": {"who": "ann b", "cups": 2}}),))
    assert not answers(case, (ToolCall("kettle.boil", {"litres": 1, "note": {"Who": "ann b", "cups": 2}}),))


def test_a_row_of_the_users_own_counts_every_letter(tmp_path: Path):
    (case,) = cases_of(written(tmp_path / "rows.jsonl", [light(1)]))
    (call,) = case.oracle.calls or ()
    assert answers(case, (call,))
    spelt = {key: value.upper() if isinstance(value, str) else value for key, value in call.arguments.items()}
    assert spelt != call.arguments
    assert not answers(case, (ToolCall(call.name, spelt),))


def report(folder: Path, file: str, answer: Callable[[Case], str]) -> OwnReport:
    """What the results file says of a gate on these rows alone."""
    contracts = [contract for contract in CONTRACTS if contract.rows == "sample"]
    engine, watched = scripted(contracts, answer, own=cases_of(file))
    results = gate("none", engine=engine, contracts=watched, cases=[file], cache=folder / "cache")
    write(results, folder / "results.json")
    own = read(folder / "results.json").own
    assert own is not None
    return own


def test_where_nothing_fits_the_second_count_takes_replies_that_cannot_be_read_for_right(tmp_path: Path):
    replies = [PROSE, PROSE, UNREADABLE, CALL]
    file = bfcl(tmp_path, "irrelevance", rows=[question(number) for number in range(len(replies))])
    own = report(tmp_path, file, lambda case: replies[int(case.request.split()[-1])])
    (second,) = [one for one in own.slices if one.name == COUNTED_OTHERWISE]
    assert (second.by, second.held, second.trials) == ("kind", 3, 4)
    assert sorted(row.request for row in own.broken) == ["boil kettle 2", "boil kettle 3"]  # ours: two held


def test_without_rows_that_nothing_serves_there_is_no_second_count(tmp_path: Path):
    file = bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": [1]}}], [{"kettle.boil": {"litres": [2]}}]])
    own = report(tmp_path, file, right)
    assert own.asked == 2
    assert all(one.name != COUNTED_OTHERWISE for one in own.slices)
