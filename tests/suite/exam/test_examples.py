"""Rows of the user's as a source of language: whose tools they mean, what is left aside, and what the exam asks."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import ToolCall
from suite.exam import examples
from suite.exam.answers import answers
from suite.exam.arbitration import two_intents
from suite.exam.cases import clear, masked, stressed
from suite.exam.conversations import several_turns
from suite.exam.examples import Examples, read_examples
from suite.exam.scene import Scene
from tests.own_rows import TOOLS, light, row, tool, written

SEEDCORE = "fixtures/datasets/seedcore/intent-tool-dataset.jsonl"
LIGHT = ("set_light", {"zone": "lobby", "level": 20})


def taken(folder: Path, *rows: Any, given: tuple[str, ...] = ()) -> Examples:
    file = written(folder / "rows.jsonl", rows)
    return read_examples([file], [load_catalog(name) for name in given], load_format("functiongemma"))


def spoken_in(found: Examples) -> dict[str, list[str]]:
    return {s.tool.name: [one.text for one in s.sentences] for c in found.catalogs for s in c.spoken}


def test_rows_with_tools_of_their_own_make_a_catalog(tmp_path: Path) -> None:
    found = taken(tmp_path, row("dim the lobby to 20", LIGHT), row("sing"))
    (catalog,) = found.catalogs
    assert (catalog.catalog.name, catalog.catalog.names) == ("rows", ("set_light", "open_blinds"))
    assert spoken_in(found) == {"set_light": ["dim the lobby to 20"], "open_blinds": []}
    assert [spoken.language for spoken in catalog.spoken] == ["examples", "descriptions"]
    assert catalog.idle == ("sing",)


def test_rows_that_share_a_tool_share_a_catalog_and_tools_of_one_name_may_differ(tmp_path: Path) -> None:
    third = tool("lock", zone={"type": "string"})
    other = {**tool("set_light"), "function": {**tool("set_light")["function"], "description": "another"}}
    found = taken(
        tmp_path,
        row("dim the lobby to 20", LIGHT),
        row("lock the gate", ("lock", {"zone": "gate"}), tools=[TOOLS[1], third]),
        row("lights in the hall", ("set_light", {"zone": "hall"}), tools=[other]),
    )
    names = [catalog.catalog.names for catalog in found.catalogs]
    assert names == [("set_light", "open_blinds", "lock"), ("set_light",)]
    assert [catalog.catalog.name for catalog in found.catalogs] == ["rows", "rows 2"]


def test_a_tool_of_a_given_catalog_is_asked_for_there(tmp_path: Path) -> None:
    call = ("tuya.get_status", {"device_id": "lamp_4"})
    found = taken(tmp_path, row("how is lamp_4", call, tools=None), light(1), given=("tuya",))
    assert [catalog.catalog.name for catalog in found.catalogs] == ["tuya", "rows"]
    assert spoken_in(found)["tuya.get_status"] == ["how is lamp_4"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("both", LIGHT, ("open_blinds", {"zone": "bar"}))], examples.SEVERAL),
        ([row("dim it", LIGHT, acceptable=[[]])], examples.OTHERWISE),
        ([row("do it", LIGHT), row("Do  it", ("open_blinds", {"zone": "bar"}))], examples.TOOLS),
        ([row("go on", LIGHT), row("go on")], examples.TOOLS),
        ([row("zone 5", LIGHT), row("zone 5", LIGHT)], examples.AGAIN),
    ],
)
def test_rows_that_are_no_sentence_for_one_tool_are_left_aside(tmp_path: Path, rows: Any, reason: str) -> None:
    assert reason in taken(tmp_path, *rows, light(1)).aside


def test_rows_that_answer_one_request_in_two_ways_are_left_aside(tmp_path: Path) -> None:
    rows = [row("blinds in 5", ("set_light", {"zone": "5", "level": level})) for level in (5, 5)]
    assert examples.AGAIN in taken(tmp_path, *rows).aside
    on = {"type": "boolean"}
    switch = [tool("switch", on=on)]
    rows = [row("flip 5", ("switch", {"zone": "5", "on": value}), tools=switch) for value in (True, False)]
    assert taken(tmp_path, *rows, light(1)).aside == {examples.ANSWERS: 2}


def test_of_several_turns_the_first_is_used(tmp_path: Path) -> None:
    first, second = row("dim the lobby to 20", LIGHT), row("and the bar", ("set_light", {"zone": "bar", "level": 20}))
    done = {"role": "tool", "name": "set_light", "content": "done"}
    whole = {"messages": [*first["messages"], done, *second["messages"]], "tools": TOOLS}
    assert spoken_in(taken(tmp_path, whole))["set_light"] == ["dim the lobby to 20"]


def test_bad_rows_and_files_without_any_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as bad:
        taken(tmp_path, light(1), {}, row("x", ("fly", {})))
    assert "2 rows cannot be asked" in bad.value.problem
    assert "--examples" in bad.value.where
    with pytest.raises(UserError) as none:
        taken(tmp_path, row("both", LIGHT, LIGHT))
    assert examples.SEVERAL in none.value.problem


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene.on(["tuya"], 0, examples=[SEEDCORE])


@pytest.mark.parametrize("draw", [clear, stressed, several_turns, two_intents])
def test_the_exam_asks_in_the_words_of_the_rows_and_knows_the_answer(scene: Scene, draw: Any) -> None:
    for seed in range(40):
        case = draw(scene, SeededChooser(seed))
        if case.kind.startswith("the more"):
            continue  # on drawn tools, where there is but one
        assert case.language == "examples"
        assert case.oracle.calls
        assert answers(case, case.oracle.calls)


def test_what_nobody_said_may_be_anything_and_what_was_said_may_not(scene: Scene) -> None:
    cases = [clear(scene, SeededChooser(seed)) for seed in range(60)]
    free = [case for case in cases if case.oracle.acceptable and "device_id" in case.oracle.acceptable[0][0].any]
    bound = [case for case in cases if not case.oracle.acceptable]
    assert free
    assert bound
    for case in (*free, *bound):
        (call,) = case.oracle.calls or ()
        other = ToolCall(call.name, {**call.arguments, "device_id": "another one"})
        assert answers(case, (other,)) == (case in free)
        left_out = ToolCall(call.name, {k: v for k, v in call.arguments.items() if k != "device_id"})
        assert not answers(case, (left_out,))  # the schema wants one


def test_requests_that_no_tool_serves_are_asked_where_nothing_is_to_fit(tmp_path: Path) -> None:
    file = written(
        tmp_path / "rows.jsonl", [light(1), row("open up zone 2", ("open_blinds", {"zone": "2"})), row("sing")]
    )
    scene = Scene.on((), 0, examples=[file])
    drawn = [masked(scene, SeededChooser(seed)) for seed in range(30)]
    sung = [case for case in drawn if case.request == "sing"]
    assert 5 < len(sung) < 25
    assert all(case.oracle.calls == () and case.language == "examples" for case in drawn)
