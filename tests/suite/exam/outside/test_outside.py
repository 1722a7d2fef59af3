"""Rows of outside exams become own cases, judged as those exams say."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.outside import from_folder
from fixtures.types import Case, ToolCall
from suite.exam.answers import answers
from suite.exam.own import OwnCases, read_own
from tests.suite.exam.outside.leaderboard import bfcl, question, when2call

FORM = load_format("functiongemma")


def read(file: str) -> OwnCases:
    return read_own([file], [], FORM)


def only(file: str) -> Case:
    (one,) = read(file).rows
    return one.case


def right(case: Case, **arguments: Any) -> bool:
    return answers(case, (ToolCall("kettle.boil", arguments),))


def test_accepted_values_are_right_and_others_are_wrong(tmp_path: Path) -> None:
    case = only(bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": [1.5, 2], "tea": ["Green tea", ""]}}]]))
    assert right(case, litres=2, tea="green-tea")
    assert right(case, litres=1.5)
    assert not right(case, litres=3)
    assert not right(case, litres=2, tea="black")
    assert not right(case, tea="Green tea")


def test_objects_say_their_values_by_key(tmp_path: Path) -> None:
    told = {"litres": [1], "note": [{"who": ["Ann", "Bo"], "cups": [2, ""]}]}
    case = only(bfcl(tmp_path, "multiple", [[{"kettle.boil": told}]]))
    assert right(case, litres=1, note={"who": "bo"})
    assert right(case, litres=1, note={"who": "Ann", "cups": 2})
    assert not right(case, litres=1, note={"cups": 2})


def test_parallel_calls_may_come_in_any_order(tmp_path: Path) -> None:
    case = only(bfcl(tmp_path, "parallel", [[{"kettle.boil": {"litres": [1]}}, {"kettle.boil": {"litres": [2]}}]]))
    calls = (ToolCall("kettle.boil", {"litres": 2}), ToolCall("kettle.boil", {"litres": 1}))
    assert answers(case, calls)
    assert not answers(case, calls[:1])


def test_a_value_that_the_schema_refuses_is_dropped(tmp_path: Path) -> None:
    case = only(bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": ["much", 2]}}]]))
    assert case.oracle.calls == (ToolCall("kettle.boil", {"litres": 2}),)


def test_a_row_without_a_value_that_the_schema_allows_is_left_out_by_its_id(tmp_path: Path) -> None:
    own = read(
        bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": ["much"]}}], [{"kettle.boil": {"litres": [2]}}]])
    )
    assert len(own.rows) == 1
    assert own.left_out == ("row_0: its tools' own schemas refuse every accepted answer",)


def test_an_exam_of_which_nothing_can_be_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no row can be asked"):
        read(bfcl(tmp_path, "simple_python", [[{"kettle.boil": {"litres": ["much"]}}]]))


def test_an_unknown_category_and_a_folder_without_it_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(f"bfcl:{tmp_path}/java")
    assert "parallel_multiple" in str(error.value)
    with pytest.raises(UserError, match="there is no BFCL_v4_multiple"):
        read(f"bfcl:{tmp_path}/multiple")


def test_irrelevance_wants_no_call_and_relevance_any(tmp_path: Path) -> None:
    none = only(bfcl(tmp_path, "irrelevance", rows=[question(0)]))
    assert none.kind == "irrelevance"
    assert answers(none, ())
    assert not right(none, litres=1)
    some = only(bfcl(tmp_path, "live_relevance", rows=[question(0)]))
    assert right(some, litres=7.5)
    assert not right(some, litres="much")
    assert not answers(some, ())


def test_when2call_wants_a_call_of_the_target_or_none(tmp_path: Path) -> None:
    file = when2call(tmp_path, ("boil 2 l", "tool_call"), ("boil it", "request_for_info"), ("fly", "cannot_answer"))
    call, ask, no = (one.case for one in read(file).rows)
    assert right(call, litres=2)
    assert not right(call, tea="green")
    assert answers(ask, ())
    assert not right(ask, litres=2)
    assert answers(no, ())
    assert [one.case.kind for one in read(file).rows] == ["tool_call", "request_for_info", "cannot_answer"]


def test_a_right_answer_that_when2call_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'direct' is not known"):
        read(when2call(tmp_path, ("boil", "direct")))


def test_a_path_behind_the_exam_is_meant_from_the_folder() -> None:
    assert from_folder("bfcl:data/multiple", Path("/home")) == "bfcl:/home/data/multiple"
    assert from_folder("rows.jsonl", Path("/home")) == "/home/rows.jsonl"
