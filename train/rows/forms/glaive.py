"""Glaive's rows: the tools in the `system` text, the conversation in the `chat` text, calls behind `<functioncall>`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.types import ToolCall
from train.rows.forms.draft import Draft, Said, calls_of, json_at, object_of, refuse, text_at

KEYS = ("system", "chat")
_SPEAKER = re.compile(r"(?:^|\n)\s*(USER|ASSISTANT|FUNCTION RESPONSE):[ \t]*")
_ROLES = {"USER": "user", "ASSISTANT": "assistant", "FUNCTION RESPONSE": "tool"}
_CALL, _END = "<functioncall>", "<|endoftext|>"
_QUOTED = re.compile(r"""\{\s*"name":\s*("(?:[^"\\]|\\.)*"),\s*"arguments":\s*'(.*)'\s*\}""", re.DOTALL)
"""A call as Glaive writes it: the arguments are JSON between single quotes, which JSON itself does not know."""


def read(row: Mapping[str, Any]) -> Draft:
    """A row of `system` and `chat`."""
    draft = Draft("Glaive", [], used=KEYS)
    draft.tools = _system(row, draft)
    chat = text_at(row, "chat")
    marks = list(_SPEAKER.finditer(chat))
    if not marks or chat[: marks[0].start()].strip():
        refuse("/chat", "the chat does not begin with USER:, ASSISTANT: or FUNCTION RESPONSE:")
    ends = [mark.start() for mark in marks[1:]] + [len(chat)]
    for mark, end in zip(marks, ends, strict=True):
        text = chat[mark.end() : end].strip().removesuffix(_END).strip()
        draft.said.append(Said(_message(_ROLES[mark.group(1)], text, draft), "/chat", inner=False))
    draft.note("messages from the chat text")
    return draft


def _system(row: Mapping[str, Any], draft: Draft) -> list[Any]:
    """The declarations behind the system's text, one JSON object after the other; none if it has none."""
    text = str(row.get("system") or "").removeprefix("SYSTEM:").strip()
    at = text.find("{")
    said, declared = (text, "") if at < 0 else (text[:at].strip(), text[at:])
    if said:
        draft.said.append(Said({"role": "system", "content": said}, "/system", inner=False))
    tools: list[Any] = []
    decoder, at = json.JSONDecoder(), 0
    while at < len(declared):
        try:
            _, end = decoder.raw_decode(declared, at)
        except (ValueError, RecursionError):
            refuse("/system", f"tool {len(tools) + 1} in the system text is not JSON")
        tools.append(json_at(declared[at:end], "/system"))
        at = end + len(declared[end:]) - len(declared[end:].lstrip())
    if tools:
        draft.note("tools from the system prompt")
    return tools


def _message(role: str, text: str, draft: Draft) -> dict[str, Any]:
    if role != "assistant" or _CALL not in text:
        return {"role": role, "content": text}
    before, _, call = text.partition(_CALL)
    draft.note("calls from tags in the text")
    found = parse_strictly(call.strip())
    if not isinstance(found, NotJson):
        return {"role": role, "content": before.strip(), "tool_calls": calls_of(found, "/chat", draft)}
    quoted = _QUOTED.fullmatch(call.strip())
    if quoted is None:
        refuse("/chat", f"a call is not closed or not JSON: {call.strip()[:60]}")
    name = json_at(quoted.group(1), "/chat")
    arguments = object_of(quoted.group(2).replace("\\'", "'"), "/chat", draft)
    return {"role": role, "content": before.strip(), "tool_calls": [ToolCall(name, arguments).as_message()]}
