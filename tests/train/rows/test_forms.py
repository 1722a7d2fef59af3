"""Rows in the forms that people have are read as the same conversation, and it is told what was converted."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from fixtures.rows.registry import FORMS
from tests.train.rows.samples import READ, TOOLS, openai, own, read, sharegpt, two_calls


def plain(messages: Any) -> list[Any]:
    """Messages without ids, and without content that says nothing."""
    kept = []
    for message in messages:
        calls = message.get("tool_calls", [])
        mine = {k: v for k, v in message.items() if k not in ("tool_call_id", "tool_calls") and v != ""}
        mine |= {"tool_calls": [call["function"] for call in calls]} if calls else {}
        kept.append(mine)
    return kept


@pytest.mark.parametrize(("row", "form", "messages"), READ.values(), ids=READ.keys())
def test_a_row_is_known_by_its_keys_and_read_as_the_conversation_that_it_is(
    row: Any, form: str, messages: list[Any], tmp_path: Path
) -> None:
    checked = read(tmp_path, row)
    assert [fault.text for fault in checked.faults] == []
    assert plain(checked.rows[0].messages) == plain(messages)
    assert list(checked.rows[0].tools) == TOOLS
    assert [(seen.form, seen.rows) for seen in checked.forms] == [(form, 1)]


@pytest.mark.parametrize("row", [row for row, _, _ in READ.values()], ids=READ.keys())
def test_nulls_for_the_keys_of_other_rows_change_nothing(row: Any, tmp_path: Path) -> None:
    padded = copy.deepcopy(row) | {key: None for form in FORMS for key in form.keys if key not in row}
    for key in ("messages", "prompt", "completion", "conversations"):
        for entry in padded.get(key) or ():
            entry |= {"name": entry.get("name"), "weight": entry.get("weight")}
    (whole,), (same,) = read(tmp_path, row).rows, read(tmp_path, padded).rows
    assert same.canonical() == whole.canonical()


def test_what_was_converted_is_told_with_the_number_of_rows(tmp_path: Path) -> None:
    texts = [seen.text for seen in read(tmp_path, openai(), openai(), sharegpt()).forms]
    assert texts[0] == (
        "OpenAI fine-tuning: 2 rows; nulls read as absent, arguments as JSON text, tool named by tool_call_id"
    )
    assert texts[1].startswith("ShareGPT: 1 row; ")


def test_results_follow_their_calls_by_id(tmp_path: Path) -> None:
    results = [{"role": "tool", "tool_call_id": name, "content": name} for name in ("bar", "study")]
    (row,) = read(tmp_path, two_calls(*results)).rows
    assert [m["content"] for m in row.messages if m["role"] == "tool"] == ["study", "bar"]


def test_nulls_in_arguments_go_unless_the_schema_allows_them(tmp_path: Path) -> None:
    row = {"messages": own(), "tools": TOOLS}
    arguments = row["messages"][1]["tool_calls"][0]["function"]["arguments"]
    arguments |= {"share": None, "by": None, "of_another_tool": None}
    (kept,) = read(tmp_path, row).rows
    assert kept.messages[1]["tool_calls"][0]["function"]["arguments"] == {"room": "study", "by": None}


def test_system_and_developer_and_an_opening_greeting_are_read(tmp_path: Path) -> None:
    opening = [{"role": role, "content": "Be brief."} for role in ("system", "developer", "assistant")]
    (row,) = read(tmp_path, {"messages": [*opening, *own()], "tools": TOOLS}).rows
    assert [m["role"] for m in row.messages] == ["system", "developer", "assistant", "user", "assistant"]


TAGGED = {
    "Python literals": "<tool_call>\n{'name': 'open_blind', 'arguments': {'room': 'study'}}\n</tool_call>",
    "a list": '<TOOLCALL>[{"name": "open_blind", "arguments": {"room": "study"}}]</TOOLCALL>',
    "text before": 'At once.\n<tool_call>{"name": "open_blind", "arguments": {"room": "study"}}</tool_call>',
}


@pytest.mark.parametrize("text", TAGGED.values(), ids=TAGGED.keys())
def test_calls_between_tags_are_calls_however_they_are_spelt(text: str, tmp_path: Path) -> None:
    row = {"messages": [*own()[:1], {"role": "assistant", "content": text}], "tools": TOOLS}
    (read_row,) = read(tmp_path, row).rows
    answer = read_row.messages[-1]
    assert [call["function"] for call in answer["tool_calls"]] == [own()[1]["tool_calls"][0]["function"]]
    assert answer["content"] == ("At once." if text.startswith("At") else "")


def test_glaives_rows_without_functions_declare_none(tmp_path: Path) -> None:
    row = {"system": "SYSTEM: You help.", "chat": "USER: Hi\n\n\nASSISTANT: Hello. <|endoftext|>"}
    (read_row,) = read(tmp_path, row).rows
    assert (read_row.tools, read_row.messages[-1]["content"]) == ((), "Hello.")
