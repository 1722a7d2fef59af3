"""The user's own rows become cases word for word; bad ones are refused together."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import ToolCall, Wanted
from suite.exam.own import OwnCases, read_own, spans
from tests.own_rows import TOOLS, asked, light, row, written

FORM = load_format("functiongemma")


def own(folder: Path, *rows: Any, catalogs: Any = ()) -> OwnCases:
    return read_own([written(folder / "rows.jsonl", rows)], [load_catalog(name) for name in catalogs], FORM)


def refused(folder: Path, *rows: Any) -> UserError:
    with pytest.raises(UserError) as error:
        own(folder, *rows)
    return error.value


def test_a_row_is_asked_word_for_word_with_its_tools_in_their_order(tmp_path: Path) -> None:
    (one,) = own(tmp_path, light(7, tags=["lights"], must=True, kind="vague")).rows
    assert one.case.messages == ({"role": "user", "content": "light up zone 7"},)
    assert one.case.catalog.declarations() == TOOLS
    assert one.case.oracle.calls == (ToolCall("set_light", {"zone": "zone 7"}),)
    assert one.case.oracle.acceptable == ((Wanted("set_light", {"zone": "zone 7"}),),)
    assert (one.line, one.must, one.tags, one.case.kind) == (1, True, ("lights",), "vague")


def test_what_is_acceptable_stands_beside_the_rows_own_answer(tmp_path: Path) -> None:
    call = {"name": "open_blinds", "arguments": {"zone": "zone 1"}}
    (one,) = own(tmp_path, light(1, acceptable=[[call], []])).rows
    assert one.case.oracle.acceptable == (
        (Wanted("set_light", {"zone": "zone 1"}),), (Wanted("open_blinds", {"zone": "zone 1"}),), ()
    )  # fmt: skip


def test_a_row_may_end_with_what_was_said(tmp_path: Path) -> None:
    (one,) = own(tmp_path, asked("sing", [[]])).rows
    assert one.case.request == "sing"
    assert one.case.oracle.acceptable == ((),)


def test_rows_without_tools_have_those_of_the_catalog(tmp_path: Path) -> None:
    bare = {"messages": row("sing a song")["messages"]}
    (one,) = own(tmp_path, bare, catalogs=["hotel_lights"]).rows
    assert one.case.catalog.names == load_catalog("hotel_lights").catalog.names


def test_a_row_stands_once_and_as_one_that_must_hold_if_it_says_so_anywhere(tmp_path: Path) -> None:
    found = own(tmp_path, light(1), light(2), light(1, must=True, tags=["again"]), light(1))
    assert [(one.case.request, one.must) for one in found.rows] == [
        ("light up zone 1", True),
        ("light up zone 2", False),
    ]
    assert found.same == 2


def test_the_same_request_with_another_answer_is_another_row(tmp_path: Path) -> None:
    assert len(own(tmp_path, light(1), row("light up zone 1")).rows) == 2


def test_the_order_depends_on_the_seed_alone(tmp_path: Path) -> None:
    found = own(tmp_path, *map(light, range(20)))
    orders = [[one.line for one in found.shuffled(seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(1, 21))


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"a": 1}, "the row has no `messages`"),
        (light(1, must="yes"), "/must: this must be true or false"),
        (light(1, tags="lights"), "/tags: this must be a list of texts"),
        (light(1, acceptable=[{}]), "/acceptable/0: a set of calls is a list"),
        (row("x", ("dim", {"zone": "a"})), "'dim' is not declared"),
        (row("x", ("set_light", {})), "'zone' is a required property"),
        ({"messages": row("x")["messages"]}, "a catalog with --catalog"),
        (asked("x", None), "the last message must be the assistant's answer"),
        (row("say <start_of_turn>"), "control token"),
    ],
)
def test_a_row_that_cannot_be_asked_is_refused_by_its_line(tmp_path: Path, bad: Any, told: str) -> None:
    error = refused(tmp_path, light(1), bad)
    assert "rows.jsonl:2: " in str(error)
    assert told in str(error)


def test_a_preference_pair_is_no_case(tmp_path: Path) -> None:
    messages = row("x")["messages"]
    pair = {"prompt": messages[:1], "chosen": messages[1:], "rejected": messages[1:], "tools": TOOLS}
    assert "a preference pair is no case" in str(refused(tmp_path, pair))


def test_all_bad_rows_are_named_at_once(tmp_path: Path) -> None:
    text = str(refused(tmp_path, *[light(1), {}] * 30))
    assert text.startswith("--cases ")
    assert "30 rows cannot be asked" in text
    assert all(f"rows.jsonl:{line}: " in text for line in range(2, 42, 2))
    assert "and lines 42, 44, 46, 48, 50, 52, 54, 56, 58, 60" in text
    assert spans([2, 3, 4, 7, 9, 10]) == "2 to 4, 7, 9 to 10"


def test_a_file_that_is_empty_or_missing_is_refused_under_the_option(tmp_path: Path) -> None:
    assert str(refused(tmp_path)).startswith("--cases ")
    with pytest.raises(UserError, match="cannot be read"):
        read_own([str(tmp_path / "none.jsonl")], [], FORM)


GUEST = row("light up the room of our guest", ("set_light", {"zone": "suite 7"}))


def test_what_a_row_does_not_say_is_not_judged_unless_the_row_says_otherwise(tmp_path: Path) -> None:
    (lenient,) = own(tmp_path, GUEST).rows
    assert lenient.case.oracle.acceptable == ((Wanted("set_light", {"zone": "suite 7"}, any=("zone",)),),)
    strict = ((Wanted("set_light", {"zone": "suite 7"}),),)
    call = {"name": "set_light", "arguments": {"zone": "suite 7"}}
    for more in ({"exact": True}, {"acceptable": [[call]]}):
        (one,) = own(tmp_path, {**GUEST, **more}).rows
        assert one.case.oracle.acceptable == strict


def test_what_was_said_in_an_earlier_turn_is_judged(tmp_path: Path) -> None:
    before = [{"role": "user", "content": "Suite 7 is ours"}, {"role": "assistant", "content": "Good."}]
    (one,) = own(tmp_path, {**GUEST, "messages": [*before, *GUEST["messages"]]}).rows
    assert one.case.oracle.acceptable == ((Wanted("set_light", {"zone": "suite 7"}),),)


def test_parts_of_an_argument_may_be_anything_by_their_pointers(tmp_path: Path) -> None:
    call = {"name": "set_light", "arguments": {"zone": "suite 7"}, "any": ["/zone"]}
    (one,) = own(tmp_path, {**GUEST, "acceptable": [[call]]}).rows
    assert one.case.oracle.acceptable[1][0].any == ("/zone",)
    wrong = {**call, "any": ["/level"]}
    problem = refused(tmp_path, {**GUEST, "acceptable": [[wrong]]}).problem
    assert "/any/0: there is nothing at '/level'" in problem


def test_rows_that_cannot_hold_together_are_named(tmp_path: Path) -> None:
    found = own(tmp_path, light(1), row("light up zone 1"), light(2), row("light up zone 2", acceptable=[[]]))
    assert [[place.rpartition(":")[2] for place in places] for places in found.contrary] == [["1", "2"], ["3", "4"]]
    call = {"name": "set_light", "arguments": {"zone": "zone 1"}}
    assert own(tmp_path, light(1), row("light up zone 1", acceptable=[[call]])).contrary == ()
