"""What a form leaves open is refused by line, with the reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.types import user
from tests.train.rows.samples import ASK, CALL, TEXT, TOOLS, glaive, hermes, openai, own, read, sharegpt, two_calls


def at(change: Callable[[dict[str, Any]], Any], row: dict[str, Any] | None = None) -> dict[str, Any]:
    """A row after a change; OpenAI's, unless another is given."""
    changed = copy.deepcopy(row or openai())
    change(changed)
    return changed


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no form": ({"text": "hi"}, "", "the keys of another form"),
    "two forms": (openai() | sharegpt(), "", "in two forms, by its `messages` and `conversations`"),
    "arguments no object": (
        at(lambda r: r["messages"][1]["tool_calls"][0]["function"].update(arguments="[1]")),
        "/messages/1/tool_calls/0/function/arguments",
        "must be a JSON object",
    ),
    "arguments broken": (
        at(lambda r: r["messages"][1]["tool_calls"][0]["function"].update(arguments="{")),
        "/messages/1/tool_calls/0/function/arguments",
        "this is not JSON",
    ),
    "key of a call": (
        at(lambda r: r["messages"][1]["tool_calls"][0].update(parsed={})),
        "/messages/1/tool_calls/0/parsed",
        "no such key",
    ),
    "custom call": (
        at(lambda r: r["messages"][1]["tool_calls"][0].update(type="custom")),
        "/messages/1/tool_calls/0/type",
        "only functions",
    ),
    "id of no call": (
        at(lambda r: r["messages"][2].update(tool_call_id="x")),
        "/messages/2/tool_call_id",
        "has the id 'x'",
    ),
    "name of another call": (
        at(lambda r: r["messages"][2].update(name="y")),
        "/messages/2/name",
        "is of 'open_blind', not of 'y'",
    ),
    "a picture": (
        at(lambda r: r["messages"][0].update(content=[{"type": "image_url", "image_url": {}}])),
        "/messages/0/content/0",
        "'image_url' cannot be read",
    ),
    "pictures": (openai(images=["a.png"]), "/images", "pictures cannot be read"),
    "refusal": (at(lambda r: r["messages"][3].update(refusal="No.")), "/messages/3/refusal", "put it into `content`"),
    "reasoning": (
        at(lambda r: r["messages"][3].update(reasoning_content="Hm.")),
        "/messages/3/reasoning_content",
        "not told",
    ),
    "thinking in the text": (
        at(lambda r: r["messages"][3].update(content="<think>Hm.</think> Done")),
        "/messages/3/content",
        "<think>",
    ),
    "call of another model": (
        at(lambda r: r["messages"][3].update(content="[TOOL_CALLS]x{}")),
        "/messages/3/content",
        "another model's notation",
    ),
    "call as bare JSON": (
        at(lambda r: r["messages"][3].update(content=json.dumps(CALL))),
        "/messages/3/content",
        "is a call of a declared tool",
    ),
    "call not closed": (
        at(lambda r: r["messages"][2].update(content=f"<tool_call>{json.dumps(CALL)}"), hermes()),
        "/messages/2/content",
        "not closed",
    ),
    "tools and functions": (openai(functions=[]), "/functions", "keep one"),
    "one result for two calls": (two_calls({"role": "tool", "content": "ok"}), "/messages/2", "must name its tool"),
    "plain prompt": ({"prompt": "Hi", "completion": "Ho"}, "/prompt", "plain text"),
    "judged answers": ({"prompt": own()[:1], "completion": own()[1:], "label": True}, "/label", "KTO"),
    "answers that do not begin alike": (
        {"chosen": own(), "rejected": own()[1:], "tools": TOOLS},
        "/chosen",
        "do not begin alike",
    ),
    "one side only": (sharegpt(chosen={"from": "gpt", "value": "Yes"}), "/chosen", "both `chosen` and `rejected`"),
    "unknown speaker": (
        at(lambda r: r["conversations"][0].update({"from": "bot"}), sharegpt()),
        "/conversations/0/from",
        "'bot'",
    ),
    "unknown key of an entry": (
        at(lambda r: r["conversations"][0].update(train=1), sharegpt()),
        "/conversations/0/train",
        "no such key",
    ),
    "xLAM without a call": (
        {"query": ASK, "answers": "[]", "tools": TEXT},
        "/answers",
        "what is said instead is not told",
    ),
    "Glaive without a speaker": (glaive() | {"chat": "Hi"}, "/chat", "does not begin with USER:"),
    "schema of a call in a text": (
        at(lambda r: r["conversations"][1].update(value='{"name": "open_blind", "arguments": {}}'), sharegpt()),
        "/conversations/1/value",
        "'room' is a required property",
    ),
    "rejected user": (
        {"prompt": own()[:1], "chosen": own()[1:], "rejected": [user("x")], "tools": TOOLS},
        "/rejected/0",
        "an assistant's message",
    ),
}


@pytest.mark.parametrize(("row", "pointer", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_form_leaves_open_is_refused_by_line_with_the_reason(
    row: Any, pointer: str, problem: str, tmp_path: Path
) -> None:
    checked = read(tmp_path, {"messages": own(), "tools": TOOLS}, row)
    (fault,) = checked.faults
    assert (fault.line, fault.pointer) == (2, pointer)
    assert problem in fault.problem


def test_a_fault_is_one_plain_line_whatever_the_row_holds(tmp_path: Path) -> None:
    key = "\x1b[31m\n=== passed ==="
    (fault,) = read(tmp_path, at(lambda r: r["messages"][0].update({key: "x" * 9000}))).faults
    assert fault.text.isprintable()
    (fault,) = read(tmp_path, {"k" * 9000: 1}).faults
    assert len(fault.text) < 700
