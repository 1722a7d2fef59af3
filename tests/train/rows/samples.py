"""The same conversation in all forms of rows that are read, and ways to read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fixtures.formats import load_format
from fixtures.types import Tool, ToolCall, assistant, user
from tests.train.making import write
from train.rows.data import Checked, read_rows

FORM = load_format("functiongemma")
OPEN = Tool(
    "open_blind",
    "Open a blind.",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "share": {"type": "number"}, "by": {"type": ["string", "null"]}},
        "required": ["room"],
    },
)
TOOLS = [OPEN.declaration()]
TEXT = json.dumps(TOOLS)
CALL = {"name": "open_blind", "arguments": {"room": "study"}}
ASK, DONE = "Open the blind in the study", "It is open."


def own(*more: Any) -> list[Any]:
    """The conversation of all rows here, in the project's own form."""
    return [user(ASK), assistant([ToolCall("open_blind", {"room": "study"})]), *more]


RESULT = {"role": "tool", "content": '{"ok": true}', "name": "open_blind"}
LONG = own(RESULT, {"role": "assistant", "content": DONE})


def openai(**more: Any) -> dict[str, Any]:
    """A row as OpenAI's fine-tuning has it."""
    function = {"name": "open_blind", "arguments": '{"room": "study"}'}
    calls = [{"id": "call_7", "type": "function", "function": function}]
    said = [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": None, "refusal": None, "annotations": [], "audio": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_7", "content": '{"ok": true}'},
        {"role": "assistant", "content": DONE},
    ]
    return {"messages": said, "tools": TOOLS, "parallel_tool_calls": False, **more}


def legacy() -> dict[str, Any]:
    said = [
        user(ASK),
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "open_blind", "arguments": '{"room": "study"}'},
        },
        {"role": "function", "name": "open_blind", "content": '{"ok": true}'},
        {"role": "assistant", "content": DONE},
    ]
    return {"messages": said, "functions": [TOOLS[0]["function"]]}


def sharegpt(**more: Any) -> dict[str, Any]:
    said = [("human", ASK), ("function_call", json.dumps(CALL)), ("observation", '{"ok": true}'), ("gpt", DONE)]
    return {"conversations": [{"from": who, "value": text} for who, text in said], "tools": TEXT, **more}


def hermes() -> dict[str, Any]:
    told = (
        "You help. You are given functions within <tools></tools> tags: <tools>\n" + json.dumps(TOOLS[0]) + "\n</tools>"
        " Answer with <tool_call>\n{...}\n</tool_call>"
    )
    return {
        "messages": [
            {"role": "system", "content": told},
            user(ASK),
            {"role": "assistant", "content": f"<tool_call>\n{json.dumps(CALL)}\n</tool_call>"},
            {"role": "tool", "content": '<tool_response>\n{"ok": true}\n</tool_response>'},
            {"role": "assistant", "content": DONE},
        ]
    }


def glaive() -> dict[str, Any]:
    chat = (
        f"USER: {ASK}\n\n\nASSISTANT: <functioncall> "
        """{"name": "open_blind", "arguments": '{"room": "study"}'} <|endoftext|>\n\n\n"""
        f'FUNCTION RESPONSE: {{"ok": true}}\n\n\nASSISTANT: {DONE} <|endoftext|>\n\n\n'
    )
    return {"system": f"SYSTEM: You help. -\n{json.dumps(TOOLS[0]['function'])}", "chat": chat}


def swift() -> dict[str, Any]:
    said = [
        user(ASK),
        {"role": "tool_call", "content": json.dumps(CALL)},
        {"role": "tool_response", "content": '{"ok": true}'},
        {"role": "assistant", "content": DONE},
    ]
    return {"messages": said, "tools": TEXT}


READ: dict[str, tuple[Any, str, list[Any]]] = {
    "own": ({"messages": LONG, "tools": TOOLS}, "messages and tools", LONG),
    "OpenAI": (openai(), "OpenAI fine-tuning", LONG),
    "functions of old": (legacy(), "OpenAI functions", LONG),
    "ShareGPT": (sharegpt(), "ShareGPT", LONG),
    "ms-swift": (swift(), "ms-swift", LONG),
    "Hermes": (hermes(), "Hermes", [{"role": "system", "content": "You help."}, *LONG]),
    "Glaive": (glaive(), "Glaive", [{"role": "system", "content": "You help. -"}, *LONG]),
    "xLAM": (
        {"id": 1, "query": ASK, "answers": json.dumps([CALL]), "tools": json.dumps([TOOLS[0]["function"]])},
        "xLAM",
        own(),
    ),
    "prompt and completion": (
        {
            "prompt": [user("Hi"), {"role": "assistant", "content": "Hello."}, user(ASK)],
            "completion": own()[1:],
            "tools": TOOLS,
        },
        "TRL prompt-completion",
        [user("Hi"), {"role": "assistant", "content": "Hello.", "weight": 0}, *own()],
    ),
    "pair with a prompt": (
        {"prompt": own()[:1], "chosen": own()[1:], "rejected": [assistant(text="No.")], "tools": TOOLS},
        "preference pairs",
        own(),
    ),
    "pair with the prompt within": (
        {"chosen": own(), "rejected": [*own()[:1], assistant(text="No.")], "tools": TOOLS},
        "TRL preference, prompt within",
        own(),
    ),
    "ShareGPT pair": (
        {
            "conversations": [{"from": "human", "value": ASK}],
            "chosen": {"from": "function_call", "value": json.dumps(CALL)},
            "rejected": {"from": "gpt", "value": "No."},
            "tools": TEXT,
        },
        "LLaMA-Factory preference",
        own(),
    ),
    "Alpaca": (
        {
            "instruction": "Sing",
            "input": "loudly",
            "output": "No tool sings.",
            "history": [["Hi", "Hello."]],
            "tools": TEXT,
        },
        "Alpaca",
        [user("Hi"), assistant(text="Hello."), user("Sing\nloudly"), assistant(text="No tool sings.")],
    ),
    "When2Call": (
        {
            "question": ASK,
            "correct_answer": "tool_call",
            "answers": {"direct": "No.", "tool_call": json.dumps(CALL)},
            "tools": [json.dumps(TOOLS[0]["function"])],
        },
        "When2Call",
        own(),
    ),
}


def two_calls(*results: Any) -> dict[str, Any]:
    calls = [
        {"id": name, "type": "function", "function": {"name": "open_blind", "arguments": {"room": name}}}
        for name in ("study", "bar")
    ]
    return {
        "messages": [user(ASK), {"role": "assistant", "tool_calls": calls}, *results, assistant(text=DONE)],
        "tools": TOOLS,
    }


def read(tmp_path: Path, *rows: Any, **options: Any) -> Checked:
    return read_rows(write(tmp_path / "rows.jsonl", rows), FORM, **options)
