"""Rows are checked before anything is trained on them, and every fault is told by its line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.rows.checks import Fault
from fixtures.rows.reading import digest
from tests.train.making import good, write
from train.rows.data import Checked, accept, read_rows

FORM = load_format("functiongemma")
SAMPLE = Path(__file__).parent / "seedcore_sample.jsonl"
TUYA = load_catalog("tuya").catalog.declarations()


def read(tmp_path: Path, rows: list[Any], **options: Any) -> Checked:
    return read_rows(write(tmp_path / "rows.jsonl", rows), FORM, **options)


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The good row after a change."""
    row = copy.deepcopy(good(level=3))
    change(row)
    return row


def call(row: dict[str, Any]) -> dict[str, Any]:
    function: dict[str, Any] = row["messages"][-1]["tool_calls"][0]["function"]
    return function


def test_good_rows_are_kept_as_they_are_with_their_line_and_confidence(tmp_path: Path) -> None:
    row = good(level=3)
    row["messages"][-1]["confidence"] = 0.9
    (kept,) = read(tmp_path, ["", row]).rows
    assert (kept.line, list(kept.messages), list(kept.tools)) == (2, row["messages"], row["tools"])


def say(*roles: str) -> Callable[[dict[str, Any]], None]:
    def change(row: dict[str, Any]) -> None:
        row["messages"] = [{"role": role, "content": "x"} for role in roles]

    return change


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    "no messages": (lambda r: r.pop("messages"), "", "no `messages`"),
    "empty messages": (lambda r: r.update(messages=[]), "/messages", "no messages"),
    "no tools": (lambda r: r.pop("tools"), "/tools", "--tools"),
    "tools no list": (lambda r: r.update(tools={"a": 1}), "/tools", "not a catalog|list"),
    "misspelt key of a tool": (
        lambda r: r["tools"][0]["function"].update(paramaters={}), "/tools", "/0/function/paramaters: there is no such",
    ),
    "tool twice": (lambda r: r["tools"].append(r["tools"][0]), "/tools", "another tool has this name"),
    "invalid schema": (
        lambda r: r["tools"][0]["function"]["parameters"]["properties"]["room"].update(type="txt"),
        "/tools",
        "/0/function/parameters/properties/room/type: 'txt' is no type",
    ),
    "two users": (say("user", "user", "assistant"), "/messages/1/role", "out of order after user"),
    "tool first": (say("tool"), "/messages/0/role", "out of order as the first message"),
    "greeting alone": (say("assistant"), "/messages/0", "last message must be the assistant's"),
    "greeting twice": (say("assistant", "assistant"), "/messages/1/role", "after assistant's greeting; allowed: user"),
    "call as a greeting": (
        lambda r: r["messages"].insert(0, r["messages"][1]), "/messages/0/tool_calls", "nothing was asked"
    ),
    "unknown role": (say("user", "robot"), "/messages/1/role", "'robot' is out of order"),
    "tool without call": (say("user", "assistant", "tool"), "/messages/2/role", "allowed: user"),
    "no answer": (say("user"), "/messages/0", "last message must be the assistant's"),
    "message no object": (lambda r: r["messages"].insert(0, "hi"), "/messages/0", "a message is a JSON object"),
    "misspelt key": (
        lambda r: r["messages"][1].update(toolcalls=[]), "/messages/1/toolcalls", "no such key; tool_calls"
    ),
    "calls of a user": (
        lambda r: r["messages"][0].update(tool_calls=[{}]), "/messages/0/tool_calls", "only an assistant"
    ),
    "empty answer": (lambda r: r["messages"][1].pop("tool_calls"), "/messages/1/content", "neither text nor calls"),
    "empty request": (lambda r: r["messages"][0].update(content=" "), "/messages/0/content", "empty"),
    "content no text": (lambda r: r["messages"][0].update(content=3), "/messages/0/content", "must be a text"),
    "nameless tool message": (
        lambda r: (
            r["messages"][1]["tool_calls"].append(r["messages"][1]["tool_calls"][0]),
            r["messages"].extend([{"role": "tool", "content": "ok"}, r["messages"][1]]),
        ),
        "/messages/2",
        "must name its tool",
    ),
    "confidence too high": (
        lambda r: r["messages"][1].update(confidence=1.2), "/messages/1/confidence", "from 0 to 1, not 1.2"
    ),
    "weight": (lambda r: r["messages"][1].update(weight=0.5), "/messages/1/weight", "not 0.5"),
    "weight of the last": (lambda r: r["messages"][-1].update(weight=0), "/messages/1/weight", "is the one to learn"),
    "weight of a request": (lambda r: r["messages"][0].update(weight=0), "/messages/0/weight", "only an assistant"),
    "confidence true": (lambda r: r["messages"][1].update(confidence=True), "/messages/1/confidence", "not True"),
    "calls no list": (lambda r: r["messages"][1].update(tool_calls={}), "/messages/1/tool_calls", "a list"),
    "call without function": (
        lambda r: r["messages"][1].update(tool_calls=[{"name": "x"}]), "/messages/1/tool_calls/0/function", "form"
    ),
    "undeclared tool": (
        lambda r: call(r).update(name="set_lamps"),
        "/messages/1/tool_calls/0/function/name",
        "'set_lamps' is not declared in this row; declared: set_lamp",
    ),
    "arguments no object": (
        lambda r: call(r).update(arguments=[1]), "/messages/1/tool_calls/0/function/arguments", "an object"
    ),
    "argument of a wrong type": (
        lambda r: call(r)["arguments"].update(level="3"),
        "/messages/1/tool_calls/0/function/arguments/level",
        "'3' is not of type 'integer'",
    ),
    "argument missing": (
        lambda r: call(r)["arguments"].pop("room"),
        "/messages/1/tool_calls/0/function/arguments",
        "'room' is a required property",
    ),
    "argument not declared": (
        lambda r: call(r)["arguments"].update(colour="red"),
        "/messages/1/tool_calls/0/function/arguments/colour",
        "not declared",
    ),
    "control token in a text": (
        lambda r: r["messages"][0].update(content="a <escape> b"), "", "control token <escape>"
    ),
    "half a surrogate pair": (lambda r: r["messages"][0].update(content="\ud800"), "", "surrogate"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "pointer", "problem"), FAULTS.values(), ids=FAULTS.keys())
def test_a_faulty_row_is_told_by_line_and_pointer(
    change: Callable[[dict[str, Any]], Any], pointer: str, problem: str, tmp_path: Path
) -> None:
    checked = read(tmp_path, [good(), changed(change), good("bar")])
    (fault,) = checked.faults
    assert [row.line for row in checked.rows] == [1, 3]
    assert (fault.line, fault.pointer) == (2, pointer)
    assert any(part in fault.problem for part in problem.split("|"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "a row is a JSON object"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1e999}', "too large"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=["cut off", "list", "key twice", "nan", "infinite", "deep"],
)
def test_a_line_that_is_not_json_is_told_with_the_reason(text: str, reason: str, tmp_path: Path) -> None:
    (fault,) = read(tmp_path, [good(), text]).faults
    assert fault.line == 2
    assert reason in fault.problem


def test_bytes_that_are_not_utf8_are_a_fault_of_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(good()).encode() + b'\n{"a": "\xff"}\n')
    assert [(fault.line, fault.problem) for fault in read_rows(path, FORM).faults] == [
        (2, "this is not JSON: not UTF-8 at byte 7")
    ]


def test_line_separators_inside_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(good("a\u2028b"), ensure_ascii=False) + "\n", encoding="utf-8")
    assert [row.line for row in read_rows(path, FORM).rows] == [1]


@pytest.mark.parametrize("content", [None, "", "\n\n"], ids=["missing", "empty", "blank"])
def test_a_file_without_rows_is_a_user_error(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"rows\.jsonl"):
        read_rows(path, FORM)


def test_ten_faults_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    checked = read(tmp_path, [good(), *["{"] * 13])
    with pytest.raises(UserError) as caught:
        accept(tmp_path / "rows.jsonl", checked, skip=False, say=pytest.fail)
    text = str(caught.value)
    assert "13 rows cannot be trained on" in text
    assert [f"rows.jsonl:{line}:" in text for line in (2, 11, 12)] == [True, True, False]
    assert "and 3 more" in text
    assert "--skip-bad-rows" in text


def test_bad_rows_can_be_left_out_and_are_listed(tmp_path: Path) -> None:
    said: list[str] = []
    rows = accept(tmp_path / "rows.jsonl", read(tmp_path, ["{", good()]), skip=True, say=said.append)
    assert [row.line for row in rows] == [2]
    assert "left out 1 row" in said[0]
    assert "rows.jsonl:1: this is not JSON" in said[0]


def test_leaving_out_every_row_is_a_user_error() -> None:
    with pytest.raises(UserError, match="no row can be trained on"):
        accept(Path("rows.jsonl"), Checked((), (Fault(1, "", "bad"),)), skip=True, say=pytest.fail)


def test_rows_without_tools_take_them_from_the_catalog(tmp_path: Path) -> None:
    row = good()
    tools = row.pop("tools")
    (kept,) = read(tmp_path, [row], catalog=tools).rows
    assert list(kept.tools) == tools


def test_trusted_calls_may_break_their_schema_but_not_their_form(tmp_path: Path) -> None:
    undeclared = changed(lambda r: call(r).update(name="other"))
    formless = changed(lambda r: call(r).update(arguments="[]"))
    checked = read(tmp_path, [undeclared, formless], trust_calls=True)
    assert ([row.line for row in checked.rows], [fault.line for fault in checked.faults]) == ([1], [2])


def test_seedcores_rows_become_conversations_with_values_of_their_own_types() -> None:
    checked = read_rows(SAMPLE, FORM, TUYA)
    assert checked.faults == ()
    first, second, *_ = (row.messages[1]["tool_calls"][0]["function"]["arguments"] for row in checked.rows)
    assert first == {"device_id": "light_001", "commands": [{"code": "switch_led", "value": True}]}
    assert second["commands"][0]["value"] == 1000
    assert checked.rows[0].messages[0] == {"role": "user", "content": "Turn on the living room light."}


@pytest.mark.parametrize(
    ("key", "value", "pointer", "problem"),
    [
        ("tool_name", "tuya.send", "/tool_name", "'tuya.send' is not declared"),
        ("tool_arguments", "{", "/tool_arguments", "this is not JSON"),
        ("tool_arguments", "[]", "/tool_arguments", "must be a JSON object"),
        (
            "tool_arguments",
            '{"device_id": "a", "commands": [{"code": "x"}]}',
            "/tool_arguments/commands/0",
            "'value' is a required property",
        ),
        ("user_content", 3, "/user_content", "must be a text"),
    ],
    ids=["tool", "not JSON", "list", "schema", "content"],
)
def test_a_faulty_seedcore_row_is_told_by_its_own_keys(
    key: str, value: Any, pointer: str, problem: str, tmp_path: Path
) -> None:
    row = json.loads(SAMPLE.read_text(encoding="utf-8").splitlines()[0]) | {key: value}
    (fault,) = read(tmp_path, [row], catalog=TUYA).faults
    assert fault.pointer == pointer
    assert problem in fault.problem


def test_seedcores_rows_need_a_catalog() -> None:
    assert "--tools tuya" in read_rows(SAMPLE, FORM).faults[0].problem


def test_the_digest_is_of_content_and_order_not_of_spelling(tmp_path: Path) -> None:
    a, b = good(level=3), good("bar")
    respelt = json.dumps({"tools": a["tools"], "messages": a["messages"]}, indent=None, separators=(" ,", " : "))
    same = [digest(read(tmp_path, rows).rows) for rows in ([a, b], [respelt, "", b])]
    assert same[0] == same[1]
    assert digest(read(tmp_path, [b, a]).rows) != same[0]
    assert digest(read(tmp_path, [good(level=4), b]).rows) != same[0]
